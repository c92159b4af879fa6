package outbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// A town is a queue, with a clock that moves when it is told to, and what was done of it.
type town struct {
	*testing.T
	*Outbox
	store store.Store
	ahead atomic.Int64

	mu   sync.Mutex
	did  map[string]int
	fate map[string]error
}

var noon = time.Now().UTC().Truncate(time.Second)

// onEach plays a test on each engine.
func onEach(t *testing.T, play func(*town)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := &town{T: t, store: s, did: map[string]int{}, fate: map[string]error{}}
		w.Outbox = w.open()
		play(w)
	})
}

// open is the queue in another process.
func (w *town) open() *Outbox {
	return New(w.store, "mail", w.clock, rand.Text, slog.New(slog.DiscardHandler))
}

func (w *town) clock() time.Time         { return noon.Add(time.Duration(w.ahead.Load())) }
func (w *town) forward(by time.Duration) { w.ahead.Add(int64(by)) }

func (w *town) add(id string, until time.Time) {
	w.Helper()
	require.NoError(w, w.Add(w.Context(), Task{ID: id, Until: until, What: store.Record{"kind": "letter", "to": id}}))
}

// do does a task, with the outcome that it is to have.
func (w *town) do(_ context.Context, t Task) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did[t.ID]++
	if t.What["to"] != t.ID || len(t.What) != 2 {
		return fmt.Errorf("%w: %v", ErrHopeless, t.What)
	}
	return w.fate[t.ID]
}

// work does what there is to do now.
func (w *town) work() {
	w.Helper()
	require.NoError(w, w.busy(w.Context(), nil, w.do))
}

// leaves requires what was done how often, and what is dead of which causes.
func (w *town) leaves(did map[string]int, dead map[string]string) {
	w.Helper()
	tasks, causes, err := w.Dead(w.Context(), "", 100)
	require.NoError(w, err)
	got := map[string]string{}
	for i, t := range tasks {
		require.Equal(w, "letter", t.What["kind"])
		got[t.ID] = causes[i]
	}
	require.Equal(w, dead, got)
	require.Equal(w, did, w.did)
}

var none = map[string]string{}

func TestATaskIsDoneOnceWhoeverWorks(t *testing.T) {
	onEach(t, func(w *town) {
		want := map[string]int{}
		for i := range 60 {
			id := fmt.Sprint("task ", i)
			w.add(id, time.Time{})
			want[id] = 1
		}
		ctx, stop := context.WithCancel(w.Context())
		wake, all := make(chan time.Time), sync.WaitGroup{}
		for range 4 {
			all.Go(func() { w.open().Work(ctx, wake, w.do) })
		}
		for left := true; left; {
			wake <- noon
			ids, err := w.next(w.Context(), 1)
			require.NoError(w, err)
			left = len(ids) > 0
		}
		stop()
		all.Wait()
		w.leaves(want, none)
		w.forward(aDay / 2)
		w.work()
		w.leaves(want, none)
	})
}

func TestATaskComesBackLaterAndLaterForADay(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", time.Time{})
		w.fate["a"] = errors.New("nobody at home")
		var pauses []time.Duration
		for last := w.clock(); w.clock().Before(noon.Add(2 * aDay)); w.forward(30 * time.Second) {
			before := w.did["a"]
			w.work()
			if w.did["a"] > before {
				pauses, last = append(pauses, w.clock().Sub(last)), w.clock()
			}
		}
		s := time.Second
		require.Equal(w, []time.Duration{
			0, 30 * s, 60 * s, 120 * s, 240 * s, 480 * s, 960 * s, 1920 * s, 3840 * s, 7680 * s, 4 * time.Hour, 4 * time.Hour, 4 * time.Hour, 4 * time.Hour,
		}, pauses)
		w.leaves(map[string]int{"a": 14}, map[string]string{"a": "nobody at home"})
	})
}

func TestATaskThatFailedOnceIsDoneThen(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", time.Time{})
		w.fate["a"] = errors.New("nobody at home")
		w.work()
		w.fate["a"] = nil
		w.forward(29 * time.Second)
		w.work()
		w.leaves(map[string]int{"a": 1}, none)
		w.forward(time.Second)
		w.work()
		w.forward(aDay / 2)
		w.work()
		w.leaves(map[string]int{"a": 2}, none)
	})
}

