package main

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

const (
	// A replica that is new can be unknown to the Sentinels by its new address for as long as
	// answers about names are kept.
	successorDeadline = 30 * time.Second
	// pause ends by itself when this program dies: after a failover (some 2 s) and the time
	// in which Sentinel makes a replica of a former master on its own (8 s).
	pause          = 20 * time.Second
	inStepDeadline = 5 * time.Second
	movedDeadline  = 12 * time.Second
	watchInterval  = 20 * time.Millisecond
)

// handOver moves the role away from this server without losing an acknowledged write: it
// holds writes back until the replicas have all that was written, has Sentinel fail over, and
// follows the new master before it lets go of the writers, who are then refused and go there.
func handOver(c *Cache) error {
	if len(c.Sentinels) == 0 || newest(c.words(c.Sentinels)).Master != c.self {
		return nil
	}
	if own, err := c.node(c.self); err != nil || own.Replicas == 0 {
		return err
	}
	if !c.waitForSuccessor() {
		return fmt.Errorf("no Sentinel saw a replica to fail over to within %s", successorDeadline)
	}
	milliseconds := strconv.FormatInt(pause.Milliseconds(), 10)
	if _, err := c.ask(c.self, "CLIENT", "PAUSE", milliseconds, "WRITE"); err != nil {
		return err
	}
	if !c.waitInStep() {
		_, _ = c.ask(c.self, "CLIENT", "UNPAUSE")
		return fmt.Errorf("no replica caught up within %s", inStepDeadline)
	}
	began := time.Now()
	master := c.failOver(began.Add(movedDeadline))
	if master == "" {
		// It may still move: what was written now would be lost, so the pause runs its course.
		return fmt.Errorf("sentinel moved the role to nobody within %s", movedDeadline)
	}
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return err
	}
	say("handed over to %s in %s", master, time.Since(began).Round(time.Millisecond))
	if _, err := c.ask(c.self, "REPLICAOF", host, port); err != nil {
		return err
	}
	_, err = c.ask(c.self, "CLIENT", "UNPAUSE")
	return err
}

// waitForSuccessor waits until a quorum of Sentinels sees a replica that is up, so that writes
// are not held back in vain.
func (c *Cache) waitForSuccessor() bool {
	for deadline := time.Now().Add(successorDeadline); time.Now().Before(deadline); time.Sleep(pollInterval) {
		seeing := answers(c.Sentinels, func(sentinel string) (bool, error) {
			reply, err := c.ask(sentinel, "SENTINEL", "REPLICAS", c.Name)
			replicas, _ := reply.([]any)
			if !slices.ContainsFunc(replicas, func(each any) bool { return pairs(each)["flags"] == "slave" }) {
				return false, fmt.Errorf("%s sees no replica: %w", sentinel, err)
			}
			return true, nil
		})
		if len(seeing) >= c.Quorum {
			return true
		}
	}
	return false
}

// waitInStep waits for all replicas that answer, and at the deadline is content with one.
func (c *Cache) waitInStep() bool {
	inStep := 0
	for deadline := time.Now().Add(inStepDeadline); time.Now().Before(deadline); time.Sleep(watchInterval) {
		// The replicas first: what they have now the master had before.
		replicas := c.nodes(c.others(c.Nodes))
		own, err := c.node(c.self)
		if err != nil {
			continue
		}
		inStep = 0
		for _, replica := range replicas {
			if replica.LinkUp && replica.Offset == own.Offset {
				inStep++
			}
		}
		if inStep > 0 && inStep == len(replicas) {
			return true
		}
	}
	return inStep > 0
}

// failOver returns the new master; an empty one where there is none by deadline.
func (c *Cache) failOver(deadline time.Time) string {
	asked := false
	for ; time.Now().Before(deadline); time.Sleep(watchInterval) {
		if !asked {
			asked = slices.ContainsFunc(c.Sentinels, func(sentinel string) bool {
				_, err := c.ask(sentinel, "SENTINEL", "FAILOVER", c.Name)
				return err == nil
			})
		}
		master := newest(c.words(c.Sentinels)).Master
		if master == "" || master == c.self {
			continue
		}
		if node, err := c.node(master); err == nil && node.Master {
			return master
		}
	}
	return ""
}
