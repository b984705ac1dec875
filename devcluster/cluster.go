package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Sockets and what must be short or not outlive a boot: <runFolder>/<id> for each cluster.
const runFolder = "/run/tantrum-cluster"

// mountPoints are the paths that parts of Kubernetes insist on; each cluster mounts a folder of its
// state there, in its own mount namespace.
var mountPoints = map[string]string{
	"/run/containerd":     "run-containerd",
	"/var/lib/cni":        "cni",
	"/var/lib/kubelet":    "kubelet",
	"/var/log/containers": "container-logs",
	"/var/log/pods":       "pod-logs",
}

type cluster struct {
	name  string
	state string // everything that is on disk
	run   string
	id    string
}

func newCluster(name string) (*cluster, error) {
	data := os.Getenv("TANTRUM_CLUSTER_DATA")
	if data == "" {
		data = filepath.Join(filepath.Dir(sourceFolder()), ".tantrum-cluster")
	}
	state, err := filepath.Abs(filepath.Join(data, name))
	if err != nil {
		return nil, err
	}
	// Two checkouts may each have their `dev`.
	sum := sha256.Sum256([]byte(state))
	id := name + "-" + hex.EncodeToString(sum[:4])
	return &cluster{name: name, state: state, id: id, run: filepath.Join(runFolder, id)}, nil
}

func (c *cluster) path(parts ...string) string {
	return filepath.Join(append([]string{c.state}, parts...)...)
}
func (c *cluster) log(component string) string { return c.path("logs", component+".log") }
func (c *cluster) cgroup() string              { return "tantrum-" + c.id }
func (c *cluster) socket() string              { return filepath.Join(c.run, "control.sock") }
func (c *cluster) kubeconfig() string          { return c.path("pki", "admin.kubeconfig") }

var errDown = errors.New("the cluster is not up; `devcluster/cluster up` starts it")

// pid finds a process in the cluster's namespaces: the one that listens at its socket. Unlike a
// number in a file, that cannot be somebody else's by now.
func (c *cluster) pid() (int, error) {
	connection, err := net.Dial("unix", c.socket())
	if err != nil {
		return 0, errDown
	}
	defer connection.Close()
	raw, err := connection.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *syscall.Ucred
	var peerErr error
	if err := raw.Control(func(fd uintptr) {
		peer, peerErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if peerErr != nil {
		return 0, peerErr
	}
	return int(peer.Pid), nil
}

// call asks the supervisor.
func (c *cluster) call(ctx context.Context, method, path string) (io.ReadCloser, error) {
	client := http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", c.socket())
		},
	}}
	request, err := http.NewRequestWithContext(ctx, method, "http://cluster"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, errDown
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	return response.Body, nil
}

// inside is the command line that runs another one in the cluster's namespaces, in this folder.
func (c *cluster) inside(command ...string) ([]string, error) {
	pid, err := c.pid()
	if err != nil {
		return nil, err
	}
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	arguments := []string{"nsenter", fmt.Sprintf("--target=%d", pid), "--mount", "--net", "--pid",
		// Who ends nsenter means the command behind it.
		"setpriv", "--pdeathsig", "TERM",
		"env", "--chdir=" + folder, "KUBECONFIG=" + c.kubeconfig(), "TANTRUM_CLUSTER=" + c.name,
		"TANTRUM_CLUSTER_DATA=" + filepath.Dir(c.state),
		"PATH=" + c.path("bin") + ":" + os.Getenv("PATH")}
	return append(arguments, command...), nil
}

// replace runs a command in the cluster's namespaces in place of this process.
func (c *cluster) replace(command ...string) error {
	arguments, err := c.inside(command...)
	if err != nil {
		return err
	}
	program, err := exec.LookPath(arguments[0])
	if err != nil {
		return err
	}
	return syscall.Exec(program, arguments, os.Environ())
}

// lock keeps ups and downs apart, those of other clusters too.
func lock() (func(), error) {
	if err := os.MkdirAll(runFolder, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(runFolder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, err
	}
	return func() { file.Close() }, nil
}

// prepare makes everything that the components find when they start.
func (c *cluster) prepare(programs map[string]string) error {
	for _, folder := range []string{c.run, c.path("bin"), c.path("logs"), c.path("volumes")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	for name, program := range programs {
		if err := os.Symlink(program, c.path("bin", name)); err != nil {
			return err
		}
	}
	if err := c.writeKeys(); err != nil {
		return err
	}
	if err := c.writeConfig(); err != nil {
		return err
	}
	if err := makeMountPoints(); err != nil {
		return err
	}
	return c.makeCgroup()
}

// spawn starts process 1 of the cluster, and returns where its steps can be read.
func (c *cluster) spawn() (*exec.Cmd, io.ReadCloser, error) {
	steps, theirs, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer theirs.Close()
	log, err := os.OpenFile(c.log("init"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	command := exec.Command(c.path("bin", "tantrum-cluster"), "init", "--name", c.name)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/root", "TANTRUM_CLUSTER_DATA=" + filepath.Dir(c.state)}
	command.Dir = "/"
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{theirs}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET,
		Setsid:     true,
	}
	return command, steps, command.Start()
}

// kill ends the cluster, whatever state it is in, and removes all of it but its state folder.
func (c *cluster) kill() error {
	if pid, err := c.pid(); err == nil {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return err
		}
	}
	// A start that was cut short has no socket yet.
	folders, err := c.cgroupFolders("node")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		killAll(processes(folder))
	}
	if err := c.removeCgroup(""); err != nil {
		return fmt.Errorf("remove the cgroup: %w", err)
	}
	if err := os.RemoveAll(c.run); err != nil {
		return err
	}
	return removeMountPoints()
}

// The mount points that were not there before, one a line.
var madeFile = filepath.Join(runFolder, "made")

// makeMountPoints makes those that the host lacks. They are empty folders, of all clusters together.
func makeMountPoints() error {
	file, err := os.OpenFile(madeFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	for path := range mountPoints {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(file, path); err != nil {
			return err
		}
	}
	return file.Close()
}

// removeMountPoints removes them again with the last cluster: the kernel would take a mount point
// away under another one.
func removeMountPoints() error {
	entries, err := os.ReadDir(runFolder)
	if err != nil || slices.ContainsFunc(entries, fs.DirEntry.IsDir) {
		return err
	}
	made, err := os.ReadFile(madeFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, path := range strings.Fields(string(made)) {
		// Not empty: somebody else uses it by now.
		if err := os.Remove(path); err != nil && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.RemoveAll(runFolder)
}

// follow shows steps until the work is done or failed.
func (c *cluster) follow(steps io.Reader) error {
	lines := json.NewDecoder(steps)
	for {
		var s step
		if err := lines.Decode(&s); err != nil {
			return componentError{"init", errors.New("it ended before the work was done")}
		}
		switch {
		case s.Done:
			return nil
		case s.Error != "" && s.Component != "":
			return componentError{s.Component, errors.New(s.Error)}
		case s.Error != "":
			return errors.New(s.Error)
		}
		showStep(s.Name, s.Seconds)
	}
}
