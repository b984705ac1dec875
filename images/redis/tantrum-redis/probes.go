package main

import (
	"errors"
	"fmt"
	"os"
)

// ready is for a Redis that it is the master, or has what the master has, and for a Sentinel
// that it knows a master.
func ready(c *Cache) error {
	if c.isSentinel() {
		if newest(c.words([]string{c.self})).Master == "" {
			return fmt.Errorf("this Sentinel knows no master")
		}
		return nil
	}
	node, err := c.node(c.self)
	if err == nil && !node.Master && !node.LinkUp {
		return fmt.Errorf("not in step with the master %s", node.Follows)
	}
	return err
}

// alive takes a refusal, such as while it loads its data, for a sign of life; a Redis that
// still waits for its role is not dead either.
func alive(c *Cache) error {
	if !c.isSentinel() {
		if _, err := os.Stat(c.serverConfigPath()); os.IsNotExist(err) {
			return nil
		}
	}
	_, err := c.ask(c.self, "PING")
	var refused ReplyError
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// isSentinel goes by what was started here, for a server that is to go is on no list any more.
func (c *Cache) isSentinel() bool {
	_, err := os.Stat(c.sentinelConfigPath())
	return err == nil
}
