package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// restartNode does what the loss of power does to a node: kubelet, containerd, kube-proxy and each
// pod's processes end at once, and what lived in memory (mounts, network namespaces, cgroups) is
// gone. The control plane stays, as that of a cluster of many nodes would.
func (s *supervisor) restartNode(st *steps) error {
	begin := time.Now()
	before, err := s.containers(st.ctx)
	if err != nil {
		return err
	}
	parts := []string{"kubelet", "kube-proxy", "containerd"}
	if err := st.do("kubelet, kube-proxy, containerd and all pods stopped", func(context.Context) error {
		for _, name := range parts {
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
	if err := s.start(st, "containerd"); err != nil {
		return err
	}
	if err := st.do("containerd", s.importPause); err != nil {
		return err
	}
	for _, name := range []string{"kubelet", "kube-proxy"} {
		// Containerd answers before it has looked through its containers, and a kubelet that
		// asks meanwhile ends, to be started again in a second, as by systemd.
		if err := s.components[name].start(func(componentError) {}); err != nil {
			return err
		}
	}
	if err := st.do("node", func(ctx context.Context) error { return s.nodeReady(ctx, begin) }); err != nil {
		return err
	}
	// Until then, pods whose processes are gone still call themselves ready.
	return st.do("no pod tells of a container from before", func(ctx context.Context) error {
		return wait(ctx, func(ctx context.Context) error {
			now, err := s.containers(ctx)
			for id, pod := range now {
				if before[id] != "" {
					return fmt.Errorf("%s still does", pod)
				}
			}
			return err
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
		killAll(left)
	}
}

func killAll(pids []string) {
	for _, text := range pids {
		if pid, err := strconv.Atoi(text); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
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
		for _, folder := range []string{"/var/lib/kubelet/", "/run/containerd/", s.c.state + "/"} {
			if strings.HasPrefix(fields[4], folder) {
				_ = syscall.Unmount(fields[4], syscall.MNT_DETACH)
			}
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
