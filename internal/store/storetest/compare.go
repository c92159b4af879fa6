package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/internal/redistest"
	"usher/internal/store"
)

// enough are the steps of a comparison where USHER_TEST_STEPS says no other number.
const enough = 30_000

// Compare plays random histories on a file, on another engine and on a model in a map, and fails where an answer
// differs. The file is closed and opened again now and then.
func Compare(t *testing.T, other func(t testing.TB) store.Store) {
	t.Helper()
	want := enough
	if given := os.Getenv("USHER_TEST_STEPS"); given != "" {
		var err error
		if want, err = strconv.Atoi(given); err != nil {
			t.Fatal(err)
		}
	}
	file := &reopening{path: filepath.Join(t.TempDir(), "usher.db")}
	file.open(t)
	t.Cleanup(func() { file.close(t) })
	engines, steps := []store.Store{file, other(t)}, 0
	for steps < want && !t.Failed() {
		rapid.Check(t, func(r *rapid.T) {
			partition := redistest.Prefix(t)[len("test-"):]
			h := history{T: r, ctx: t.Context(), partition: partition, engines: engines, model: newModel()}
			for range rapid.IntRange(1, 20).Draw(r, "steps") {
				h.apply()
				h.list()
				h.get()
				steps += 3
				if rapid.IntRange(1, 100).Draw(r, "reopen") == 100 {
					file.close(r)
					file.open(r)
				}
			}
			h.whole()
		})
	}
	t.Logf("%d steps, %d times opened", steps, file.opened)
}

// A reopening store is a file that another process might have written.
type reopening struct {
	store.Store
	path   string
	opened int
}

func (f *reopening) open(t rapid.TB) {
	s, err := store.OpenBolt(f.path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	f.Store, f.opened = s, f.opened+1
}

func (f *reopening) close(t rapid.TB) {
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// A history happens in a partition of its own, among few keys, so that it often meets itself.
type history struct {
	*rapid.T
	ctx       context.Context
	partition string
	engines   []store.Store
	model     *model
}

func (h *history) apply() {
	tx := modelTx{op: h.pick("op", "o1", "o2", "o3", "o4"), conds: draw(h, "conds", 2, h.cond), writes: draw(h, "writes", 4, h.write), read: draw(h, "reads", 2, h.key)}
	h.same(fmt.Sprintf("apply %+v", tx.real()), h.model.apply(tx), func(s store.Store) (any, error) { return s.Apply(h.ctx, tx.real()) })
}

func (h *history) list() {
	index := h.key()
	page := store.Page{Prefix: h.pick("prefix", "", "", "a", "\xff", "é"), Limit: rapid.IntRange(0, 3).Draw(h.T, "limit"), Skip: rapid.IntRange(-1, 2).Draw(h.T, "skip"), Descending: rapid.Bool().Draw(h.T, "down")}
	if rapid.Bool().Draw(h.T, "beyond") {
		page.After = h.entry()
	}
	h.lists(index, page)
	h.same(fmt.Sprintf("count %q %q", index, page.Prefix), h.model.count(index, page.Prefix), func(s store.Store) (any, error) {
		return s.Count(h.ctx, index, page.Prefix)
	})
}

func (h *history) lists(index store.Key, page store.Page) {
	h.same(fmt.Sprintf("list %q %+v", index, page), h.model.list(index, page), func(s store.Store) (any, error) {
		entries, err := s.List(h.ctx, index, page)
		return append([]string{}, entries...), err
	})
}

func (h *history) get() {
	h.gets(draw(h, "keys", 3, h.key))
}

func (h *history) gets(keys []store.Key) {
	h.same(fmt.Sprintf("get %q", keys), h.model.get(keys), func(s store.Store) (any, error) { return s.Get(h.ctx, keys...) })
}

// whole compares all that a history leaves behind.
func (h *history) whole() {
	var keys []store.Key
	for _, kind := range kinds {
		for _, id := range ids {
			keys = append(keys, store.Key{Partition: h.partition, Kind: kind, ID: id})
			h.lists(keys[len(keys)-1], everything)
		}
	}
	h.gets(keys)
}

func (h *history) same(what string, want any, ask func(store.Store) (any, error)) {
	for _, s := range h.engines {
		if got, err := ask(s); err != nil || !reflect.DeepEqual(got, want) {
			h.Fatalf("%s\n%T: %+v, %v\nmodel: %+v", what, s, got, err, want)
		}
	}
}

func (h *history) pick(label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(h.T, label)
}

var kinds, ids = []string{"a", "b"}, []string{"", "1", "12", ":", "1\x00"}

func (h *history) key() store.Key {
	return store.Key{Partition: h.partition, Kind: h.pick("kind", kinds...), ID: h.pick("id", ids...)}
}

func (h *history) entry() string {
	return h.pick("head", "", "a", "ab", "b", "é", "\xff", "\x00") + h.pick("tail", "", "1", "\x00", "\xff")
}

func (h *history) number() int64 { return rapid.Int64Range(-4, 4).Draw(h.T, "number") }

func (h *history) value() string {
	return h.pick("value", "", "0", "1", "-3", "03", "+1", "x", "é\x00")
}

func draw[E any](h *history, label string, most int, one func() E) []E {
	list := make([]E, rapid.IntRange(0, most).Draw(h.T, label))
	for i := range list {
		list[i] = one()
	}
	return list
}
