// Command pause is the one image that the cluster itself needs: it holds a pod's namespaces open,
// and under the names setup and teardown it makes and removes the folder of a volume.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	var err error
	switch filepath.Base(os.Args[0]) {
	case "setup":
		// Pods of any user write there; a umask would keep them from it.
		syscall.Umask(0)
		err = os.MkdirAll(os.Getenv("VOL_DIR"), 0o777)
	case "teardown":
		err = os.RemoveAll(os.Getenv("VOL_DIR"))
	default:
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
		<-stop
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
