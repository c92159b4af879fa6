// Package storetest is what every engine of package store must do, as tests: one table of behaviour, of which no
// engine may pass over a row, and a comparison of two engines with a model over random histories. It also gives
// other packages' tests a store of each kind.
package storetest

import (
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"usher/internal/redistest"
	"usher/internal/store"
)

// rows are the contract.
var rows = []struct {
	name string
	play func(*scene)
}{
	{"conditions hold or refuse by number", conditions},
	{"numbers read alike", numbers},
	{"the first condition that fails is named", firstRefusal},
	{"a refusal writes nothing", refusalWritesNothing},
	{"set merges and takes away", setMerges},
	{"set with very many fields", setManyFields},
	{"add counts from nothing and below it", addCounts},
	{"delete takes a record and its index", deleteBoth},
	{"writes are made in their order", writesInOrder},
	{"reads are as before the writes", readsBefore},
	{"get keeps the order asked", getInOrder},
	{"no two keys meet", keysApart},
	{"keys that no engine takes", badKeys},
	{"transactions that no engine takes", badTransactions},
	{"pages", pages},
	{"prefixes and bounds in bytes", pagesInBytes},
	{"insert, remove and trim", indexWrites},
	{"an index of very many entries", longIndex},
	{"an echo is success, once", echoOnce},
	{"what leaves no stamp has no echo", noEcho},
	{"another op is no echo", otherOp},
	{"collect takes garbage away", collectPast},
	{"collect leaves what is not due", collectFuture},
	{"structs come back whole", structsRoundTrip},
	{"a cancelled caller writes nothing", cancelled},
	{"a late caller is told that the store is unavailable", late},
	{"one thousand callers, thirty winners", winners},
	{"concurrent adds lose nothing", concurrentAdds},
}

// Run plays every row against stores that open makes; each store is empty.
func Run(t *testing.T, open func(t testing.TB) store.Store) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.play(&scene{T: t, Store: open(t)})
		})
	}
}

// A runner is a test or a benchmark.
type runner[T any] interface {
	testing.TB
	Run(name string, part func(T)) bool
}

// Engines runs a test, or a benchmark, on a fresh store of each engine, as the parts bolt and redis. They run one after
// the other, unless a test calls t.Parallel.
func Engines[T runner[T]](t T, test func(t T, s store.Store)) {
	t.Helper()
	t.Run("bolt", func(t T) { test(t, Bolt(t)) })
	t.Run("redis", func(t T) { test(t, Redis(t)) })
}

// Bolt is a store on a file of its own.
func Bolt(t testing.TB) store.Store {
	t.Helper()
	s, err := store.OpenBolt(filepath.Join(t.TempDir(), "usher.db"), time.Now)
	return opened(t, s, err)
}

// Redis is a store on the Redis of package redistest, under a prefix of its own.
func Redis(t testing.TB) store.Store {
	t.Helper()
	return Open(t, store.RedisSettings{URL: redistest.URL(t)})
}

// Open is a store on the Redis that the settings describe, under a prefix of its own.
func Open(t testing.TB, set store.RedisSettings) store.Store {
	t.Helper()
	set.Prefix = redistest.Prefix(t)
	if set.Timeout == 0 {
		set.Timeout = 10 * time.Second // a busy machine is no failure
	}
	s, err := store.OpenRedis(t.Context(), set, slog.New(slog.DiscardHandler))
	return opened(t, s, err)
}

func opened[S store.Store](t testing.TB, s S, err error) store.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// A scene is a test with the store that it is about.
type scene struct {
	*testing.T
	store.Store
}

// place is where most rows happen.
const place = "r:1"

func key(kind, id string) store.Key { return store.Key{Partition: place, Kind: kind, ID: id} }

// applied makes writes that nothing forbids.
func (s *scene) applied(op string, writes ...store.Write) {
	s.Helper()
	s.expect(0, store.Tx{Op: op, Do: writes})
}

// expect applies tx, and fails unless it is refused by the condition of this number; 0 is none.
func (s *scene) expect(refused int, tx store.Tx) store.Result {
	s.Helper()
	r, err := s.Apply(s.Context(), tx)
	if err != nil {
		s.Fatalf("apply %s: %v", tx.Op, err)
	}
	if r.Refused != refused {
		s.Fatalf("apply %s: refused by %d, want %d", tx.Op, r.Refused, refused)
	}
	return r
}

// is fails unless the record of a key is this one; nil is none.
func (s *scene) is(k store.Key, want store.Record) {
	s.Helper()
	got, err := s.Get(s.Context(), k)
	if err != nil {
		s.Fatalf("get %q: %v", k, err)
	}
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		s.Fatalf("get %q: %q, want %q", k, got, want)
	}
}

// lists fails unless a page of an index is these entries.
func (s *scene) lists(index store.Key, page store.Page, want ...string) {
	s.Helper()
	got, err := s.List(s.Context(), index, page)
	if err != nil {
		s.Fatalf("list %q: %v", index, err)
	}
	if !slices.Equal(got, want) {
		s.Fatalf("list %q %+v: %q, want %q", index, page, got, want)
	}
}

var everything = store.Page{Limit: 1 << 20}

// counts fails unless so many entries of an index begin with prefix.
func (s *scene) counts(index store.Key, prefix string, want int) {
	s.Helper()
	if got, err := s.Count(s.Context(), index, prefix); err != nil || got != want {
		s.Fatalf("count %q %q: %d, %v, want %d", index, prefix, got, err, want)
	}
}
