package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// A sample is what one load has seen: how long it took, and each of its requests.
type sample struct {
	took time.Duration
	each []time.Duration
}

// load sends requests from so many callers, each over a connection of its own, for a length of time or until the
// supply of the round is spent. An answer that is no success ends it: no error hides in a number.
func load(ctx context.Context, addr string, s *supply, callers int, length time.Duration) (sample, error) {
	if err := s.begin(callers); err != nil {
		return sample{}, err
	}
	lines := make([]*line, callers)
	for i := range lines {
		var err error
		if lines[i], err = dial(ctx, addr); err != nil {
			return sample{}, err
		}
		defer func() { _ = lines[i].conn.Close() }() // nothing is under way any more
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	start := time.Now()
	for i, l := range lines {
		wait.Go(func() {
			if err := l.call(ctx, s, i, start.Add(length)); err != nil {
				cancel(err)
			}
		})
	}
	wait.Wait()
	out := sample{took: time.Since(start)}
	for _, l := range lines {
		out.each = append(out.each, l.each...)
	}
	if err := context.Cause(ctx); err != nil {
		return out, err
	}
	if len(out.each) == 0 {
		return out, errors.New(s.name + ": not one request")
	}
	return out, nil
}

// A line is one caller's connection. It is net/http's reading with none of its pool and its goroutines, so that the
// load costs little beside what it measures.
type line struct {
	conn   net.Conn
	reader *bufio.Reader
	body   bytes.Buffer
	header http.Header
	each   []time.Duration
}

func dial(ctx context.Context, addr string) (*line, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, reader: bufio.NewReader(conn)}, nil
}

// latest is how long one answer may take.
const latest = time.Minute

func (l *line) call(ctx context.Context, s *supply, caller int, until time.Time) error {
	if err := l.conn.SetDeadline(until.Add(latest)); err != nil {
		return err
	}
	for ctx.Err() == nil {
		before := time.Now()
		if !before.Before(until) {
			return nil
		}
		p, more := s.next(caller)
		if !more {
			return nil
		}
		status, err := l.exchange(p.wire)
		l.each = append(l.each, time.Since(before))
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if status != http.StatusOK {
			return fmt.Errorf("%s: %d: %s\n%s", s.name, status, l.body.Bytes(), p.wire)
		}
		if err := s.answered(p, l.body.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) exchange(wire []byte) (status int, err error) {
	if _, err := l.conn.Write(wire); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(l.reader, nil)
	if err != nil {
		return 0, err
	}
	l.header = res.Header
	l.body.Reset()
	_, err = l.body.ReadFrom(res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}
