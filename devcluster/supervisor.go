package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// The file that `up` hands down for the steps to be told through.
	stepsFile = 3
	// What one step may take before it is called failed; far above what a slow machine needs.
	stepTimeout = 3 * time.Minute
	poll        = 50 * time.Millisecond
)

var componentNames = []string{
	"etcd", "containerd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "policies",
}

// step is what `up` and `restart-node` show: a line for each thing done, then an error or the end.
type step struct {
	Name      string  `json:"name,omitempty"`
	Seconds   float64 `json:"seconds"`
	Error     string  `json:"error,omitempty"`
	Component string  `json:"component,omitempty"`
	Done      bool    `json:"done,omitempty"`
}

// componentError says whose log tells more.
type componentError struct {
	component string
	err       error
}

func (e componentError) Error() string { return fmt.Sprintf("%s: %v", e.component, e.err) }

type component struct {
	name     string
	command  []string
	log      string
	mu       sync.Mutex
	process  *os.Process
	started  time.Time
	restarts int
	stopping bool
	ended    chan struct{}
}

// start runs the component until stop, and starts it again whenever it ends by itself.
func (p *component) start(failed func(componentError)) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.stopping = false
	p.ended = make(chan struct{})
	p.mu.Unlock()
	go func() {
		defer log.Close()
		defer close(p.ended)
		for {
			command := exec.Command(p.command[0], p.command[1:]...)
			command.Stdout, command.Stderr = log, log
			p.mu.Lock()
			if p.stopping {
				p.mu.Unlock()
				return
			}
			err := command.Start()
			p.process, p.started = command.Process, time.Now()
			p.mu.Unlock()
			if err == nil {
				err = command.Wait()
			}
			p.mu.Lock()
			stopping := p.stopping
			p.process = nil
			p.mu.Unlock()
			if stopping {
				return
			}
			if err == nil {
				err = errors.New("it ended by itself")
			}
			fmt.Fprintf(log, "--- %v; starting again in a second\n", err)
			failed(componentError{p.name, err})
			time.Sleep(time.Second)
			p.mu.Lock()
			p.restarts++
			p.mu.Unlock()
		}
	}()
	return nil
}

func (p *component) stop() {
	p.mu.Lock()
	p.stopping = true
	process, ended := p.process, p.ended
	if process != nil {
		_ = process.Signal(syscall.SIGTERM)
	}
	p.mu.Unlock()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		if process != nil {
			_ = process.Kill()
		}
		<-ended
	}
}

type supervisor struct {
	c          *cluster
	components map[string]*component
	client     *kubernetes.Clientset
	// The node restarts one at a time.
	restarting sync.Mutex
}

func runSupervisor(c *cluster) error {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig())
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	s := &supervisor{c: c, components: map[string]*component{}, client: client}
	for _, name := range componentNames {
		s.components[name] = &component{name: name, command: c.command(name), log: c.log(name)}
	}
	listener, err := net.Listen("unix", c.socket())
	if err != nil {
		return err
	}
	out := os.NewFile(stepsFile, "steps")
	if !s.tell(out, s.startAll) {
		return errors.New("the start failed")
	}
	if err := out.Close(); err != nil {
		return err
	}
	return http.Serve(listener, s.handler())
}

// tell writes the steps of work as lines of JSON, and whether it succeeded.
func (s *supervisor) tell(out io.Writer, work func(context.Context, func(string, func(context.Context) error) error, func(componentError)) error) bool {
	// The end of a component during the work is the reason why some step would wait for ever.
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var mu sync.Mutex
	lines := json.NewEncoder(out)
	do := func(name string, run func(context.Context) error) error {
		begin := time.Now()
		stepContext, stop := context.WithTimeoutCause(ctx, stepTimeout, fmt.Errorf("%s took more than %v", name, stepTimeout))
		defer stop()
		err := run(stepContext)
		if err != nil {
			if cause := context.Cause(stepContext); cause != nil {
				err = cause
			}
			return fmt.Errorf("%s: %w", name, err)
		}
		mu.Lock()
		defer mu.Unlock()
		return lines.Encode(step{Name: name, Seconds: time.Since(begin).Seconds()})
	}
	err := work(ctx, do, func(e componentError) { cancel(e) })
	if err != nil {
		last := step{Error: err.Error()}
		var of componentError
		if errors.As(err, &of) {
			last.Component = of.component
		}
		_ = lines.Encode(last)
		return false
	}
	return lines.Encode(step{Done: true}) == nil
}

