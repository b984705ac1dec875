package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// claimRounds is how often in a row nobody may know a master before the first one claims it.
const claimRounds = 4

func serve(c *Cache) error {
	if err := c.startsAs(c.Nodes); err != nil {
		return err
	}
	// Of the server before this one; being there tells that one runs.
	if err := removeIfThere(c.serverConfigPath()); err != nil {
		return err
	}
	if !c.Persistent {
		// What a transfer that was cut short left behind is not ours to load.
		if err := removeIfThere(filepath.Join(c.DataFolder, "dump.rdb")); err != nil {
			return err
		}
	}
	config, err := c.serverConfig(c.waitForRole())
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.serverConfigPath(), []byte(config), 0o600); err != nil {
		return err
	}
	return c.become(c.serverConfigPath())
}

func (c *Cache) serverConfigPath() string { return filepath.Join(c.RunFolder, "redis.conf") }

// waitForRole returns the address of the master to start as or to follow.
func (c *Cache) waitForRole() string {
	if len(c.Sentinels) == 0 {
		return c.self
	}
	self := Self{Address: c.self, First: c.self == c.Nodes[0], HasData: c.hasData(), Quorum: c.Quorum}
	said, claims := "", 0
	for ; ; time.Sleep(pollInterval) {
		choice := decide(self, Seen{Words: c.words(c.Sentinels), Nodes: c.nodes(c.others(c.Nodes))})
		if !choice.Claims {
			claims = 0
		} else if claims++; claims < claimRounds {
			continue
		}
		if choice.Master != "" {
			say("master is %s: %s", choice.Master, choice.Why)
			return choice.Master
		}
		if choice.Why != said {
			said = choice.Why
			say("not starting yet: %s", said)
		}
	}
}

// hasData is only ever true where Redis keeps a file of all that it did.
func (c *Cache) hasData() bool {
	if !c.Persistent {
		return false
	}
	manifests, err := filepath.Glob(filepath.Join(c.DataFolder, "appendonlydir", "*.manifest"))
	return err == nil && len(manifests) > 0
}

func (c *Cache) serverConfig(master string) (string, error) {
	host, port, err := net.SplitHostPort(c.self)
	if err != nil {
		return "", err
	}
	lines := []string{"include " + quoted(c.ServerConfig)}
	lines = append(lines, c.tlsLines(port)...)
	lines = append(lines,
		"dir "+quoted(c.DataFolder),
		"requirepass "+quoted(c.password),
		"masterauth "+quoted(c.password),
		"replica-announce-ip "+host,
		"replica-announce-port "+port,
	)
	if master != c.self {
		host, port, err := net.SplitHostPort(master)
		if err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprintf("replicaof %s %s", host, port))
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// become puts the server in place of this process, so that signals reach it.
func (c *Cache) become(arguments ...string) error {
	program, err := exec.LookPath(c.Program)
	if err != nil {
		return err
	}
	return syscall.Exec(program, append([]string{c.Program}, arguments...), os.Environ())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}
