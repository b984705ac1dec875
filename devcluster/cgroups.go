package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const cgroupRoot = "/sys/fs/cgroup"

// hierarchies are the folders that a cgroup has to be made in: one with cgroup v2, one for each
// controller with v1.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(cgroupRoot + "/cgroup.controllers"); err == nil {
		return []string{cgroupRoot}, nil
	}
	return filepath.Glob(cgroupRoot + "/*")
}

// makeCgroup makes the cluster's cgroup: `node` in it holds the components, `kubepods` the pods.
func (c *cluster) makeCgroup() error {
	folders, err := hierarchies()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(folder, c.cgroup(), "node"), 0o755); err != nil {
			return err
		}
		if folder == cgroupRoot {
			for _, parent := range []string{folder, filepath.Join(folder, c.cgroup())} {
				path := filepath.Join(parent, "cgroup.subtree_control")
				if err := os.WriteFile(path, []byte("+cpu +cpuset +io +memory +pids"), 0o644); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (c *cluster) joinCgroup() error {
	folders, err := hierarchies()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if filepath.Base(folder) == "cpuset" {
			continue // Takes no process before it is given processors, and no component needs it.
		}
		path := filepath.Join(folder, c.cgroup(), "node", "cgroup.procs")
		if err := os.WriteFile(path, []byte("0"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cgroupFolders finds the cluster's cgroups below part, the deepest first.
func (c *cluster) cgroupFolders(part string) ([]string, error) {
	roots, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, root := range roots {
		err := filepath.WalkDir(filepath.Join(root, c.cgroup(), part), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // Pods come and go while we look.
			}
			if err == nil && entry.IsDir() {
				folders = append([]string{path}, folders...)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return folders, nil
}

// removeCgroup removes part of the cluster's, or all of it, and waits until the last process in it is gone.
func (c *cluster) removeCgroup(part string) error {
	folders, err := c.cgroupFolders(part)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			err := os.Remove(folder)
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				break
			}
			if !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
				return err
			}
		}
	}
	return nil
}

// processes reads the process ids in a cgroup, as seen from this process's own namespace.
func processes(folder string) []string {
	content, err := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(content))
}
