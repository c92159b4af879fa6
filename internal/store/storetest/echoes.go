package storetest

import (
	"context"
	"errors"
	"reflect"
	"time"

	"usher/internal/store"
)

// echoOnce sends transactions again, as a driver does whose reply was lost.
func echoOnce(s *scene) {
	link, seat, seats := key("link", "1"), key("seat", "1"), key("seats", "1")
	s.applied("made", store.Set(link, store.Record{"left": "1"}))
	redeem := store.Tx{
		Op: "redeem",
		If: []store.Cond{store.Above(link, "left", 0), store.Absent(seat)},
		Do: []store.Write{store.Add(link, "left", -1), store.Set(seat, store.Record{"gen": "1"}), store.Insert(seats, "1")}, Read: []store.Key{link},
	}
	for range 3 {
		s.expect(0, redeem)
	}
	s.is(link, store.Record{"left": "0", "op": "redeem"})
	s.lists(seats, everything, "1")
	// Someone else has written the link since; the seat still bears the stamp.
	s.applied("refill", store.Set(link, store.Record{"left": "5"}))
	r := s.expect(0, redeem)
	s.is(link, store.Record{"left": "5", "op": "refill"})
	if want := []store.Record{{"left": "5", "op": "refill"}}; !reflect.DeepEqual(r.Read, want) {
		s.Fatalf("an echo reads %q, want what is there now: %q", r.Read, want)
	}
	counted := store.Tx{Op: "count", If: []store.Cond{store.Below(link, "left", 6)}, Do: []store.Write{store.Add(link, "left", 1)}}
	s.expect(0, counted)
	s.expect(0, counted)
	s.is(link, store.Record{"left": "6", "op": "count"})
}

// noEcho: a record that was deleted and an index bear no stamp.
func noEcho(s *scene) {
	k, index := key("link", "1"), key("links", "")
	s.applied("made", store.Set(k, nil))
	gone := store.Tx{Op: "gone", If: []store.Cond{store.Present(k)}, Do: []store.Write{store.Delete(k)}}
	s.expect(0, gone)
	s.expect(1, gone)
	s.applied("back", store.Set(k, nil))
	inserted := store.Tx{Op: "insert", If: []store.Cond{store.Equal(k, "listed", "")}, Do: []store.Write{store.Insert(index, "a"), store.Collect(k, time.Now().Add(time.Hour))}}
	s.expect(0, inserted)
	s.applied("listed", store.Set(k, store.Record{"listed": "1"}))
	s.expect(1, inserted)
	s.is(k, store.Record{"listed": "1", "op": "listed"})
	// Only the records beside conditions are looked at.
	other := key("link", "2")
	s.applied("elsewhere", store.Set(other, nil))
	s.expect(1, store.Tx{Op: "elsewhere", If: []store.Cond{store.Absent(k)}, Do: []store.Write{store.Set(other, store.Record{"x": "1"})}, Read: []store.Key{other}})
	s.is(other, store.Record{"op": "elsewhere"})
}

func otherOp(s *scene) {
	k := key("name", "ann")
	s.expect(0, store.Tx{Op: "first", If: []store.Cond{store.Absent(k)}, Do: []store.Write{store.Set(k, store.Record{"user": "1"})}})
	s.expect(1, store.Tx{Op: "second", If: []store.Cond{store.Absent(k)}, Do: []store.Write{store.Set(k, store.Record{"user": "2"})}})
	s.is(k, store.Record{"user": "1", "op": "first"})
}

func collectPast(s *scene) {
	k, index, stays := key("seat", "1"), key("seats", "1"), key("seat", "2")
	s.applied("made", store.Set(k, nil), store.Insert(index, "a"), store.Insert(index, "b"), store.Set(stays, nil))
	s.applied("due", store.Collect(k, time.Now().Add(-time.Hour)), store.CollectIndex(index, time.Time{}), store.Collect(key("seat", "none"), time.Time{}))
	s.applied("later", store.Set(stays, store.Record{"x": "1"}))
	s.is(k, nil)
	s.lists(index, everything)
	s.is(stays, store.Record{"x": "1", "op": "later"})
	record, list := key("both", "1"), key("both", "2")
	s.applied("both", store.Set(record, nil), store.Insert(record, "a"), store.Set(list, nil), store.Insert(list, "a"))
	s.applied("one", store.Collect(record, time.Time{}), store.CollectIndex(list, time.Time{}))
	s.applied("after", store.Set(stays, nil))
	s.is(record, nil)
	s.lists(record, everything, "a")
	s.is(list, store.Record{"op": "both"})
	s.lists(list, everything)
}

func collectFuture(s *scene) {
	later, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	moved, again, empty, both := key("seat", "moved"), key("seat", "again"), key("seats", "empty"), key("seats", "both")
	s.applied("made", store.Set(moved, nil), store.Set(again, nil), store.Insert(empty, "a"), store.Set(both, nil), store.Insert(both, "a"))
	s.applied("due", store.Collect(moved, later), store.Collect(again, later), store.CollectIndex(empty, later), store.Collect(both, later), store.CollectIndex(both, later))
	s.applied("none", store.Collect(key("seat", "none"), past)) // there is nothing yet to be collected
	s.applied("some", store.Set(key("seat", "none"), nil), store.Set(moved, store.Record{"x": "1"}))
	s.applied("gone", store.Delete(again), store.Remove(empty, "a"))
	s.applied("back", store.Set(again, nil), store.Insert(empty, "b"))
	s.is(key("seat", "none"), store.Record{"op": "some"})
	s.is(moved, store.Record{"x": "1", "op": "some"})
	s.is(again, store.Record{"op": "back"})
	s.lists(empty, everything, "b")
	s.is(both, store.Record{"op": "made"})
	s.lists(both, everything, "a")
}

func cancelled(s *scene) {
	k := key("link", "1")
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	s.ended(ctx, k, context.Canceled)
	s.is(k, nil)
}

func late(s *scene) {
	k := key("link", "1")
	ctx, cancel := context.WithDeadline(s.Context(), time.Now().Add(-time.Second))
	defer cancel()
	s.ended(ctx, k, store.ErrUnavailable)
	s.ended(ctx, k, context.DeadlineExceeded)
	s.is(k, nil)
}

func (s *scene) ended(ctx context.Context, k store.Key, want error) {
	s.Helper()
	_, byGet := s.Get(ctx, k)
	_, byList := s.List(ctx, k, everything)
	_, byCount := s.Count(ctx, k, "")
	_, byApply := s.Apply(ctx, store.Tx{Op: "a", Do: []store.Write{store.Set(k, nil)}})
	if !errors.Is(byGet, want) || !errors.Is(byList, want) || !errors.Is(byCount, want) || !errors.Is(byApply, want) {
		s.Fatalf("get %v, list %v, count %v, apply %v, want %v", byGet, byList, byCount, byApply, want)
	}
}
