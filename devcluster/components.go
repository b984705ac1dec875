package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

const (
	nodeName          = "node"
	nodeAddress       = "10.87.0.1"
	apiAddress        = "https://" + nodeAddress + ":6443"
	podRange          = "10.85.0.0/16"
	serviceRange      = "10.86.0.0/16"
	apiServiceAddress = "10.86.0.1"
	dnsAddress        = "10.86.0.10"
)

//go:embed config addons
var files embed.FS

// command is how each component is started. The flags that are not plain addresses and keys are
// there because of the machine (no CAP_SYS_RESOURCE, cgroup v1) or to keep off the host's files.
func (c *cluster) command(component string) []string {
	key := func(name string) string { return c.path("pki", name) }
	bin := c.path("bin", component)
	switch component {
	case "etcd":
		return []string{bin, "--data-dir=" + c.path("etcd"), "--log-level=warn",
			"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
			"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
			"--initial-cluster=default=http://127.0.0.1:2380",
			// Nothing here outlives the machine.
			"--unsafe-no-fsync"}
	case "kube-apiserver":
		return []string{bin, "--etcd-servers=http://127.0.0.1:2379", "--advertise-address=" + nodeAddress,
			"--service-cluster-ip-range=" + serviceRange, "--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction", "--profiling=false",
			"--client-ca-file=" + key("ca.crt"),
			"--tls-cert-file=" + key("kube-apiserver.crt"), "--tls-private-key-file=" + key("kube-apiserver.key"),
			"--kubelet-certificate-authority=" + key("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--kubelet-client-certificate=" + key("apiserver-kubelet.crt"), "--kubelet-client-key=" + key("apiserver-kubelet.key"),
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file=" + key("accounts.pub"), "--service-account-signing-key-file=" + key("accounts.key"),
			"--requestheader-client-ca-file=" + key("front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy",
			"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file=" + key("front-proxy.crt"), "--proxy-client-key-file=" + key("front-proxy.key")}
	case "kube-controller-manager":
		config := key(component + ".kubeconfig")
		return []string{bin, "--kubeconfig=" + config, "--authentication-kubeconfig=" + config,
			"--authorization-kubeconfig=" + config, "--leader-elect=false", "--use-service-account-credentials",
			"--root-ca-file=" + key("ca.crt"), "--service-account-private-key-file=" + key("accounts.key"),
			"--cluster-signing-cert-file=" + key("ca.crt"), "--cluster-signing-key-file=" + key("ca.key"),
			"--flex-volume-plugin-dir=" + c.path("volume-plugins")}
	case "kube-scheduler":
		config := key(component + ".kubeconfig")
		return []string{bin, "--kubeconfig=" + config, "--authentication-kubeconfig=" + config,
			"--authorization-kubeconfig=" + config, "--leader-elect=false"}
	case "kube-proxy":
		return []string{bin, "--config=" + c.path("config", "kube-proxy.yaml")}
	case "kubelet":
		return []string{bin, "--config=" + c.path("config", "kubelet.yaml"), "--kubeconfig=" + key("kubelet.kubeconfig"),
			"--node-ip=" + nodeAddress, "--hostname-override=" + nodeName}
	case "containerd":
		return []string{"containerd", "--config", c.path("config", "containerd.toml")}
	case "policies":
		return []string{c.path("bin", "tantrum-cluster"), "policies", "--name", c.name}
	}
	panic("no component " + component)
}

// writeConfig renders each file of config/ and addons/ into the state folder.
func (c *cluster) writeConfig() error {
	values := map[string]string{
		"State": c.state, "Cgroup": c.cgroup(), "Node": nodeName, "NodeAddress": nodeAddress,
		"Pods": podRange, "DNS": dnsAddress, "PauseImage": pauseImage, "CNIPlugins": cniPlugins,
	}
	for _, folder := range []string{"config", "addons"} {
		if err := os.MkdirAll(c.path(folder), 0o755); err != nil {
			return err
		}
		entries, err := files.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			text, err := render(folder+"/"+entry.Name(), values)
			if err != nil {
				return err
			}
			if err := os.WriteFile(c.path(folder, entry.Name()), []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func render(name string, values map[string]string) (string, error) {
	// CoreDNS and Go both like braces; nothing of ours needs these.
	t, err := template.New(filepath.Base(name)).Delims("<<", ">>").Option("missingkey=error").ParseFS(files, name)
	if err != nil {
		return "", err
	}
	text := new(strings.Builder)
	if err := t.Execute(text, values); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return text.String(), nil
}
