package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func openTemp(t *testing.T, now func() time.Time) *Bolt {
	t.Helper()
	s, err := OpenBolt(filepath.Join(t.TempDir(), "usher.db"), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func apply(t *testing.T, s *Bolt, op string, writes ...Write) {
	t.Helper()
	if r, err := s.Apply(t.Context(), Tx{Op: op, Do: writes}); err != nil || r.Refused != 0 {
		t.Fatalf("apply %s: %+v, %v", op, r, err)
	}
}

// keys counts everything in the file, marks included.
func keys(t *testing.T, s *Bolt) (n int) {
	t.Helper()
	err := s.db.View(func(tx *bbolt.Tx) error {
		n = tx.Bucket(bucket).Stats().KeyN
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestGarbageGoesWhenItIsDue(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	s := openTemp(t, func() time.Time { return time.UnixMilli(now.Load()) })
	seat, seats, kept, tick := Key{"r:1", "seat", "1"}, Key{"r:1", "seats", "1"}, Key{"r:1", "seat", "2"}, Key{"r:1", "tick", ""}
	apply(t, s, "made", Set(seat, nil), Insert(seats, "a"), Insert(seats, "b"), Set(kept, nil), Set(tick, nil))
	apply(t, s, "due", Collect(seat, time.UnixMilli(500)), Collect(seat, time.UnixMilli(1000)), CollectIndex(seats, time.UnixMilli(1000)),
		Collect(kept, time.UnixMilli(1000)))
	apply(t, s, "later", Collect(kept, time.UnixMilli(2000)))
	now.Store(999)
	apply(t, s, "early", Set(tick, nil))
	if n := keys(t, s); n != 5+3*2 {
		t.Fatalf("%d keys before anything is due, want 5 and 3 marks of 2", n)
	}
	now.Store(1000)
	if r, err := s.Apply(t.Context(), Tx{Op: "refused", If: []Cond{Present(Key{"r:1", "none", ""})}, Do: []Write{Set(tick, nil)}}); err != nil || r.Refused != 1 {
		t.Fatal(r, err)
	}
	if n := keys(t, s); n != 11 {
		t.Fatalf("a refusal swept: %d keys", n)
	}
	apply(t, s, "on time", Set(tick, nil))
	if n := keys(t, s); n != 2+2 {
		t.Fatalf("%d keys after the first were due, want 2 and a mark of 2", n)
	}
	now.Store(2000)
	apply(t, s, "at last", Set(tick, nil))
	if n := keys(t, s); n != 1 {
		t.Fatalf("%d keys at last, want 1", n)
	}
}

// A big index goes little by little, and nothing that was written since goes with it.
func TestGarbageIsSweptInSmallBatches(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	s := openTemp(t, func() time.Time { return time.UnixMilli(now.Load()) })
	seats, tick := Key{"r:1", "seats", "1"}, Key{"r:1", "tick", ""}
	var writes []Write
	for i := range 100 {
		writes = append(writes, Insert(seats, fmt.Sprint(i)))
	}
	apply(t, s, "made", append(writes, Set(tick, nil), CollectIndex(seats, time.UnixMilli(1000)))...)
	now.Store(1000)
	for before, commits := keys(t, s), 1; before > 1; commits++ {
		apply(t, s, "tick", Set(tick, nil))
		after := keys(t, s)
		if gone := before - after; gone <= 0 || gone > leastSwept+2+2 {
			t.Fatalf("commit %d took %d keys away", commits, gone)
		}
		before = after
	}
	apply(t, s, "again", Insert(seats, "new"))
	now.Store(1 << 40)
	apply(t, s, "tick", Set(tick, nil))
	if got, err := s.List(t.Context(), seats, Page{Limit: 9}); err != nil || len(got) != 1 {
		t.Fatalf("%q, %v: what came after the collection went with it", got, err)
	}
}

func TestCancelledCallerWithdraws(t *testing.T) {
	t.Parallel()
	s := openTemp(t, time.Now)
	k := Key{"r:1", "link", "1"}
	s.turn <- struct{}{} // a commit is under way
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Apply(ctx, Tx{Op: "a", Do: []Write{Set(k, nil)}})
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want %v", err, context.Canceled)
	}
	<-s.turn
	apply(t, s, "b", Set(Key{"r:1", "link", "2"}, nil))
	if r, err := s.Get(t.Context(), k); err != nil || r[0] != nil {
		t.Fatalf("%q, %v: it was written all the same", r, err)
	}
}

// A record that can't be read spoils its own transaction, not those that share its commit.
func TestDamagedRecordSpoilsNobodyElse(t *testing.T) {
	t.Parallel()
	s := openTemp(t, time.Now)
	bad, good := Key{"r:1", "link", "bad"}, Key{"r:1", "link", "good"}
	err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(bad.name(aRecord), []byte{200}) })
	if err != nil {
		t.Fatal(err)
	}
	batch := []*attempt{
		{tx: Tx{Op: "a", Do: []Write{Set(good, nil)}}, done: make(chan struct{})},
		{tx: Tx{Op: "b", Do: []Write{Set(Key{"r:1", "link", "half"}, nil), Add(bad, "n", 1)}}, done: make(chan struct{})},
		{tx: Tx{Op: "c", If: []Cond{Equal(bad, "n", "")}}, done: make(chan struct{})},
	}
	s.commit(batch)
	for i, want := range []error{nil, ErrUnavailable, ErrUnavailable} {
		if <-batch[i].done; !errors.Is(batch[i].err, want) {
			t.Errorf("transaction %d: %v, want %v", i, batch[i].err, want)
		}
	}
	if r, err := s.Get(t.Context(), good, Key{"r:1", "link", "half"}); err != nil || r[0] == nil || r[1] != nil {
		t.Errorf("%q, %v: want the first alone", r, err)
	}
	if _, err := s.Get(t.Context(), bad); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the damaged record: %v", err)
	}
}

func TestRefusalCostsNoCommit(t *testing.T) {
	t.Parallel()
	s := openTemp(t, time.Now)
	before := s.db.Stats()
	for range 10 {
		r, err := s.Apply(t.Context(), Tx{Op: "a", If: []Cond{Present(Key{"r:1", "link", "1"})}, Do: []Write{Set(Key{"r:1", "link", "1"}, nil)}})
		if err != nil || r.Refused != 1 {
			t.Fatal(r, err)
		}
	}
	after := s.db.Stats()
	if n := after.TxStats.GetWrite() - before.TxStats.GetWrite(); n != 0 {
		t.Fatalf("%d writes to the disk for refusals", n)
	}
}
