package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Kernel settings that the kubelet insists on. They are the whole machine's, so it is shown files
// with its values in their place, in this mount namespace only, and the machine's stay as they are.
var kernelSettings = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// runInit is process 1 of the cluster's own process, mount and network namespaces. When it ends,
// the kernel ends every process in them, and with those go the mounts, interfaces and rules.
func runInit(c *cluster) error {
	if os.Getpid() != 1 {
		return errors.New("init runs as process 1 of a namespace of its own; `up` starts it")
	}
	if err := c.joinCgroup(); err != nil {
		return fmt.Errorf("join the cgroup: %w", err)
	}
	if err := raiseOpenFiles(); err != nil {
		return err
	}
	if err := c.mountAll(); err != nil {
		return err
	}
	if err := setUpNetwork(); err != nil {
		return err
	}
	// The supervisor waits for its own children as Go programs do; this process only reaps what the
	// shims of containerd leave behind.
	supervisor := exec.Command(c.path("bin", "tantrum-cluster"), "supervise", "--name", c.name)
	supervisor.Stdout, supervisor.Stderr = os.Stdout, os.Stderr
	steps := os.NewFile(stepsFile, "steps")
	supervisor.ExtraFiles = []*os.File{steps}
	if err := supervisor.Start(); err != nil {
		return err
	}
	// Not kept open here, so that `up` sees the end of the supervisor.
	if err := steps.Close(); err != nil {
		return err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		if pid == supervisor.Process.Pid {
			return fmt.Errorf("the supervisor ended: %v", status)
		}
	}
}

// raiseOpenFiles lets the components, and so the pods, open as many files as root may: shells start
// with 1,024, services of a node do not.
func raiseOpenFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

func mount(source, target, kind string, flags uintptr, options string) error {
	if err := syscall.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

func (c *cluster) mountAll() error {
	// Nothing of this reaches the host, and the kubelet needs propagation among its own.
	if err := mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	for name, value := range kernelSettings {
		file := c.path("kernel", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := mount(file, "/proc/sys/"+name, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	for path, name := range mountPoints {
		if err := os.MkdirAll(c.path(name), 0o755); err != nil {
			return err
		}
		if err := mount(c.path(name), path, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	resolver, err := filepath.EvalSymlinks("/etc/resolv.conf")
	if err != nil {
		return nil // A machine without one: `exec` then finds names by whatever that means there.
	}
	return mount(c.path("config", "resolv.conf"), resolver, "", syscall.MS_BIND, "")
}

func setUpNetwork() error {
	for _, arguments := range [][]string{
		{"link", "set", "lo", "up"},
		// The node's own address. No interface leads out, so that nothing can leave.
		{"address", "add", nodeAddress + "/32", "dev", "lo"},
		// The kernel wants a route before kube-proxy's rules can redirect what the node itself sends.
		{"route", "add", serviceRange, "dev", "lo", "src", nodeAddress},
	} {
		if output, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", arguments, err, output)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}
