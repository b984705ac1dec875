package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

const pauseImage = "localhost/tantrum/pause:1"

// writeImage writes an archive, as `docker save` would, of an image that holds one static program
// and links to it.
func writeImage(archive, name string, program []byte, path string, links ...string) error {
	entries := []tarEntry{{name: path, content: program}}
	for _, link := range links {
		entries = append(entries, tarEntry{name: link, link: path})
	}
	layer, err := tarOf(entries)
	if err != nil {
		return err
	}
	type object = map[string]any
	config, err := json.Marshal(object{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": object{"Entrypoint": []string{"/" + path}},
		"rootfs": object{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]object{{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	content, err := tarOf([]tarEntry{
		{name: "config.json", content: config}, {name: "layer.tar", content: layer}, {name: "manifest.json", content: manifest},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(archive, content, 0o644)
}

type tarEntry struct {
	name    string
	content []byte
	link    string
}

func tarOf(entries []tarEntry) ([]byte, error) {
	out := new(bytes.Buffer)
	w := tar.NewWriter(out)
	for _, entry := range entries {
		header := &tar.Header{Name: entry.name, Mode: 0o755, Size: int64(len(entry.content)), Linkname: entry.link}
		if entry.link != "" {
			header.Typeflag = tar.TypeSymlink
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(entry.content); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}
