package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const cniPlugins = "/usr/lib/cni"

// tool is one program that is built from a module of this folder.
type tool struct {
	name    string
	folder  string // of the module, or of the package in ours
	target  string // what `go build` is told
	ldflags string
	names   []string // under which it is started, when not its own
}

var tools = []tool{
	{
		name: "kubernetes", folder: "tools/kubernetes", target: ".",
		ldflags: "-X k8s.io/component-base/version.gitVersion=v1.36.3 " +
			"-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
		names: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"},
	},
	{name: "coredns", folder: "tools/coredns", target: "github.com/coredns/coredns"},
	{name: "metrics-server", folder: "tools/metrics-server", target: "sigs.k8s.io/metrics-server/cmd/metrics-server"},
	{name: "local-path", folder: "tools/local-path", target: "github.com/rancher/local-path-provisioner"},
	{
		name: "helm", folder: "tools/helm", target: "helm.sh/helm/v3/cmd/helm",
		ldflags: "-X helm.sh/helm/v3/internal/version.version=v3.22.0",
	},
	{name: "versitygw", folder: "tools/versitygw", target: "github.com/versity/versitygw/cmd/versitygw"},
	{name: "pause", folder: "pause", target: "."},
}

// sourceFolder is devcluster/ of the checkout; the launcher knows it.
func sourceFolder() string { return os.Getenv("TANTRUM_DEVCLUSTER") }

func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "tantrum", "devcluster"), err
}

// hash is of every file below the tool's folder, so that a change to one tool builds that one.
func (t tool) hash() (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, t.target, t.ldflags)
	root := filepath.Join(sourceFolder(), t.folder)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", filepath.Base(path), len(content))
		_, err = sum.Write(content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err
}

// buildAll builds what the cache lacks and says where each program is, by the name to start it.
func buildAll() (map[string]string, error) {
	cache, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	// Two builds at a time would take as long and twice the memory.
	busy, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer busy.Close()
	if err := syscall.Flock(int(busy.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	programs := map[string]string{"tantrum-cluster": self}
	for i, t := range tools {
		hash, err := t.hash()
		if err != nil {
			return nil, err
		}
		program := filepath.Join(cache, hash, t.name)
		if err := t.build(program, fmt.Sprintf("building %s (%d of %d)", t.name, i+1, len(tools))); err != nil {
			return nil, err
		}
		programs[t.name] = program
		for _, name := range t.names {
			programs[name] = program
		}
	}
	return programs, forgetUnused(cache, filepath.Dir(self))
}

// forgetUnused removes what no `up` has asked for in a month.
func forgetUnused(cache, own string) error {
	now := time.Now()
	if err := os.Chtimes(own, now, now); err != nil {
		return err
	}
	entries, err := os.ReadDir(cache)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && entry.IsDir() && now.Sub(info.ModTime()) > 30*24*time.Hour {
			err = os.RemoveAll(filepath.Join(cache, entry.Name()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t tool) build(program, label string) error {
	if _, err := os.Stat(program); err == nil {
		now := time.Now()
		return os.Chtimes(filepath.Dir(program), now, now)
	}
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return err
	}
	begin := time.Now()
	stop := showProgress(label)
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w "+t.ldflags, "-o", program+".new", t.target)
	command.Dir = filepath.Join(sourceFolder(), t.folder)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	stop()
	if err != nil {
		return fmt.Errorf("%s cannot be built: %w\n%s", t.name, err, strings.TrimSpace(string(output)))
	}
	showStep(label, time.Since(begin).Seconds())
	return os.Rename(program+".new", program)
}

// showProgress says what is being done: on a terminal with the seconds counting, else every minute.
func showProgress(label string) func() {
	info, err := os.Stdout.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	interval, format := time.Minute, "  … %-48s %3.0f s\n"
	if terminal {
		interval, format = time.Second, "\r  … %-48s %3.0f s"
	}
	begin, ticker, done := time.Now(), time.NewTicker(interval), make(chan struct{})
	fmt.Printf(format, label, 0.0)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				fmt.Printf(format, label, time.Since(begin).Seconds())
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		if terminal {
			fmt.Print("\r")
		}
	}
}

// needed maps each program that the cluster takes from the system to its Debian package.
var needed = []struct{ program, debian string }{
	{"containerd", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{cniPlugins + "/ptp", "containernetworking-plugins"},
	{"nft", "nftables"},
	{"ip", "iproute2"},
	{"nsenter", "util-linux"},
	{"setpriv", "util-linux"},
}

func installPrograms() error {
	missing := func() (programs, packages []string) {
		for _, n := range needed {
			if _, err := exec.LookPath(n.program); err != nil {
				programs = append(programs, n.program)
				packages = append(packages, n.program+"="+n.debian)
			}
		}
		return programs, packages
	}
	programs, packages := missing()
	if len(programs) == 0 {
		return nil
	}
	install := exec.Command(filepath.Join(filepath.Dir(sourceFolder()), "scripts", "setup-test"), packages...)
	install.Stdout, install.Stderr = os.Stdout, os.Stderr
	if err := install.Run(); err != nil {
		return fmt.Errorf("installing %s: %w", strings.Join(programs, ", "), err)
	}
	if programs, _ := missing(); len(programs) > 0 {
		return fmt.Errorf("install what is missing, by your system's own means: %s", strings.Join(programs, ", "))
	}
	return nil
}
