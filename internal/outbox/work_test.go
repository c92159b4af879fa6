package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestWhoStopsFinishesWhatWasBegun(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", time.Time{})
		ctx, stop := context.WithCancel(w.Context())
		began, end, gone := make(chan struct{}), make(chan error), make(chan struct{})
		go func() {
			w.Work(ctx, nil, func(ctx context.Context, _ Task) error {
				close(began)
				err := <-end
				return errors.Join(err, ctx.Err())
			})
			close(gone)
		}()
		<-began
		stop()
		select {
		case <-gone:
			w.Error("it left a task in the midst")
		case end <- nil:
		}
		<-gone
		w.forward(aDay / 2)
		w.work()
		w.leaves(map[string]int{}, none)
	})
}

// While the store is away nothing is lost, and nothing is done in vain.
func TestTheQueueWaitsForItsStore(t *testing.T) {
	t.Parallel()
	s := storetest.Bolt(t)
	w := &town{T: t, store: s, did: map[string]int{}, fate: map[string]error{}}
	w.Outbox = w.open()
	w.add("a", time.Time{})
	away := &absent{Store: s}
	o := New(away, "mail", w.clock, rand.Text, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	wake, gone := make(chan time.Time), make(chan struct{})
	away.now.Store(true)
	go func() { o.Work(ctx, wake, w.do); close(gone) }()
	wake <- noon
	wake <- noon
	away.now.Store(false)
	wake <- noon
	wake <- noon // the round before is over
	stop()
	<-gone
	w.leaves(map[string]int{"a": 1}, none)
}

type absent struct {
	store.Store
	now atomic.Bool
}

func (a *absent) List(ctx context.Context, index store.Key, page store.Page) ([]string, error) {
	if a.now.Load() {
		return nil, store.ErrUnavailable
	}
	return a.Store.List(ctx, index, page)
}
