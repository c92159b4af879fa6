package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// crowdSize is how many work at once on a preparation: on the file they share its syncs.
const crowdSize = 1024

// A crowd does many things at once, and says how far it is where that takes long.
type crowd struct {
	progress io.Writer
	engine   string
}

// each does n things, and stops at the first error.
func (c crowd) each(ctx context.Context, n int, what string, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	var next, done atomic.Int64
	for range min(n, crowdSize) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					cancel(fmt.Errorf("%s: %w", what, err))
				}
				done.Add(1)
			}
		})
	}
	finished := make(chan struct{})
	go func() {
		wait.Wait()
		close(finished)
	}()
	c.follow(finished, &done, n, what)
	return context.Cause(ctx)
}

const tellEvery = 5 * time.Second

func (c crowd) follow(finished <-chan struct{}, done *atomic.Int64, n int, what string) {
	start, tell := time.Now(), time.NewTicker(tellEvery)
	defer tell.Stop()
	for {
		select {
		case <-finished:
			return
		case <-tell.C:
			_, _ = fmt.Fprintf(c.progress, "%s: %d of %d %s, %v\n", c.engine, done.Load(), n, what, time.Since(start).Round(time.Second))
		}
	}
}
