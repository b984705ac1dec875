package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// maxReplyBytes bounds what a server can make this program hold.
const maxReplyBytes = 1 << 20

// ReplyError is what the server said in place of a reply: it lives, and refuses.
type ReplyError string

func (e ReplyError) Error() string { return string(e) }

// Client is one connection to a Redis or Sentinel, logged in.
type Client struct {
	connection net.Conn
	reader     *bufio.Reader
}

func (c *Cache) dial(address string) (*Client, error) {
	dialer := &net.Dialer{Timeout: askTimeout}
	var connection net.Conn
	var err error
	if c.tls != nil {
		connection, err = tls.DialWithDialer(dialer, "tcp", address, c.tls)
	} else {
		connection, err = dialer.Dial("tcp", address)
	}
	if err != nil {
		return nil, err
	}
	client := &Client{connection: connection, reader: bufio.NewReader(connection)}
	if c.password != "" {
		if _, err := client.do("AUTH", c.password); err != nil {
			client.close()
			return nil, err
		}
	}
	return client, nil
}

// ask sends one command over a connection of its own.
func (c *Cache) ask(address string, command ...string) (any, error) {
	client, err := c.dial(address)
	if err != nil {
		return nil, err
	}
	defer client.close()
	return client.do(command...)
}

func (c *Client) close() { _ = c.connection.Close() }

// do returns a string, an int64, a []any of those, or nil.
func (c *Client) do(command ...string) (any, error) {
	if err := c.connection.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return nil, err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "*%d\r\n", len(command))
	for _, each := range command {
		fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(each), each)
	}
	if _, err := io.WriteString(c.connection, out.String()); err != nil {
		return nil, err
	}
	return readReply(c.reader)
}

func readReply(reader *bufio.Reader) (any, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return nil, fmt.Errorf("an empty line in place of a reply")
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return nil, ReplyError(rest)
	}
	number, err := strconv.ParseInt(rest, 10, 64)
	if err != nil || number > maxReplyBytes && kind != ':' {
		return nil, fmt.Errorf("no reply of Redis: %q", line)
	}
	switch {
	case kind == ':':
		return number, nil
	case (kind == '$' || kind == '*') && number < 0:
		return nil, nil
	case kind == '$':
		text := make([]byte, number+2)
		if _, err := io.ReadFull(reader, text); err != nil {
			return nil, err
		}
		return string(text[:number]), nil
	case kind == '*':
		items := make([]any, 0, min(number, 1024))
		for range number {
			item, err := readReply(reader)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		return items, nil
	}
	return nil, fmt.Errorf("no reply of Redis: %q", line)
}