func TestWhatIsHopelessIsTriedOnce(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", time.Time{})
		w.fate["a"] = fmt.Errorf("%w: nobody lives there", ErrHopeless)
		w.work()
		w.forward(aDay / 2)
		w.work()
		w.leaves(map[string]int{"a": 1}, map[string]string{"a": "outbox: hopeless: nobody lives there"})
		w.forward(31 * aDay)
		w.add("b", time.Time{})
		w.fate["b"] = ErrHopeless
		w.work()
		w.leaves(map[string]int{"a": 1, "b": 1}, map[string]string{"b": "outbox: hopeless"})
	})
}

func TestWhatComesTooLateIsNotDone(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", noon.Add(time.Minute))
		w.add("b", noon.Add(time.Minute))
		w.fate["b"] = errors.New("nobody at home")
		w.forward(40 * time.Second)
		_, _, err := w.claim(w.Context(), "a") // whoever took it is heard of no more
		require.NoError(w, err)
		w.work()
		w.leaves(map[string]int{"b": 1}, map[string]string{"b": "nobody at home"})
		w.forward(held)
		w.work()
		w.leaves(map[string]int{"b": 1}, map[string]string{"a": errLate.Error(), "b": "nobody at home"})
	})
}

// Whoever stops between taking a task and doing it leaves it to the others, once nobody can be about to do it.
func TestATaskSurvivesWhoeverTookIt(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", time.Time{})
		c, ok, err := w.open().claim(w.Context(), "a")
		require.NoError(w, err)
		require.True(w, ok)
		w.work()
		w.forward(held - time.Millisecond)
		w.work()
		require.Empty(w, w.did)
		w.forward(time.Millisecond)
		w.work()
		w.leaves(map[string]int{"a": 1}, none)
		w.add("a", time.Time{})
		require.NoError(w, w.done(w.Context(), c), "it comes back to life, and takes nothing away")
		w.work()
		w.leaves(map[string]int{"a": 2}, none)
	})
}

func TestATaskWaitsUntilItIsHurried(t *testing.T) {
	onEach(t, func(w *town) {
		for _, id := range []string{"a", "b"} {
			require.NoError(w, w.Add(w.Context(), Task{ID: id, After: noon.Add(time.Minute), What: store.Record{"kind": "letter", "to": id}}))
		}
		w.work()
		w.leaves(map[string]int{}, none)
		require.NoError(w, w.Hurry(w.Context(), "b"))
		require.NoError(w, w.Hurry(w.Context(), "nothing"))
		w.work()
		w.leaves(map[string]int{"b": 1}, none)
		w.fate["a"] = errors.New("nobody at home")
		w.forward(time.Minute)
		w.work()
		require.NoError(w, w.Hurry(w.Context(), "a"))
		w.work()
		w.leaves(map[string]int{"a": 1, "b": 1}, none)
	})
}

func TestATaskIsAddedOnce(t *testing.T) {
	onEach(t, func(w *town) {
		w.add("a", time.Time{})
		w.add("a", time.Time{})
		w.work()
		w.forward(aDay / 2)
		w.work()
		w.leaves(map[string]int{"a": 1}, none)
		for own := range maps.Keys(store.Fields(note{})) {
			require.ErrorContains(w, w.Add(w.Context(), Task{ID: "b", What: store.Record{own: "x"}}), "a field of its own")
		}
	})
}

func TestWhatIsLeftOfSomeTasks(t *testing.T) {
	onEach(t, func(w *town) {
		for _, id := range []string{"done", "dead", "later"} {
			w.add(id, time.Time{})
			w.fate[id] = map[string]error{"dead": ErrHopeless, "later": errors.New("nobody at home")}[id]
		}
		w.work()
		left, err := w.Left(w.Context(), "later", "done", "dead", "unheard of")
		require.NoError(w, err)
		require.Equal(w, map[string]bool{"dead": true, "later": false}, left)
	})
}
