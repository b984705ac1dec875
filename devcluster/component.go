package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// component is one program of the cluster. It runs from start to stop, and is started again when
// it ends by itself.
type component struct {
	name    string
	command []string
	log     string

	mu       sync.Mutex
	process  *os.Process // nil while it does not run
	started  time.Time
	restarts int
	stopping bool
	ended    chan struct{}
}

func (p *component) start(failed func(componentError)) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	p.stopping, p.ended = false, make(chan struct{})
	go func() {
		defer close(p.ended)
		defer log.Close()
		for {
			err := p.runOnce(log)
			p.mu.Lock()
			stopping := p.stopping
			p.mu.Unlock()
			if stopping {
				return
			}
			fmt.Fprintf(log, "--- %v; starting again in a second\n", err)
			failed(componentError{p.name, err})
			time.Sleep(time.Second)
			p.mu.Lock()
			p.restarts++
			p.mu.Unlock()
		}
	}()
	return nil
}

// runOnce returns when the process has ended, always with an error.
func (p *component) runOnce(log *os.File) error {
	command := exec.Command(p.command[0], p.command[1:]...)
	command.Stdout, command.Stderr = log, log
	p.mu.Lock()
	if p.stopping {
		p.mu.Unlock()
		return errors.New("stopped before it started")
	}
	err := command.Start()
	p.process, p.started = command.Process, time.Now()
	p.mu.Unlock()
	if err == nil {
		err = command.Wait()
	}
	p.mu.Lock()
	p.process = nil
	p.mu.Unlock()
	if err == nil {
		err = errors.New("it ended by itself")
	}
	return err
}

func (p *component) signal(signal os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
	if p.process != nil {
		_ = p.process.Signal(signal)
	}
}

func (p *component) stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
}

// componentStatus is one line of `status`.
type componentStatus struct {
	Name      string  `json:"name"`
	PID       int     `json:"pid"`
	Seconds   float64 `json:"seconds"`
	Restarts  int     `json:"restarts"`
	MemoryMiB int     `json:"memoryMiB"`
}

func (p *component) status() componentStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := componentStatus{Name: p.name, Restarts: p.restarts}
	if p.process != nil {
		s.PID, s.Seconds = p.process.Pid, time.Since(p.started).Seconds()
		s.MemoryMiB = memoryMiB(s.PID)
	}
	return s
}

func memoryMiB(pid int) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(content), &size, &resident); err != nil {
		return 0
	}
	return resident * os.Getpagesize() >> 20
}
