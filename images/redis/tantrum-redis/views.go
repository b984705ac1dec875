package main

import (
	"errors"
	"strconv"
	"strings"
	"sync"
)

// Word is what one Sentinel that answers says: an empty Master where it knows none.
type Word struct {
	Master string
	Epoch  int64
}

// Node is what one Redis that answers says about its replication.
type Node struct {
	Address string
	Master  bool
	// Follows is the master of a replica.
	Follows string
	LinkUp  bool
	Offset  int64
	// Replicas that a master has, and that are in step but for what is under way.
	Replicas int64
}

// words asks all Sentinels at once; those that do not answer are not in it.
func (c *Cache) words(sentinels []string) []Word {
	return answers(sentinels, func(address string) (Word, error) {
		reply, err := c.ask(address, "SENTINEL", "MASTER", c.Name)
		var refused ReplyError
		if errors.As(err, &refused) && strings.Contains(string(refused), "No such master") {
			return Word{}, nil
		}
		if err != nil {
			return Word{}, err
		}
		fields := pairs(reply)
		epoch, _ := strconv.ParseInt(fields["config-epoch"], 10, 64)
		return Word{Master: fields["ip"] + ":" + fields["port"], Epoch: epoch}, nil
	})
}

// nodes asks these Redis servers at once; those that do not answer are not in it.
func (c *Cache) nodes(addresses []string) []Node {
	return answers(addresses, c.node)
}

func (c *Cache) node(address string) (Node, error) {
	reply, err := c.ask(address, "INFO", "replication")
	if err != nil {
		return Node{}, err
	}
	text, _ := reply.(string)
	return parseReplication(address, text), nil
}

func parseReplication(address, text string) Node {
	fields := map[string]string{}
	for line := range strings.SplitSeq(text, "\r\n") {
		if name, value, found := strings.Cut(line, ":"); found {
			fields[name] = value
		}
	}
	node := Node{Address: address, Master: fields["role"] == "master"}
	if node.Master {
		node.Offset, _ = strconv.ParseInt(fields["master_repl_offset"], 10, 64)
		node.Replicas, _ = strconv.ParseInt(fields["connected_slaves"], 10, 64)
		return node
	}
	node.Follows = fields["master_host"] + ":" + fields["master_port"]
	node.LinkUp = fields["master_link_status"] == "up"
	node.Offset, _ = strconv.ParseInt(fields["slave_repl_offset"], 10, 64)
	return node
}

func answers[T any](addresses []string, ask func(string) (T, error)) []T {
	var (
		all  sync.WaitGroup
		lock sync.Mutex
		got  []T
	)
	for _, address := range addresses {
		all.Add(1)
		go func() {
			defer all.Done()
			if answer, err := ask(address); err == nil {
				lock.Lock()
				defer lock.Unlock()
				got = append(got, answer)
			}
		}()
	}
	all.Wait()
	return got
}

func pairs(reply any) map[string]string {
	items, _ := reply.([]any)
	fields := map[string]string{}
	for place := 0; place+1 < len(items); place += 2 {
		name, _ := items[place].(string)
		value, _ := items[place+1].(string)
		fields[name] = value
	}
	return fields
}
