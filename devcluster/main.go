// Command tantrum-cluster makes a real one-node Kubernetes for tests and takes it away again.
package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
)

const usage = `A real Kubernetes of one node, for tests, in namespaces of its own.

  devcluster/cluster COMMAND [--name NAME] …

  up                       start it; the first time this builds Kubernetes, for some 10 minutes
  down                     end it and remove every trace of it
  status                   components, node and pods
  logs [COMPONENT [-f]]    list the logs, or show one
  exec -- COMMAND…         run a command inside its network, with KUBECONFIG and PATH set
  kubectl …, helm …        the same for these two
  load-images ARCHIVE…     put images on the node
  pids POD [-n NAMESPACE]  the processes of a pod's containers, as numbered where exec runs
  restart-node             end kubelet, containerd and all pods at once, and start them again
  build                    build what is not in the cache, and nothing else

The name is "dev" unless TANTRUM_CLUSTER or --name says another. The state is in
.tantrum-cluster/NAME of the checkout, or in $TANTRUM_CLUSTER_DATA/NAME.
`

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,19}$`)

func main() {
	if err := dispatch(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// takeName takes --name from the front: what follows may have one of its own.
func takeName(arguments []string) (string, []string, error) {
	name := os.Getenv("TANTRUM_CLUSTER")
	if name == "" {
		name = "dev"
	}
	if len(arguments) >= 2 && arguments[0] == "--name" {
		name, arguments = arguments[1], arguments[2:]
	}
	if !validName.MatchString(name) {
		return "", nil, fmt.Errorf("a cluster cannot be named %q: take up to 20 small letters, digits and hyphens", name)
	}
	return name, arguments, nil
}

func dispatch(arguments []string) error {
	if len(arguments) == 0 || slices.Contains([]string{"help", "--help", "-h"}, arguments[0]) {
		fmt.Print(usage)
		return nil
	}
	command := arguments[0]
	name, arguments, err := takeName(arguments[1:])
	if err != nil {
		return err
	}
	c, err := newCluster(name)
	if err != nil {
		return err
	}
	if command != "build" && os.Geteuid() != 0 {
		return errors.New("a cluster needs root, for namespaces, cgroups and mounts: run this as root, or set KUBECONFIG to another cluster")
	}
	switch command {
	case "exec":
		if len(arguments) > 0 && arguments[0] == "--" {
			arguments = arguments[1:]
		}
		if len(arguments) == 0 {
			return errors.New("say what to run: devcluster/cluster exec -- COMMAND…")
		}
		return c.replace(arguments...)
	case "kubectl", "helm":
		return c.replace(append([]string{command}, arguments...)...)
	}
	if slices.Contains(arguments, "--help") || slices.Contains(arguments, "-h") {
		fmt.Print(usage)
		return nil
	}
	switch command {
	case "logs":
		return c.logs(arguments)
	case "load-images":
		return c.loadImages(arguments)
	case "pids":
		switch {
		case len(arguments) == 1:
			return c.pids(arguments[0], "default")
		case len(arguments) == 3 && (arguments[1] == "-n" || arguments[1] == "--namespace"):
			return c.pids(arguments[0], arguments[2])
		}
		return errors.New("say which pod: devcluster/cluster pids POD [-n NAMESPACE]")
	}
	commands := map[string]func() error{
		"up": c.up, "down": c.down, "status": c.status, "restart-node": c.restartNode,
		"build": func() error { _, err := buildAll(); return err },
		// Not for people: what the cluster itself runs.
		"init":      func() error { return runInit(c) },
		"supervise": func() error { return runSupervisor(c) },
		"policies":  func() error { return runPolicies(c) },
	}
	do, known := commands[command]
	if !known {
		return fmt.Errorf("there is no command %q; --help lists them", command)
	}
	if len(arguments) > 0 {
		return fmt.Errorf("%s takes nothing but --name, and not %q", command, arguments[0])
	}
	return do()
}
