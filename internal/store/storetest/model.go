package storetest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"usher/internal/store"
)

// A model is the contract once more, over maps, by one caller, as plainly as it can be said.
type model struct {
	records map[store.Key]store.Record
	indexes map[store.Key]map[string]bool
}

func newModel() *model {
	return &model{map[store.Key]store.Record{}, map[store.Key]map[string]bool{}}
}

// A modelTx is a transaction of which the model knows what its conditions and writes mean.
type modelTx struct {
	op     string
	conds  []modelCond
	writes []modelWrite
	read   []store.Key
}

type modelCond struct {
	real  store.Cond
	key   store.Key
	holds func(store.Record) bool
}

type modelWrite struct {
	real store.Write
	make func(m *model, op string)
}

func (tx modelTx) real() store.Tx {
	out := store.Tx{Op: tx.op, Read: tx.read}
	for _, c := range tx.conds {
		out.If = append(out.If, c.real)
	}
	for _, w := range tx.writes {
		out.Do = append(out.Do, w.real)
	}
	return out
}

func (m *model) apply(tx modelTx) store.Result {
	out := store.Result{Read: m.get(tx.read)}
	for i, c := range tx.conds {
		if c.holds(m.records[c.key]) {
			continue
		}
		if !slices.ContainsFunc(tx.conds, func(c modelCond) bool { return m.records[c.key]["op"] == tx.op }) {
			out.Refused = i + 1
		}
		return out
	}
	for _, w := range tx.writes {
		w.make(m, tx.op)
	}
	return out
}

func (m *model) get(keys []store.Key) []store.Record {
	out := make([]store.Record, len(keys))
	for i, k := range keys {
		out[i] = maps.Clone(m.records[k])
	}
	return out
}

func (m *model) list(index store.Key, page store.Page) []string {
	entries := slices.Sorted(maps.Keys(m.indexes[index]))
	if page.Descending {
		slices.Reverse(entries)
	}
	out, skipped := []string{}, 0
	for _, e := range entries {
		beyond := page.After == "" || !page.Descending && e > page.After || page.Descending && e < page.After
		switch {
		case !beyond || !strings.HasPrefix(e, page.Prefix):
		case skipped < page.Skip:
			skipped++
		case len(out) < page.Limit:
			out = append(out, e)
		}
	}
	return out
}

func (m *model) count(index store.Key, prefix string) (n int) {
	for e := range m.indexes[index] {
		if strings.HasPrefix(e, prefix) {
			n++
		}
	}
	return n
}

func (m *model) merge(k store.Key, op string, change store.Record) {
	r := maps.Clone(m.records[k])
	if r == nil {
		r = store.Record{}
	}
	maps.Copy(r, change)
	r["op"] = op
	maps.DeleteFunc(r, func(_, v string) bool { return v == "" })
	m.records[k] = r
}

func modelNumber(r store.Record, field string) int64 {
	if strings.HasPrefix(r[field], "+") {
		return 0
	}
	n, _ := strconv.ParseInt(r[field], 10, 64) // 0 for what is no number
	return n
}

func (h *history) cond() modelCond {
	k, field, value, n := h.key(), h.pick("field", "f", "n", "op"), h.value(), h.number()
	switch h.pick("condition", "absent", "present", "equal", "below", "above") {
	case "absent":
		return modelCond{store.Absent(k), k, func(r store.Record) bool { return r == nil }}
	case "present":
		return modelCond{store.Present(k), k, func(r store.Record) bool { return r != nil }}
	case "equal":
		return modelCond{store.Equal(k, field, value), k, func(r store.Record) bool { return r[field] == value }}
	case "below":
		return modelCond{store.Below(k, field, n), k, func(r store.Record) bool { return modelNumber(r, field) < n }}
	default:
		return modelCond{store.Above(k, field, n), k, func(r store.Record) bool { return modelNumber(r, field) > n }}
	}
}

func (h *history) write() modelWrite {
	k := h.key()
	switch h.pick("write", "set", "add", "delete", "collect", "entry", "entry", "entry") {
	case "set":
		r := store.Record{"f": h.value(), h.pick("field", "g", "n", "op"): h.value()}
		return modelWrite{store.Set(k, r), func(m *model, op string) { m.merge(k, op, r) }}
	case "add":
		field, n := h.pick("field", "f", "n"), h.number()
		return modelWrite{store.Add(k, field, n), func(m *model, op string) {
			m.merge(k, op, store.Record{field: strconv.FormatInt(modelNumber(m.records[k], field)+n, 10)})
		}}
	case "delete":
		return modelWrite{store.Delete(k), func(m *model, _ string) { delete(m.records, k); delete(m.indexes, k) }}
	case "collect":
		collect := rapid.SampledFrom([]func(store.Key, time.Time) store.Write{store.Collect, store.CollectIndex}).Draw(h.T, "thing")
		return modelWrite{collect(k, time.Now().Add(time.Hour)), func(*model, string) {}}
	default:
		return h.entryWrite(k, h.entry())
	}
}

func (h *history) entryWrite(index store.Key, entry string) modelWrite {
	switch h.pick("entry", "insert", "insert", "insert", "remove", "trim") {
	case "remove":
		return modelWrite{store.Remove(index, entry), func(m *model, _ string) { delete(m.indexes[index], entry) }}
	case "trim":
		return modelWrite{store.Trim(index, entry), func(m *model, _ string) {
			maps.DeleteFunc(m.indexes[index], func(e string, _ bool) bool { return e < entry })
		}}
	default:
		return modelWrite{store.Insert(index, entry), func(m *model, _ string) {
			if m.indexes[index] == nil {
				m.indexes[index] = map[string]bool{}
			}
			m.indexes[index][entry] = true
		}}
	}
}