// wait polls until ready has no complaint, and reports the last one when time is over.
func wait(ctx context.Context, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(poll):
		}
	}
}

func run(ctx context.Context, name string, arguments ...string) error {
	output, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(string(output)))
	}
	return nil
}

func (s *supervisor) startAll(ctx context.Context, do func(string, func(context.Context) error) error, failed func(componentError)) error {
	begin := time.Now()
	start := func(names ...string) error {
		for _, name := range names {
			if err := s.components[name].start(failed); err != nil {
				return err
			}
		}
		return nil
	}
	if err := start("etcd", "containerd"); err != nil {
		return err
	}
	if err := do("etcd", func(ctx context.Context) error {
		return wait(ctx, func(context.Context) error { return probe("http://127.0.0.1:2379/health") })
	}); err != nil {
		return err
	}
	if err := start("kube-apiserver"); err != nil {
		return err
	}
	if err := do("containerd, and the image of pause", s.importPause); err != nil {
		return err
	}
	if err := do("kube-apiserver", func(ctx context.Context) error {
		return wait(ctx, func(ctx context.Context) error {
			return s.client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		})
	}); err != nil {
		return err
	}
	if err := start("kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy"); err != nil {
		return err
	}
	if err := do("add-ons applied", func(ctx context.Context) error {
		return run(ctx, s.c.path("bin", "kubectl"), "--kubeconfig", s.c.kubeconfig(), "apply", "--server-side", "-f", s.c.path("addons"))
	}); err != nil {
		return err
	}
	// Not before it has the right to read what it enforces.
	if err := start("policies"); err != nil {
		return err
	}
	if err := do("node", func(ctx context.Context) error { return s.nodeReady(ctx, begin) }); err != nil {
		return err
	}
	if err := do("service accounts", func(ctx context.Context) error {
		return wait(ctx, func(ctx context.Context) error {
			_, err := s.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
			return err
		})
	}); err != nil {
		return err
	}
	for _, addon := range []string{"coredns", "local-path", "metrics-server"} {
		if err := do(addon, func(ctx context.Context) error { return s.deploymentReady(ctx, addon) }); err != nil {
			return err
		}
	}
	return nil
}

func probe(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

func (s *supervisor) importPause(ctx context.Context) error {
	program, err := os.ReadFile(s.c.path("bin", "pause"))
	if err != nil {
		return err
	}
	archive := s.c.path("pause.tar")
	file, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer os.Remove(archive)
	if err := writeImage(file, pauseImage, program, "pause", "setup", "teardown"); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := wait(ctx, func(ctx context.Context) error { return run(ctx, "ctr", "version") }); err != nil {
		return err
	}
	return run(ctx, "ctr", "--namespace", "k8s.io", "images", "import", archive)
}

// nodeReady waits until the kubelet has said so after the given time: what it said before it was
// stopped stands for some 40 s.
func (s *supervisor) nodeReady(ctx context.Context, after time.Time) error {
	return wait(ctx, func(ctx context.Context) error {
		node, err := s.client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue &&
				!condition.LastHeartbeatTime.Time.Before(after.Truncate(time.Second)) {
				return nil
			}
		}
		return errors.New("the kubelet has not said yet that it is ready")
	})
}

func (s *supervisor) deploymentReady(ctx context.Context, name string) error {
	return wait(ctx, func(ctx context.Context) error {
		deployment, err := s.client.AppsV1().Deployments("kube-system").Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if deployment.Status.AvailableReplicas == 0 {
			return errors.New("its pod is not ready yet; `kubectl -n kube-system get pods,events` tells more")
		}
		return nil
	})
}
