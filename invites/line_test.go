package invites_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"usher/internal/store"
)

// A line is a store as seen over a network that may deliver a transaction twice, or late, or lose the reply.
type line struct {
	store.Store
	mu   sync.Mutex
	skip int      // transactions that pass before
	next delivery // is done to one
	said *strings.Builder
}

type delivery func(apply func() (store.Result, error)) (store.Result, error)

// does has something done to the next transaction but skip.
func (l *line) does(skip int, d delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.skip, l.next = skip, d
}

func (l *line) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	l.mu.Lock()
	if l.said != nil {
		fmt.Fprintf(l.said, "%+v\n", tx)
	}
	var d delivery
	if l.next != nil && l.skip == 0 {
		d, l.next = l.next, nil
	}
	l.skip--
	l.mu.Unlock()
	apply := func() (store.Result, error) { return l.Store.Apply(ctx, tx) }
	if d != nil {
		return d(apply)
	}
	return apply()
}

// twice is a driver that sends again what it has no reply to.
func twice(apply func() (store.Result, error)) (store.Result, error) {
	if first, err := apply(); err != nil {
		return first, err
	}
	return apply()
}

// lost is a reply that never comes.
func lost(apply func() (store.Result, error)) (store.Result, error) {
	if first, err := apply(); err != nil {
		return first, err
	}
	return store.Result{}, store.ErrUnavailable
}

// overtakes is something that happens between an operation's reading and its writing.
func overtakes(event func()) delivery {
	return func(apply func() (store.Result, error)) (store.Result, error) {
		event()
		return apply()
	}
}
