package main

import (
	"bufio"
	"strings"
	"testing"
)

const (
	me    = "cache-redis-0:6379"
	other = "cache-redis-1:6379"
	third = "cache-redis-2:6379"
)

func TestDecide(t *testing.T) {
	nobody := []Word{{}, {}, {}}
	names := func(address string) []Word { return []Word{{Master: address, Epoch: 3}} }
	cases := []struct {
		name   string
		self   Self
		seen   Seen
		master string
		claims bool
	}{
		{"the named master without data waits", Self{First: true}, Seen{Words: names(me)}, "", false},
		{"the named master with data starts", Self{HasData: true}, Seen{Words: names(me)}, me, false},
		{"another master is followed", Self{HasData: true}, Seen{Words: names(other)}, other, false},
		{
			"the latest failover counts",
			Self{},
			Seen{Words: []Word{{Master: me, Epoch: 3}, {Master: other, Epoch: 4}, {}}},
			other, false,
		},
		{"the first claims what never was", Self{First: true}, Seen{Words: nobody}, me, true},
		{"only the first does", Self{}, Seen{Words: nobody}, "", false},
		{"silence is no evidence", Self{First: true}, Seen{}, "", false},
		{"nor are fewer than a quorum", Self{First: true}, Seen{Words: nobody[:1]}, "", false},
		{
			"a running master is followed when the Sentinels have forgotten",
			Self{First: true},
			Seen{Words: nobody, Nodes: []Node{{Address: other, Master: true}}},
			other, false,
		},
		{
			"whom replicas with data still follow waits, being empty",
			Self{First: true},
			Seen{Words: nobody, Nodes: []Node{{Address: other, Follows: me, Offset: 9}}},
			"", false,
		},
		{
			"of two masters the one with replicas is followed",
			Self{},
			Seen{Nodes: []Node{
				{Address: other, Master: true, Offset: 900},
				{Address: third, Master: true, Offset: 5, Replicas: 1},
			}},
			third, false,
		},
	}
	for _, each := range cases {
		t.Run(each.name, func(t *testing.T) {
			each.self.Address, each.self.Quorum = me, 2

			choice := decide(each.self, each.seen)

			if choice.Master != each.master || choice.Claims != each.claims {
				t.Errorf("got %+v", choice)
			}
		})
	}
}

func TestParseReplication(t *testing.T) {
	node := parseReplication(other, "# Replication\r\nrole:slave\r\nmaster_host:cache-redis-0\r\n"+
		"master_port:6379\r\nmaster_link_status:up\r\nslave_repl_offset:42\r\n")

	want := Node{Address: other, Follows: me, LinkUp: true, Offset: 42}
	if node != want {
		t.Errorf("got %+v", node)
	}
}

func TestReadReply(t *testing.T) {
	for text, good := range map[string]bool{
		"+OK\r\n":                      true,
		"*2\r\n$2\r\nab\r\n:7\r\n":     true,
		"$-1\r\n":                      true,
		"":                             false,
		"\r\n":                         false,
		"$99999999999\r\n":             false,
		"$4\r\nab":                     false,
		"HTTP/1.1 400 Bad Request\r\n": false,
	} {
		if _, err := readReply(bufio.NewReader(strings.NewReader(text))); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestQuotedKeepsWhatAPasswordMayHold(t *testing.T) {
	if got := quoted("a\"b\\c d\n"); got != `"a\x22b\x5cc d\x0a"` {
		t.Error(got)
	}
}
