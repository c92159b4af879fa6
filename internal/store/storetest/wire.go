package storetest

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/redistest"
	"usher/internal/store"
)

// faults are the contract of an engine that is reached over a network.
var faults = []struct {
	name    string
	timeout time.Duration // of the store; 0 is ample
	play    func(*wired)
}{
	{"a lost reply is its caller's own answer, once", 0, lostAnswers},
	{"a lost reply to a reader", 0, lostReads},
	{"a lossy wire, exact winners", 0, lossyWinners},
	{"replies later than the deadline", brief, lateReplies},
	{"late replies are nobody else's", brief, strayReplies},
	{"frozen servers", brief, frozen},
}

// brief is the timeout of a store that is going to wait for nothing. Each call has to end within twice that, on a
// machine that is busy with other tests.
const brief = 3 * time.Second

// Wire plays every fault on the wire between a store that these settings describe and its servers. The rows run one
// after the other: the wire is one.
func Wire(t *testing.T, w *redistest.Wire, set store.RedisSettings) {
	t.Helper()
	for _, row := range faults {
		t.Run(row.name, func(t *testing.T) {
			set.URL, set.Timeout = w.Addr, row.timeout
			row.play(&wired{scene{t, Open(t, set)}, w})
		})
	}
}

type wired struct {
	scene
	wire *redistest.Wire
}

// lose loses the replies to the next n requests about the place, which no request of the driver's own is.
func (s *wired) lose(n int) { s.wire.Lose("{"+place+"}", n) }

// lostAnswers has every kind of answer lost once; the driver sends the transaction again.
func lostAnswers(s *wired) {
	link, seat, seats, gone := key("link", "1"), key("seat", "1"), key("seats", "1"), key("role", "gone")
	s.applied("made", store.Set(link, store.Record{"left": "2"}), store.Set(gone, nil))
	for _, c := range []struct {
		refused int
		tx      store.Tx
	}{
		{0, redeem(link, seat, seats)},
		{0, store.Tx{Op: "count", If: []store.Cond{store.Below(link, "opened", 1)}, Do: []store.Write{store.Add(link, "opened", 1)}}},
		{0, store.Tx{
			Op: "expel", If: []store.Cond{store.Present(gone), store.Absent(key("ban", "1"))},
			Do: []store.Write{store.Delete(gone), store.Set(key("ban", "1"), nil)},
		}},
		{2, store.Tx{
			Op: "late", If: []store.Cond{store.Above(link, "left", 0), store.Absent(seat)},
			Do: []store.Write{store.Add(link, "left", -1), store.Set(seat, store.Record{"gen": "2"})},
		}},
		{0, store.Tx{Op: "name", Do: []store.Write{store.Set(link, store.Record{"name": "x"})}}},
	} {
		s.lose(1)
		s.expect(c.refused, c.tx)
		if n := s.wire.Lost(); n != 1 {
			s.Fatalf("%s: %d replies were lost, want 1", c.tx.Op, n)
		}
	}
	s.is(link, store.Record{"left": "1", "opened": "1", "name": "x", "op": "name"})
	s.is(seat, store.Record{"gen": "1", "op": "redeem"})
	s.lists(seats, everything, "1")
	s.is(gone, nil)
	s.is(key("ban", "1"), store.Record{"op": "expel"})
}

func lostReads(s *wired) {
	k := key("link", "1")
	s.applied("made", store.Set(k, store.Record{"left": "1"}), store.Insert(k, "a"))
	s.lose(1)
	s.is(k, store.Record{"left": "1", "op": "made"})
	if s.wire.Lost() != 1 {
		s.Fatal("the reply to get was not lost")
	}
	s.lose(1)
	s.lists(k, everything, "a")
	if s.wire.Lost() != 1 {
		s.Fatal("the reply to list was not lost")
	}
}

// lossyWinners loses more replies than the driver makes up for, which gives up after 4 of them, in a cluster after 16.
// Whoever is told that the store is unavailable tries the same again, until he is told how it ended; what he is told is
// what the records say.
func lossyWinners(s *wired) {
	const callers, limit, losses = 60, 7, 60 * 20
	link, seats := key("link", "1"), key("seats", "1")
	s.applied("made", store.Set(link, store.Record{"left": strconv.Itoa(limit)}))
	s.lose(losses)
	won, unavailable := make([]bool, callers), atomic.Int64{}
	s.each(callers, func(i int) {
		tx := redeem(link, key("seat", strconv.Itoa(i)), seats)
		tx.Op += strconv.Itoa(i)
		r, times := s.insist(tx)
		unavailable.Add(int64(times))
		won[i] = r.Refused == 0
	})
	if s.wire.Lost() != losses || unavailable.Load() == 0 {
		s.Fatalf("%d replies lost, %d callers told so: too few for this row", s.wire.Lost(), unavailable.Load())
	}
	winners := 0
	for i, has := range won {
		want := store.Record(nil)
		if has {
			winners++
			want = store.Record{"gen": "1", "op": "redeem" + strconv.Itoa(i)}
		}
		s.is(key("seat", strconv.Itoa(i)), want)
	}
	if winners != limit {
		s.Fatalf("%d winners, want %d", winners, limit)
	}
}

