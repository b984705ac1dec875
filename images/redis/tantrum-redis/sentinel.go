package main

import (
	"crypto/sha1"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// sentinel starts a Sentinel that knows the master.
//
// One that starts anew first answers that it knows none, which the first Redis ever waits for,
// and begins again with the master and all who may replace it once there is one. Its identity
// is made from its address, so that the others take it for the one that it replaces.
func sentinel(c *Cache) error {
	if err := c.startsAs(c.Sentinels); err != nil {
		return err
	}
	path := c.sentinelConfigPath()
	if kept, err := os.ReadFile(path); err == nil && strings.Contains(string(kept), "sentinel monitor ") {
		return c.become(path, "--sentinel")
	}
	if err := c.writeSentinelConfig(path, ""); err != nil {
		return err
	}
	master, err := c.answerUntilKnown(path)
	if err != nil || master == "" {
		return err
	}
	say("watching the master %s", master)
	if err := c.writeSentinelConfig(path, master); err != nil {
		return err
	}
	return c.become(path, "--sentinel")
}

func (c *Cache) sentinelConfigPath() string { return filepath.Join(c.RunFolder, "sentinel.conf") }

// answerUntilKnown runs a Sentinel that watches nothing until somebody knows a master, and
// returns that; an empty one when asked to stop.
func (c *Cache) answerUntilKnown(path string) (string, error) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	child := exec.Command(c.Program, path, "--sentinel")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	defer func() {
		_ = child.Process.Kill()
		<-ended
	}()
	for {
		select {
		case <-stop:
			return "", nil
		case err := <-ended:
			ended <- err
			return "", fmt.Errorf("sentinel ended: %w", err)
		case <-time.After(pollInterval):
		}
		if word := newest(c.words(c.others(c.Sentinels))); word.Master != "" {
			return word.Master, nil
		}
		if leader := leader(c.nodes(c.Nodes)); leader != "" {
			return leader, nil
		}
	}
}

func (c *Cache) writeSentinelConfig(path, master string) error {
	config, err := c.sentinelConfig(master)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(config), 0o600)
}

func (c *Cache) sentinelConfig(master string) (string, error) {
	host, port, err := net.SplitHostPort(c.self)
	if err != nil {
		return "", err
	}
	lines := append(c.tlsLines(port),
		"dir "+quoted(c.RunFolder),
		"requirepass "+quoted(c.password),
		"sentinel sentinel-pass "+quoted(c.password),
		"sentinel resolve-hostnames yes",
		"sentinel announce-hostnames yes",
		"sentinel announce-ip "+host,
		"sentinel announce-port "+port,
		fmt.Sprintf("sentinel myid %x", sha1.Sum([]byte(c.self))),
	)
	if master == "" {
		return strings.Join(lines, "\n") + "\n", nil
	}
	host, port, err = net.SplitHostPort(master)
	if err != nil {
		return "", err
	}
	lines = append(lines,
		fmt.Sprintf("sentinel monitor %s %s %s %d", c.Name, host, port, c.Quorum),
		fmt.Sprintf("sentinel auth-pass %s %s", c.Name, quoted(c.password)),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", c.Name, c.DownAfterMs),
		// Twice this between two attempts, where the first had no majority.
		fmt.Sprintf("sentinel failover-timeout %s %d", c.Name, max(5_000, c.DownAfterMs)),
		fmt.Sprintf("sentinel parallel-syncs %s %d", c.Name, max(1, len(c.Nodes)-1)),
	)
	for _, node := range c.Nodes {
		if node != master {
			host, port, err := net.SplitHostPort(node)
			if err != nil {
				return "", err
			}
			// A master that is gone can tell nobody who may replace it.
			lines = append(lines, fmt.Sprintf("sentinel known-replica %s %s %s", c.Name, host, port))
		}
	}
	return strings.Join(lines, "\n") + "\n", nil
}
