package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func showStep(name string, seconds float64) { fmt.Printf("  ✓ %-48s %5.1f s\n", name, seconds) }

func (c *cluster) up() error {
	begin := time.Now()
	if err := installPrograms(); err != nil {
		return err
	}
	programs, err := buildAll()
	if err != nil {
		return err
	}
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := c.pid(); err == nil {
		fmt.Printf("The cluster %s is up already, with its state in %s\n", c.name, c.state)
		return nil
	}
	fmt.Printf("A Kubernetes cluster, with its state in %s\n", c.state)
	prepared := time.Now()
	// What a crash or a boot left: nothing of it could be used.
	if err := c.remove(); err != nil {
		return err
	}
	if err := c.prepare(programs); err != nil {
		return err
	}
	showStep("keys and configuration", time.Since(prepared).Seconds())
	if err := c.start(); err != nil {
		c.showFailure(err)
		if err := c.kill(); err != nil {
			return err
		}
		return fmt.Errorf("the cluster did not start, and is down again; its logs stay in %s until the next `up` or `down`", c.path("logs"))
	}
	fmt.Printf("\nThe cluster %s is up (after %.1f s). Try:\n\n  devcluster/cluster kubectl get pods --all-namespaces\n"+
		"  devcluster/cluster exec -- bash\n  devcluster/cluster down\n\n", c.name, time.Since(begin).Seconds())
	return nil
}

func (c *cluster) start() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	command, steps, err := c.spawn()
	if err != nil {
		return err
	}
	defer steps.Close()
	defer context.AfterFunc(ctx, func() { _ = command.Process.Kill() })()
	if err := c.follow(steps); err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped by a signal")
		}
		return err
	}
	return nil
}

// showFailure prints what the failed component said last.
func (c *cluster) showFailure(err error) {
	fmt.Fprintf(os.Stderr, "\n  ✗ %v\n\n", err)
	var of componentError
	if !errors.As(err, &of) || of.component == "" {
		return
	}
	content, readErr := os.ReadFile(c.log(of.component))
	if readErr != nil {
		return
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	for _, line := range lines[max(0, len(lines)-20):] {
		fmt.Fprintln(os.Stderr, "    "+line)
	}
	fmt.Fprintln(os.Stderr)
}

// remove ends the cluster and removes every trace of it.
func (c *cluster) remove() error {
	if err := c.kill(); err != nil {
		return err
	}
	if err := os.RemoveAll(c.state); err != nil {
		return err
	}
	// The folder of all clusters, when this was the last.
	_ = os.Remove(filepath.Dir(c.state))
	// The lock's folder is needed again by whoever goes on.
	return os.MkdirAll(runFolder, 0o700)
}

func (c *cluster) down() error {
	begin := time.Now()
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.remove(); err != nil {
		return err
	}
	fmt.Printf("The cluster %s is down, and nothing of it is left (after %.1f s).\n", c.name, time.Since(begin).Seconds())
	return removeMountPoints()
}

func (c *cluster) status() error {
	body, err := c.call(context.Background(), "GET", "/status")
	if err != nil {
		return err
	}
	defer body.Close()
	var components []componentStatus
	if err := json.NewDecoder(body).Decode(&components); err != nil {
		return err
	}
	fmt.Printf("%-24s %8s %10s %9s %8s\n", "component", "pid", "up", "restarts", "MiB")
	for _, p := range components {
		up := (time.Duration(p.Seconds) * time.Second).String()
		if p.PID == 0 {
			up = "down"
		}
		fmt.Printf("%-24s %8d %10s %9d %8d\n", p.Name, p.PID, up, p.Restarts, p.MemoryMiB)
	}
	fmt.Printf("\nState: %s\nKUBECONFIG, good inside the cluster's network: %s\n\n", c.state, c.kubeconfig())
	return c.replace("kubectl", "get", "nodes,pods", "--all-namespaces")
}

func (c *cluster) logs(arguments []string) error {
	if len(arguments) > 0 {
		tail, err := exec.LookPath("tail")
		if err != nil {
			return err
		}
		file := c.log(arguments[0])
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("there is no log of %q; `logs` alone lists them", arguments[0])
		}
		return syscall.Exec(tail, append([]string{"tail", "-n", "200", file}, arguments[1:]...), os.Environ())
	}
	paths, err := filepath.Glob(c.log("*"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return errDown
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		fmt.Printf("%-24s %7d KiB  %s\n", strings.TrimSuffix(filepath.Base(path), ".log"), info.Size()>>10, path)
	}
	return nil
}

func (c *cluster) loadImages(archives []string) error {
	if len(archives) == 0 {
		return errors.New("name the archives to load, as made by `docker save` or `buildah push`")
	}
	for _, archive := range archives {
		begin := time.Now()
		arguments, err := c.inside("ctr", "--namespace", "k8s.io", "images", "import", archive)
		if err != nil {
			return err
		}
		if output, err := exec.Command(arguments[0], arguments[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s cannot be loaded: %s", archive, strings.TrimSpace(string(output)))
		}
		showStep(filepath.Base(archive), time.Since(begin).Seconds())
	}
	return nil
}

func (c *cluster) restartNode() error {
	begin := time.Now()
	body, err := c.call(context.Background(), "POST", "/restart-node")
	if err != nil {
		return err
	}
	defer body.Close()
	if err := c.follow(body); err != nil {
		c.showFailure(err)
		return errors.New("the node did not come back")
	}
	fmt.Printf("The node is ready again (after %.1f s).\n", time.Since(begin).Seconds())
	return nil
}

func (c *cluster) pids(pod, namespace string) error {
	query := url.Values{"pod": {pod}, "namespace": {namespace}}
	body, err := c.call(context.Background(), "GET", "/pids?"+query.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(os.Stdout, body)
	return err
}
