package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A rush is what becomes of more who sign in than can be hashed for: some get in, the others are told to come again,
// and do so when they were told to.
type rush struct {
	Engine    string  `json:"engine"`
	Callers   int     `json:"callers"`
	PerSecond float64 `json:"signedInPerSecond"`
	P50       float64 `json:"p50"` // milliseconds, of those who got in
	P99       float64 `json:"p99"`
	Longest   float64 `json:"longest"`
	Refused   float64 `json:"refusedPerSecond"`
	RefusedIn float64 `json:"refusedP99"` // milliseconds, until they were told
	Before    int64   `json:"memoryBefore"`
	Peak      int64   `json:"memoryPeak"`
}

var rushHead = []string{
	"engine", "callers", "signed in/s", "p50 ms", "p99 ms", "longest ms", "told to wait/s", "within ms (p99)", "usher MB before", "at most",
}

func (r rush) cells() []string {
	return []string{
		r.Engine, count(float64(r.Callers)), count(r.PerSecond), short(r.P50), short(r.P99), short(r.Longest),
		count(r.Refused), short(r.RefusedIn), megabytes(r.Before), megabytes(r.Peak),
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

// rush lets so many sign in at once, for four times the length of a round.
func (b *bench) rush(s *set) error {
	if b.Rush == 0 || s.supplied["signin"] == nil {
		return nil
	}
	b.say("%s: %d sign in at once", s.engine, b.Rush)
	before, err := s.server.memory()
	if err != nil {
		return err
	}
	length := 4 * b.plan().length
	peak, crowd := newPeak(b.ctx, s.server), make([]*rusher, b.Rush)
	var all sync.WaitGroup
	until := time.Now().Add(length)
	for i := range crowd {
		crowd[i] = &rusher{wire: s.supplied["signin"].wires[i%len(s.supplied["signin"].wires)]}
		all.Go(func() { crowd[i].err = crowd[i].come(b.ctx, s.server.addr, until) })
	}
	all.Wait()
	r := rush{Engine: s.engine, Callers: b.Rush, Before: before, Peak: peak.end()}
	var in, out sample
	for _, c := range crowd {
		if c.err != nil {
			return fmt.Errorf("the rush: %w", c.err)
		}
		in.each, out.each = append(in.each, c.in...), append(out.each, c.out...)
	}
	in.took, out.took = length, length
	got, told := figuresOf(round{sample: in}), figuresOf(round{sample: out})
	r.PerSecond, r.P50, r.P99, r.Refused, r.RefusedIn = got.PerSecond, got.P50, got.P99, told.PerSecond, told.P99
	for _, d := range in.each {
		r.Longest = max(r.Longest, float64(d)/float64(time.Millisecond))
	}
	b.Rushes = append(b.Rushes, r)
	return nil
}

// A rusher is one of the crowd.
type rusher struct {
	wire    []byte
	in, out []time.Duration
	err     error
}

// come signs in again and again. Whoever is not let in must be told when to come again.
func (c *rusher) come(ctx context.Context, addr string, until time.Time) error {
	l, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = l.conn.Close() }() // nothing is under way any more
	if err := l.conn.SetDeadline(until.Add(latest)); err != nil {
		return err
	}
	for time.Now().Before(until) && ctx.Err() == nil {
		began := time.Now()
		status, err := l.exchange(c.wire)
		switch {
		case err != nil:
			return err
		case status == http.StatusOK:
			c.in = append(c.in, time.Since(began))
			continue
		case status != http.StatusServiceUnavailable:
			return fmt.Errorf("%d: %s", status, l.body.Bytes())
		}
		c.out = append(c.out, time.Since(began))
		seconds, err := strconv.Atoi(l.header.Get("Retry-After"))
		if err != nil || seconds < 1 {
			return errors.New("a refusal that does not say when to come again")
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(time.Duration(seconds)*time.Second, time.Until(until))):
		}
	}
	return ctx.Err()
}

// A peak watches what a process has in memory.
type peak struct {
	most atomic.Int64
	stop context.CancelFunc
	over chan struct{}
}

func newPeak(ctx context.Context, p *process) *peak {
	ctx, stop := context.WithCancel(ctx)
	k := &peak{stop: stop, over: make(chan struct{})}
	go func() {
		defer close(k.over)
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		for ctx.Err() == nil {
			if now, err := p.memory(); err == nil {
				k.most.Store(max(k.most.Load(), now))
			}
			select {
			case <-ctx.Done():
			case <-look.C:
			}
		}
	}()
	return k
}

func (k *peak) end() int64 {
	k.stop()
	<-k.over
	return k.most.Load()
}
