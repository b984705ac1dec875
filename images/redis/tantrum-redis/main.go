// tantrum-redis starts one Redis or Sentinel of a RedisCache in its container, after asking
// the others who the master is.
//
//	tantrum-redis serve      a Redis, as master or replica, as Sentinel says
//	tantrum-redis sentinel   a Sentinel
//	tantrum-redis hand-over  before this Redis stops: a planned failover, if it is the master
//	tantrum-redis ready      exit status 0 when the server here can be used
//	tantrum-redis alive      exit status 0 when the server here answers
//
// CACHE_FILE names the file that says who else there is (see Cache), CACHE_SELF is this
// server's own address as the others know it.
package main

import (
	"fmt"
	"os"
	"time"
)

const (
	askTimeout   = 500 * time.Millisecond
	pollInterval = 250 * time.Millisecond
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tantrum-redis:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	commands := map[string]func(*Cache) error{
		"serve":     serve,
		"sentinel":  sentinel,
		"hand-over": handOver,
		"ready":     ready,
		"alive":     alive,
	}
	if len(arguments) != 1 || commands[arguments[0]] == nil {
		return fmt.Errorf("give one of serve, sentinel, hand-over, ready and alive")
	}
	cache, err := readCache(os.Getenv("CACHE_FILE"), os.Getenv("CACHE_SELF"))
	if err != nil {
		return err
	}
	return commands[arguments[0]](cache)
}

func say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "tantrum-redis: "+format+"\n", values...)
}