func lateReplies(s *wired) {
	link, seat, seats := key("link", "1"), key("seat", "1"), key("seats", "1")
	s.applied("made", store.Set(link, store.Record{"left": "2"}))
	tx := redeem(link, seat, seats)
	s.wire.Hold()
	calls := s.calls(tx)
	s.isUnavailable("apply", calls["apply"]) // alone, on the connection that is open: it is made
	s.each(2*len(calls), func(i int) {
		name := slices.Sorted(maps.Keys(calls))[i/2]
		if i%2 == 0 {
			s.isUnavailable(name, calls[name])
			return
		}
		ctx, cancel := context.WithCancel(s.Context())
		time.AfterFunc(brief/4, cancel)
		if err := calls[name](ctx); !errors.Is(err, context.Canceled) {
			s.Errorf("%s, cancelled: %v, want %v", name, err, context.Canceled)
		}
	})
	s.wire.Release()
	for _, tx := range []store.Tx{{Op: "look", If: []store.Cond{store.Present(seat)}}, tx} {
		if r, _ := s.insist(tx); r.Refused != 0 {
			s.Errorf("%s: refused by %d: what was late was not made, or not known again", tx.Op, r.Refused)
		}
	}
	s.is(link, store.Record{"left": "1", "op": "redeem"})
	s.lists(seats, everything, "1")
}

// strayReplies: nobody is given the reply that another had stopped waiting for.
func strayReplies(s *wired) {
	const records = 50
	number := func(i int) store.Key { return key("number", strconv.Itoa(i)) }
	get := func(i int) store.Tx { return store.Tx{Op: "get", Read: []store.Key{number(i)}} }
	s.each(records, func(i int) { // at once: many connections are open then
		s.insist(store.Tx{Op: "made", Do: []store.Write{store.Set(number(i), store.Record{"n": strconv.Itoa(i)})}})
	})
	s.wire.Hold()
	s.each(records, func(i int) { s.isUnavailable("apply", s.calls(get(i))["apply"]) })
	s.wire.Release()
	s.each(records, func(i int) {
		r, _ := s.insist(get(i))
		if want := []store.Record{{"n": strconv.Itoa(i), "op": "made"}}; !reflect.DeepEqual(r.Read, want) {
			s.Errorf("read %d: %q", i, r.Read)
		}
	})
}

// frozen has more callers than the driver has connections. The same store goes on when the servers do.
func frozen(s *wired) {
	const callers = 50
	link, seats := key("link", "1"), key("seats", "1")
	s.applied("made", store.Set(link, store.Record{"left": strconv.Itoa(callers)}))
	take := func(i int) store.Tx {
		tx := redeem(link, key("seat", strconv.Itoa(i)), seats)
		tx.Op += strconv.Itoa(i)
		return tx
	}
	s.wire.Freeze(s.T)
	s.isUnavailable("apply", s.calls(take(0))["apply"]) // alone, on the connection that is open: it is made on thawing
	s.each(callers, func(i int) {
		var wait sync.WaitGroup
		for name, call := range s.calls(take(i)) {
			wait.Go(func() { s.isUnavailable(name, call) })
		}
		wait.Wait()
	})
	s.wire.Thaw(s.T)
	s.each(callers, func(i int) {
		if r, _ := s.insist(take(i)); r.Refused != 0 {
			s.Errorf("the same again: refused by %d", r.Refused)
		}
	})
	r, err := s.Get(s.Context(), link)
	if err != nil || r[0]["left"] != "0" {
		s.Errorf("%q, %v, want none left", r, err)
	}
	if entries, err := s.List(s.Context(), seats, everything); err != nil || len(entries) != callers {
		s.Errorf("%d entries, %v, want %d", len(entries), err, callers)
	}
}

// insist applies the same tx, with the same Op, until it is told how that ended. It says how often it was told that
// the store is unavailable.
func (s *wired) insist(tx store.Tx) (r store.Result, unavailable int) {
	ctx, cancel := context.WithTimeout(s.Context(), 10*brief)
	defer cancel()
	for {
		r, err := s.Apply(ctx, tx)
		if !errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
			if err != nil {
				s.Errorf("apply %s, after %d times: %v", tx.Op, unavailable, err)
			}
			return r, unavailable
		}
		unavailable++
	}
}

// redeem takes a seat by a link, and says so in the index of seats.
func redeem(link, seat, seats store.Key) store.Tx {
	return store.Tx{
		Op: "redeem",
		If: []store.Cond{store.Above(link, "left", 0), store.Absent(seat)},
		Do: []store.Write{store.Add(link, "left", -1), store.Set(seat, store.Record{"gen": "1"}), store.Insert(seats, seat.ID)},
	}
}

// calls are one of each kind.
func (s *wired) calls(tx store.Tx) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"apply": func(ctx context.Context) error {
			_, err := s.Apply(ctx, tx)
			return err
		},
		"get": func(ctx context.Context) error {
			_, err := s.Get(ctx, key("link", "1"))
			return err
		},
		"list": func(ctx context.Context) error {
			_, err := s.List(ctx, key("seats", "1"), everything)
			return err
		},
		"count": func(ctx context.Context) error {
			_, err := s.Count(ctx, key("seats", "1"), "")
			return err
		},
	}
}

// isUnavailable fails unless a call says so, and in time.
func (s *wired) isUnavailable(name string, call func(context.Context) error) {
	s.Helper()
	start := time.Now()
	err := call(s.Context())
	if waited := time.Since(start); !errors.Is(err, store.ErrUnavailable) || waited > 2*brief {
		s.Errorf("%s: %v, after %v of %v, want %v", name, err, waited, brief, store.ErrUnavailable)
	}
}
