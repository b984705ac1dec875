package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Longer than any test runs, shorter than anybody would rely on.
const certificateLife = 30 * 24 * time.Hour

type authority struct {
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newAuthority writes NAME.crt and NAME.key into folder.
func newAuthority(folder, name string) (*authority, error) {
	a := &authority{folder: folder}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "tantrum " + name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	var err error
	a.certificate, a.key, err = a.sign(name, template)
	return a, err
}

// issue writes NAME.crt and NAME.key, good for clients and for servers of the given hosts.
func (a *authority) issue(name string, subject pkix.Name, hosts ...string) error {
	template := &x509.Certificate{
		Subject:     subject,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	_, _, err := a.sign(name, template)
	return err
}

func (a *authority) sign(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return nil, nil, err
	}
	template.NotBefore = time.Now().Add(-time.Minute)
	template.NotAfter = time.Now().Add(certificateLife)
	parent, signer := template, key
	if a.certificate != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, err
	}
	if err := writePEM(filepath.Join(a.folder, name+".crt"), "CERTIFICATE", der); err != nil {
		return nil, nil, err
	}
	if err := writeKey(filepath.Join(a.folder, name+".key"), key); err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

func writeKey(path string, key crypto.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// writeKubeconfig makes one user's access, with the certificates in it so that the file can be copied.
func writeKubeconfig(folder, user string) error {
	files := map[string][]byte{"ca.crt": nil, user + ".crt": nil, user + ".key": nil}
	for name := range files {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		files[name] = content
	}
	type object = map[string]any
	content, err := json.MarshalIndent(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "tantrum",
		"clusters": []object{{"name": "tantrum", "cluster": object{
			"server": apiAddress, "certificate-authority-data": files["ca.crt"]}}},
		"users": []object{{"name": user, "user": object{
			"client-certificate-data": files[user+".crt"], "client-key-data": files[user+".key"]}}},
		"contexts": []object{{"name": "tantrum", "context": object{"cluster": "tantrum", "user": user}}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, user+".kubeconfig"), content, 0o600)
}

// writeKeys makes every key, certificate and kubeconfig of a cluster.
func (c *cluster) writeKeys() error {
	folder := c.path("pki")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority(folder, "ca")
	if err != nil {
		return err
	}
	// Of its own: who holds a certificate of it may name any user.
	front, err := newAuthority(folder, "front-proxy-ca")
	if err != nil {
		return err
	}
	if err := writeAccountKeys(folder); err != nil {
		return err
	}
	names := []string{nodeAddress, nodeName, apiServiceAddress, "127.0.0.1", "localhost",
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	for _, holder := range []struct {
		authority        *authority
		name, user, team string
		hosts            []string
	}{
		{front, "front-proxy", "front-proxy", "", nil},
		{ca, "kube-apiserver", "kube-apiserver", "", names},
		{ca, "apiserver-kubelet", "apiserver", "system:masters", nil},
		{ca, "admin", "admin", "system:masters", nil},
		{ca, "kube-controller-manager", "system:kube-controller-manager", "", nil},
		{ca, "kube-scheduler", "system:kube-scheduler", "", nil},
		{ca, "kube-proxy", "system:kube-proxy", "", nil},
		{ca, "kubelet", "system:node:" + nodeName, "system:nodes", []string{nodeAddress, nodeName}},
		{ca, "policies", "tantrum:policies", "", nil},
	} {
		subject := pkix.Name{CommonName: holder.user}
		if holder.team != "" {
			subject.Organization = []string{holder.team}
		}
		if err := holder.authority.issue(holder.name, subject, holder.hosts...); err != nil {
			return err
		}
		if err := writeKubeconfig(folder, holder.name); err != nil {
			return err
		}
	}
	return nil
}

// writeAccountKeys makes the pair that signs the tokens of service accounts.
func writeAccountKeys(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(folder, "accounts.pub"), "PUBLIC KEY", der); err != nil {
		return err
	}
	return writeKey(filepath.Join(folder, "accounts.key"), key)
}
