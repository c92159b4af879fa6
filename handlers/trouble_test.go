package handlers_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ulule/limiter/v3"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// losable are the engines, with what takes the store away for good.
var losable = map[string]func(*testing.T) (store.Store, func()){
	"bolt": func(t *testing.T) (store.Store, func()) {
		s := storetest.Bolt(t)
		return s, func() { must(t, s.Close()) }
	},
	"redis": func(t *testing.T) (store.Store, func()) {
		server := redistest.Start(t)
		return storetest.Open(t, store.RedisSettings{URL: server.URL()}), server.Kill
	},
}

// A breakable store meets, when it is told to, what nobody has thought of.
type breakable struct {
	store.Store
	now atomic.Bool
}

func (b *breakable) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	if b.now.Load() {
		return nil, errors.New("something that nobody has thought of")
	}
	return b.Store.Get(ctx, keys...)
}

// patient is a limiter whose windows last an hour, so that none ends while a busy machine counts to its number.
type patient struct{ limiter.Store }

func (p patient) Increment(ctx context.Context, key string, n int64, rate limiter.Rate) (limiter.Context, error) {
	rate.Period = time.Hour
	return p.Store.Increment(ctx, key, n, rate)
}
