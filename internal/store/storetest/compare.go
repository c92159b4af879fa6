package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"usher/internal/redistest"
	"usher/internal/store"
)

// Compare plays random histories on two engines and on a model in a map, and fails where an answer differs.
func Compare(t *testing.T, a, b func(t *testing.T) store.Store) {
	t.Helper()
	engines := []store.Store{a(t), b(t)}
	rapid.Check(t, func(r *rapid.T) {
		partition := redistest.Prefix(t)[len("test-"):]
		h := history{T: r, ctx: t.Context(), partition: partition, engines: engines, model: newModel()}
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			h.apply()
			h.list()
			h.get()
		}
	})
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
	page := store.Page{Prefix: h.pick("prefix", "", "", "a", "\xff", "é"), Limit: rapid.IntRange(0, 3).Draw(h.T, "limit"), Descending: rapid.Bool().Draw(h.T, "down")}
	if rapid.Bool().Draw(h.T, "beyond") {
		page.After = h.entry()
	}
	h.same(fmt.Sprintf("list %q %+v", index, page), h.model.list(index, page), func(s store.Store) (any, error) {
		entries, err := s.List(h.ctx, index, page)
		return append([]string{}, entries...), err
	})
}

func (h *history) get() {
	keys := draw(h, "keys", 3, h.key)
	h.same(fmt.Sprintf("get %q", keys), h.model.get(keys), func(s store.Store) (any, error) { return s.Get(h.ctx, keys...) })
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

func (h *history) key() store.Key {
	return store.Key{Partition: h.partition, Kind: h.pick("kind", "a", "b"), ID: h.pick("id", "", "1", "12", ":", "1\x00")}
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
