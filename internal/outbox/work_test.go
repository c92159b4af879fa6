package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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

// However long some take, the others are done meanwhile, while there is a slot.
func TestATaskThatHangsHoldsUpNoOther(t *testing.T) {
	onEach(t, func(w *town) {
		const hanging = usual - 1
		for i := range hanging {
			w.add(fmt.Sprint("hangs ", i), time.Time{})
		}
		began, end, gone := make(chan string), make(chan struct{}), make(chan struct{})
		ctx, stop := context.WithCancel(w.Context())
		wake := make(chan time.Time)
		go func() {
			w.Work(ctx, wake, func(_ context.Context, t Task) error {
				began <- t.ID
				if strings.HasPrefix(t.ID, "hangs") {
					<-end
				}
				return nil
			})
			close(gone)
		}()
		for range hanging {
			require.Contains(w, <-began, "hangs")
		}
		for i := range 3 * usual {
			w.add(fmt.Sprint("goes on ", i), time.Time{})
		}
		wake <- noon
		for range 3 * usual {
			require.Contains(w, <-began, "goes on")
		}
		close(end)
		stop()
		<-gone
		w.leaves(map[string]int{}, none)
		left, err := w.next(w.Context(), 1)
		require.NoError(w, err)
		require.Empty(w, left)
	})
}

func TestATaskThatWasNotTriedHasItsTurnLater(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", time.Time{})
		w.fate["a"] = &LaterError{noon.Add(time.Minute)}
		w.work()
		w.forward(time.Minute - time.Millisecond)
		w.work()
		w.leaves(map[string]int{"a": 1}, none)
		w.fate["a"] = errors.New("nobody at home")
		w.forward(time.Millisecond)
		w.work()
		w.forward(soonest) // it was tried once, and so that is its pause
		w.fate["a"] = nil
		w.work()
		w.leaves(map[string]int{"a": 3}, none)
	})
}

func TestTheDeadOfAGroupAreToldApart(t *testing.T) {
	onEach(t, func(w *town) {
		for id, group := range map[string]string{"a": "x", "b": "y", "c": ""} {
			what := store.Record{"kind": "letter", "to": id}
			require.NoError(w, w.Add(w.Context(), Task{ID: id, Group: group, What: what}))
			w.fate[id] = ErrHopeless
		}
		w.work()
		for group, count := range map[string]int{"x": 1, "y": 1, "z": 0, "": 3} {
			tasks, _, err := w.Dead(w.Context(), group, 100)
			require.NoError(w, err)
			require.Len(w, tasks, count, group)
			if group != "" && count > 0 {
				require.Equal(w, group, tasks[0].Group)
			}
		}
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
