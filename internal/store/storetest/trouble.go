package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"usher/internal/store"
)

// Interrupted loses every reply once, and lets somebody else do something, or nobody, before it tries again, as a driver does.
type Interrupted struct {
	store.Store
	By func()
}

// Apply applies tx twice.
func (s Interrupted) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	if r, err := s.Store.Apply(ctx, tx); err != nil {
		return r, err
	}
	if s.By != nil {
		s.By()
	}
	return s.Store.Apply(ctx, tx)
}

// Interposed lets somebody else do something once, after a number of writes and before the next one.
type Interposed struct {
	store.Store
	Writes int
	Do     func()
}

// Apply applies tx.
func (s *Interposed) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	if s.Writes--; s.Writes == -1 {
		s.Do()
	}
	return s.Store.Apply(ctx, tx)
}

// Halting stops at a write: it makes a number of them, and then no more, or (Late) that one too but does not say so.
type Halting struct {
	store.Store
	After int
	Late  bool
}

// Apply is store.ErrUnavailable once it has stopped.
func (s *Halting) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	if s.After--; s.After >= 0 {
		return s.Store.Apply(ctx, tx)
	}
	if s.Late && s.After == -1 {
		if _, err := s.Store.Apply(ctx, tx); err != nil {
			return store.Result{}, err
		}
	}
	return store.Result{}, store.ErrUnavailable
}

// Deaf takes everything but events while their log is away, as if the process, or the store, failed between a change and its
// event.
type Deaf struct {
	store.Store
	Away *atomic.Bool
}

// Apply is store.ErrUnavailable for an event then.
func (s Deaf) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	if s.Away.Load() && strings.Contains(fmt.Sprint(tx), ":audit ") {
		return store.Result{}, store.ErrUnavailable
	}
	return s.Store.Apply(ctx, tx)
}
