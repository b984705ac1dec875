package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// componentStatus is one line of `status`.
type componentStatus struct {
	Name      string  `json:"name"`
	PID       int     `json:"pid"`
	Seconds   float64 `json:"seconds"`
	Restarts  int     `json:"restarts"`
	MemoryMiB int     `json:"memoryMiB"`
}

// handler is what the supervisor does for the commands outside, over a socket.
func (s *supervisor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(s.status())
	})
	mux.HandleFunc("POST /restart-node", func(w http.ResponseWriter, _ *http.Request) {
		s.restarting.Lock()
		defer s.restarting.Unlock()
		s.tell(flushed{w}, s.restartNode)
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

func (s *supervisor) status() []componentStatus {
	var all []componentStatus
	for _, name := range componentNames {
		p := s.components[name]
		p.mu.Lock()
		line := componentStatus{Name: name, Restarts: p.restarts}
		if p.process != nil {
			line.PID, line.Seconds = p.process.Pid, time.Since(p.started).Seconds()
			line.MemoryMiB = memoryMiB(p.process.Pid)
		}
		p.mu.Unlock()
		all = append(all, line)
	}
	return all
}

func memoryMiB(pid int) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(content), &size, &resident); err != nil {
		return 0
	}
	return resident * os.Getpagesize() >> 20
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
		return nil, fmt.Errorf("pod %s in %s has no running container", name, namespace)
	}
	return pids, nil
}

// restartNode does what the loss of power does to a node: kubelet, containerd, kube-proxy and each
// pod's processes end at once, and what lived in memory (mounts, network namespaces) is gone. The
// control plane stays, as that of a cluster of many nodes would.
func (s *supervisor) restartNode(ctx context.Context, do func(string, func(context.Context) error) error, failed func(componentError)) error {
	begin := time.Now()
	before, err := s.containers(ctx)
	if err != nil {
		return err
	}
	if err := do("kubelet, kube-proxy, containerd and all pods stopped", func(context.Context) error {
		for _, name := range []string{"kubelet", "kube-proxy", "containerd"} {
			s.components[name].stop()
		}
		if err := s.killPods(); err != nil {
			return err
		}
		// A kubelet that finds the old ones waits three seconds for each to tell of itself.
		if err := s.c.removeCgroup("kubepods"); err != nil {
			return err
		}
		return s.forgetMounts()
	}); err != nil {
		return err
	}
	for _, name := range []string{"containerd", "kubelet", "kube-proxy"} {
		if err := s.components[name].start(failed); err != nil {
			return err
		}
	}
	if err := do("node", func(ctx context.Context) error { return s.nodeReady(ctx, begin) }); err != nil {
		return err
	}
	// Until then, pods whose processes are gone still call themselves ready.
	return do("no pod tells of a container from before", func(ctx context.Context) error {
		return wait(ctx, func(ctx context.Context) error {
			now, err := s.containers(ctx)
			if err != nil {
				return err
			}
			for id, pod := range now {
				if before[id] != "" {
					return fmt.Errorf("%s still does", pod)
				}
			}
			return nil
		})
	})
}

// containers maps the containers that the API calls running to their pods.
func (s *supervisor) containers(ctx context.Context) (map[string]string, error) {
	pods, err := s.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	containers := map[string]string{}
	for _, pod := range pods.Items {
		for _, status := range pod.Status.ContainerStatuses {
			if status.State.Running != nil {
				containers[status.ContainerID] = pod.Namespace + "/" + pod.Name
			}
		}
	}
	return containers, nil
}

// killPods ends the processes of all pods and the shims that watch over them.
func (s *supervisor) killPods() error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(poll) {
		var left []string
		folders, err := s.c.cgroupFolders("kubepods")
		if err != nil {
			return err
		}
		for _, folder := range folders {
			left = append(left, processes(folder)...)
		}
		programs, err := filepath.Glob("/proc/[0-9]*/exe")
		if err != nil {
			return err
		}
		for _, program := range programs {
			if target, err := os.Readlink(program); err == nil && strings.HasPrefix(filepath.Base(target), "containerd-shim") {
				left = append(left, filepath.Base(filepath.Dir(program)))
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the processes %v of pods do not end", left)
		}
		for _, text := range left {
			if pid, err := strconv.Atoi(text); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// forgetMounts undoes the mounts of pods, and the files that a boot would find gone.
func (s *supervisor) forgetMounts() error {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	lines := strings.Split(string(content), "\n")
	slices.Reverse(lines)
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if target := fields[4]; strings.HasPrefix(target, "/var/lib/kubelet/") || strings.HasPrefix(target, "/run/containerd/") ||
			strings.HasPrefix(target, s.c.state+"/") {
			_ = syscall.Unmount(target, syscall.MNT_DETACH)
		}
	}
	// The folder itself is a mount point.
	paths, err := filepath.Glob("/run/containerd/*")
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
