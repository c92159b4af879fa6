package main

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// open makes the floor's own data in a store of the kind that usher has.
func (f *floor) open(ctx context.Context) (*counter, error) {
	m, err := newMint()
	if err != nil {
		return nil, err
	}
	s := &counter{mint: m, hash: make(chan struct{}, runtime.GOMAXPROCS(0))}
	if f.Redis != "" {
		s.backing, err = openRedisFloor(f.Redis)
	} else {
		s.backing, err = openFileFloor(f.Data)
	}
	if err != nil {
		return nil, err
	}
	return s, s.settle(ctx, f.Stored)
}

// kept is until when what has ended is kept.
func kept(ends time.Time) int64 { return ends.AddDate(0, 0, 7).UnixMilli() }

// listed is an entry of a list that is sorted by time.
func listed(at time.Time, id string) string { return fmt.Sprintf("%013d:%s", at.UnixMilli(), id) }
