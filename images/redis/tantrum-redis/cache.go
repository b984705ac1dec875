package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Cache is what the operator wrote down for the servers of one RedisCache.
type Cache struct {
	// Name is what Sentinel calls the master.
	Name string `json:"name"`
	// Nodes are the addresses (host:port) of every Redis; the first one is the master when
	// there never was one.
	Nodes []string `json:"nodes"`
	// Sentinels are the addresses of every Sentinel; none means that nothing fails over.
	Sentinels    []string `json:"sentinels"`
	Quorum       int      `json:"quorum"`
	DownAfterMs  int      `json:"downAfterMilliseconds"`
	Persistent   bool     `json:"persistent"`
	ServerConfig string   `json:"serverConfig"`
	DataFolder   string   `json:"dataFolder"`
	// RunFolder is where the configuration with the password goes, which Redis rewrites.
	RunFolder    string `json:"runFolder"`
	PasswordFile string `json:"passwordFile"`
	// CertificateFolder holds tls.crt, tls.key and ca.crt; empty means no TLS.
	CertificateFolder string `json:"certificateFolder"`
	// Program is the server, where it is not the redis-server of PATH.
	Program string `json:"program"`

	self     string
	password string
	tls      *tls.Config
}

func readCache(path, self string) (*Cache, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read what CACHE_FILE names: %w", err)
	}
	cache := &Cache{Program: "redis-server", self: self}
	if err := json.Unmarshal(text, cache); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	password, err := os.ReadFile(cache.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the password: %w", err)
	}
	cache.password = strings.TrimSpace(string(password))
	if cache.CertificateFolder != "" {
		cache.tls, err = trust(cache.CertificateFolder + "/ca.crt")
	}
	return cache, err
}

func trust(path string) (*tls.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return &tls.Config{RootCAs: roots}, nil
}

// startsAs fails for a server that is not among those that there should be. A new pod can be
// there before the kubelet has the new list: it starts again then.
func (c *Cache) startsAs(listed []string) error {
	if !slices.Contains(listed, c.self) {
		return fmt.Errorf("CACHE_SELF, %q, is not on the list of servers", c.self)
	}
	return nil
}

// others returns addresses without this server's own.
func (c *Cache) others(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(each string) bool { return each == c.self })
}

// tlsLines are the settings of a Redis and of a Sentinel for where they listen.
func (c *Cache) tlsLines(port string) []string {
	if c.CertificateFolder == "" {
		return []string{"port " + port}
	}
	return []string{
		"port 0",
		"tls-port " + port,
		"tls-replication yes",
		"tls-auth-clients no",
		"tls-cert-file " + quoted(c.CertificateFolder+"/tls.crt"),
		"tls-key-file " + quoted(c.CertificateFolder+"/tls.key"),
		"tls-ca-cert-file " + quoted(c.CertificateFolder+"/ca.crt"),
	}
}

// quoted is text as Redis' configuration takes it, whatever is in it.
func quoted(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, each := range []byte(text) {
		if each < ' ' || each > '~' || each == '"' || each == '\\' {
			fmt.Fprintf(&out, `\x%02x`, each)
		} else {
			out.WriteByte(each)
		}
	}
	out.WriteByte('"')
	return out.String()
}
