package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// The file that `up` hands down for the steps to be told through.
const stepsFile = 3

var componentNames = []string{
	"etcd", "containerd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "policies",
}

// supervisor starts the components, in the cluster's namespaces, and serves the commands outside.
type supervisor struct {
	c          *cluster
	components map[string]*component
	client     *kubernetes.Clientset
	restarting sync.Mutex // one restart of the node at a time
}

func (c *cluster) client(user string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.path("pki", user+".kubeconfig"))
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func runSupervisor(c *cluster) error {
	client, err := c.client("admin")
	if err != nil {
		return err
	}
	s := &supervisor{c: c, components: map[string]*component{}, client: client}
	for _, name := range componentNames {
		s.components[name] = &component{name: name, command: c.command(name), log: c.log(name)}
	}
	// `up` and `exec` find the namespaces by whoever listens there.
	listener, err := net.Listen("unix", c.socket())
	if err != nil {
		return err
	}
	out := os.NewFile(stepsFile, "steps")
	if !tell(out, s.startAll) {
		return errors.New("the start failed")
	}
	if err := out.Close(); err != nil {
		return err
	}
	return http.Serve(listener, s.handler())
}

func (s *supervisor) start(st *steps, names ...string) error {
	for _, name := range names {
		if err := s.components[name].start(st.failed); err != nil {
			return err
		}
	}
	return nil
}

// startAll starts what each part needs before it.
func (s *supervisor) startAll(st *steps) error {
	begin := time.Now()
	phases := []struct {
		start []string
		name  string
		ready func(context.Context) error
	}{
		{[]string{"etcd", "containerd"}, "etcd", s.etcdReady},
		{[]string{"kube-apiserver"}, "containerd, and the image of pause", s.importPause},
		{nil, "kube-apiserver", s.apiReady},
		{[]string{"kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy"}, "add-ons applied", s.applyAddons},
		// Not before it has the right to read what it enforces.
		{[]string{"policies"}, "node", func(ctx context.Context) error { return s.nodeReady(ctx, begin) }},
		{nil, "service accounts", s.accountsReady},
		{nil, "coredns", s.addonReady("coredns")},
		{nil, "local-path", s.addonReady("local-path")},
		{nil, "metrics-server", s.addonReady("metrics-server")},
	}
	for _, phase := range phases {
		if err := s.start(st, phase.start...); err != nil {
			return err
		}
		if err := st.do(phase.name, phase.ready); err != nil {
			return err
		}
	}
	return nil
}

func (s *supervisor) etcdReady(ctx context.Context) error {
	return wait(ctx, func(context.Context) error {
		response, err := http.Get("http://127.0.0.1:2379/health")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("etcd answers %s", response.Status)
		}
		return nil
	})
}

func (s *supervisor) importPause(ctx context.Context) error {
	program, err := os.ReadFile(s.c.path("bin", "pause"))
	if err != nil {
		return err
	}
	archive := s.c.path("pause.tar")
	if err := writeImage(archive, pauseImage, program, "pause", "setup", "teardown"); err != nil {
		return err
	}
	defer os.Remove(archive)
	if err := wait(ctx, func(ctx context.Context) error { return run(ctx, "ctr", "version") }); err != nil {
		return err
	}
	return run(ctx, "ctr", "--namespace", "k8s.io", "images", "import", archive)
}

func (s *supervisor) apiReady(ctx context.Context) error {
	return wait(ctx, func(ctx context.Context) error {
		return s.client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

func (s *supervisor) applyAddons(ctx context.Context) error {
	return run(ctx, s.c.path("bin", "kubectl"), "--kubeconfig", s.c.kubeconfig(), "apply", "--server-side", "-f", s.c.path("addons"))
}

// nodeReady waits until the kubelet has said so after the given time: what it said before it was
// stopped stands for some 40 s.
func (s *supervisor) nodeReady(ctx context.Context, after time.Time) error {
	return wait(ctx, func(ctx context.Context) error {
		node, err := s.client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
			// The API keeps whole seconds.
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue && !c.LastHeartbeatTime.Time.Before(after.Truncate(time.Second))
		}) {
			return nil
		}
		return errors.New("the kubelet has not said yet that it is ready")
	})
}

// accountsReady waits for what no pod is admitted without.
func (s *supervisor) accountsReady(ctx context.Context) error {
	return wait(ctx, func(ctx context.Context) error {
		_, err := s.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (s *supervisor) addonReady(name string) func(context.Context) error {
	return func(ctx context.Context) error {
		return wait(ctx, func(ctx context.Context) error {
			deployment, err := s.client.AppsV1().Deployments("kube-system").Get(ctx, name, metav1.GetOptions{})
			if err == nil && deployment.Status.AvailableReplicas == 0 {
				err = errors.New("its pod is not ready")
			}
			return err
		})
	}
}

func (s *supervisor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		var all []componentStatus
		for _, name := range componentNames {
			all = append(all, s.components[name].status())
		}
		_ = json.NewEncoder(w).Encode(all)
	})
	mux.HandleFunc("POST /restart-node", func(w http.ResponseWriter, _ *http.Request) {
		s.restarting.Lock()
		defer s.restarting.Unlock()
		tell(flushed{w}, s.restartNode)
	})
	mux.HandleFunc("GET /pids", func(w http.ResponseWriter, r *http.Request) {
		pids, err := s.pids(r.Context(), r.FormValue("namespace"), r.FormValue("pod"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, strings.Join(pids, "\n"))
	})
	return mux
}

// flushed lets each step be seen when it is done.
type flushed struct{ http.ResponseWriter }

func (f flushed) Write(line []byte) (int, error) {
	n, err := f.ResponseWriter.Write(line)
	f.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

// pids are the processes of a pod's containers, as numbered in the cluster's process namespace,
// without the one that only holds the pod's namespaces.
func (s *supervisor) pids(ctx context.Context, namespace, name string) ([]string, error) {
	pod, err := s.client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	folders, err := s.c.cgroupFolders("kubepods")
	if err != nil {
		return nil, err
	}
	var pids []string
	for _, status := range pod.Status.ContainerStatuses {
		_, id, _ := strings.Cut(status.ContainerID, "://")
		for _, folder := range folders {
			if id != "" && strings.Contains(folder, id) {
				pids = append(pids, processes(folder)...)
			}
		}
	}
	slices.Sort(pids)
	pids = slices.Compact(pids)
	if len(pids) == 0 {
		return nil, fmt.Errorf("pod %s in namespace %s has no running container", name, namespace)
	}
	return pids, nil
}
