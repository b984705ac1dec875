package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// What one step may take before it is called failed; far above what a slow machine needs.
	stepTimeout = 3 * time.Minute
	poll        = 50 * time.Millisecond
)

// step is a line of JSON for each thing that is done, and a last one for the error or the end.
type step struct {
	Name      string  `json:"name,omitempty"`
	Seconds   float64 `json:"seconds"`
	Error     string  `json:"error,omitempty"`
	Component string  `json:"component,omitempty"`
	Done      bool    `json:"done,omitempty"`
}

// componentError says whose log tells more.
type componentError struct {
	component string
	err       error
}

func (e componentError) Error() string { return fmt.Sprintf("%s: %v", e.component, e.err) }

// steps tells whoever waits for some work how it goes.
type steps struct {
	ctx   context.Context
	lines *json.Encoder
	// failed is told of each component that ends: a reason why some step would wait for ever.
	failed func(componentError)
}

// tell does the work, and is false if that failed.
func tell(out io.Writer, work func(*steps) error) bool {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	s := &steps{ctx, json.NewEncoder(out), func(e componentError) { cancel(e) }}
	last := step{Done: true}
	err := work(s)
	if err != nil {
		last = step{Error: err.Error()}
		var of componentError
		if errors.As(err, &of) {
			last = step{Error: of.err.Error(), Component: of.component}
		}
	}
	return s.lines.Encode(last) == nil && err == nil
}

func (s *steps) do(name string, run func(context.Context) error) error {
	begin := time.Now()
	ctx, stop := context.WithTimeout(s.ctx, stepTimeout)
	defer stop()
	err := run(ctx)
	var of componentError
	switch {
	case err == nil:
		return s.lines.Encode(step{Name: name, Seconds: time.Since(begin).Seconds()})
	case errors.As(context.Cause(s.ctx), &of):
		return of
	case ctx.Err() != nil:
		return fmt.Errorf("%s took more than %v: %w", name, stepTimeout, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// wait polls until ready has no complaint, and returns the last one when time is over.
func wait(ctx context.Context, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(poll):
		}
	}
}

func run(ctx context.Context, name string, arguments ...string) error {
	output, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(string(output)))
	}
	return nil
}
