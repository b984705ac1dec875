package main

import (
	"archive/tar"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func testCluster(t *testing.T) *cluster {
	t.Helper()
	t.Setenv("TANTRUM_CLUSTER_DATA", t.TempDir())
	c, err := newCluster("test")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConfigurationIsRenderedWholly(t *testing.T) {
	c := testCluster(t)

	if err := c.writeConfig(); err != nil {
		t.Fatal(err)
	}

	paths, err := filepath.Glob(c.path("*", "*.yaml"))
	if err != nil || len(paths) < 5 {
		t.Fatalf("found only %v: %v", paths, err)
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		documents := yaml.NewYAMLOrJSONDecoder(file, 4096)
		for {
			var object unstructured.Unstructured
			err := documents.Decode(&object.Object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || object.GetKind() == "" {
				t.Errorf("%s: %v, %v", path, object, err)
				break
			}
		}
	}
}

func TestNothingOfAComponentLiesOutsideTheState(t *testing.T) {
	c := testCluster(t)

	for _, name := range componentNames {
		for _, argument := range c.command(name) {
			if _, value, _ := strings.Cut(argument, "="); strings.HasPrefix(value, "/") && !strings.HasPrefix(value, c.state) {
				t.Errorf("%s is started with %s", name, argument)
			}
		}
	}
}

func TestCheckoutsDoNotShareTheirClusters(t *testing.T) {
	one, other := testCluster(t), testCluster(t)

	if one.run == other.run || one.cgroup() == other.cgroup() {
		t.Errorf("%v and %v", one, other)
	}
}

func TestTheAPIServerIsKnownByItsAddresses(t *testing.T) {
	c := testCluster(t)

	if err := c.writeKeys(); err != nil {
		t.Fatal(err)
	}

	read := func(name string) *x509.Certificate {
		content, err := os.ReadFile(c.path("pki", name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(content)
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return certificate
	}
	roots := x509.NewCertPool()
	roots.AddCert(read("ca.crt"))
	for _, host := range []string{nodeAddress, apiServiceAddress, "kubernetes.default.svc"} {
		if _, err := read("kube-apiserver.crt").Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Error(err)
		}
	}
	if _, err := read("front-proxy.crt").Verify(x509.VerifyOptions{Roots: roots}); err == nil {
		t.Error("the front proxy's certificate is good for an ordinary user")
	}
}

func TestKeysAreForTheirOwnerOnly(t *testing.T) {
	c := testCluster(t)

	if err := c.writeKeys(); err != nil {
		t.Fatal(err)
	}

	entries, err := os.ReadDir(c.path("pki"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", entry.Name(), info.Mode(), err)
		}
	}
}

func TestAnImageHoldsTheProgramUnderEachName(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "image.tar")

	if err := writeImage(archive, "localhost/x:1", []byte("program"), "pause", "setup"); err != nil {
		t.Fatal(err)
	}

	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var names []string
	outer := tar.NewReader(file)
	for header, err := outer.Next(); err == nil; header, err = outer.Next() {
		if header.Name == "layer.tar" {
			layer := tar.NewReader(outer)
			for inner, err := layer.Next(); err == nil; inner, err = layer.Next() {
				names = append(names, inner.Name+" "+inner.Linkname)
			}
		}
	}
	if want := []string{"pause ", "setup pause"}; !slices.Equal(names, want) {
		t.Errorf("got %q, not %q", names, want)
	}
}

func TestOnlyALeadingNameIsTaken(t *testing.T) {
	t.Setenv("TANTRUM_CLUSTER", "")

	name, rest, err := takeName([]string{"--name", "a", "get", "pods", "--name", "b"})

	if err != nil || name != "a" || !slices.Equal(rest, []string{"get", "pods", "--name", "b"}) {
		t.Errorf("got %q, %q, %v", name, rest, err)
	}
	if _, _, err := takeName([]string{"--name", "../x"}); err == nil {
		t.Error("a path was taken for a name")
	}
}
