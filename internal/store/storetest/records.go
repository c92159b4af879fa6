package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"usher/internal/store"
)

func conditions(s *scene) {
	k, none := key("link", "1"), key("link", "2")
	s.applied("made", store.Set(k, store.Record{"role": "user", "left": "3", "debt": "-3"}))
	for _, c := range []struct {
		holds bool
		cond  store.Cond
	}{
		{true, store.Absent(none)},
		{false, store.Absent(k)},
		{true, store.Present(k)},
		{false, store.Present(none)},
		{true, store.Equal(k, "role", "user")},
		{false, store.Equal(k, "role", "User")},
		{true, store.Equal(k, "nothing", "")},
		{true, store.Equal(none, "role", "")},
		{false, store.Equal(none, "role", "user")},
		{true, store.Below(k, "left", 4)},
		{false, store.Below(k, "left", 3)},
		{true, store.Below(k, "nothing", 1)},
		{false, store.Below(k, "nothing", 0)},
		{true, store.Below(k, "debt", -2)},
		{true, store.Below(none, "left", 1)},
		{true, store.Above(k, "left", 2)},
		{false, store.Above(k, "left", 3)},
		{true, store.Above(k, "nothing", -1)},
		{false, store.Above(none, "left", 0)},
		{true, store.Above(k, "debt", -4)},
	} {
		want := 1
		if c.holds {
			want = 0
		}
		s.Logf("%+v", c.cond)
		s.expect(want, store.Tx{Op: "looked", If: []store.Cond{c.cond}})
	}
	s.is(none, nil)
}

// numbers holds strings that some parsers take for numbers, and the limits within which the engines agree.
func numbers(s *scene) {
	const limit = int64(1)<<53 - 1
	for text, n := range map[string]int64{
		"": 0, "x": 0, "+5": 0, " 5": 0, "5 ": 0, "5.0": 0, "1e3": 0, "0x10": 0, "1_0": 0, "inf": 0, "nan": 0, "-": 0, "--5": 0, "٣": 0,
		"0": 0, "-0": 0, "007": 7, "-12": -12, "9007199254740991": limit, "-9007199254740991": -limit,
	} {
		k := key("number", text)
		s.applied("set", store.Set(k, store.Record{"n": text}))
		s.expect(2, store.Tx{Op: "less", If: []store.Cond{store.Above(k, "n", n-1), store.Below(k, "n", n)}})
		s.expect(2, store.Tx{Op: "more", If: []store.Cond{store.Below(k, "n", n+1), store.Above(k, "n", n)}})
		s.applied("add", store.Add(k, "n", -n/2))
		s.is(k, store.Record{"n": fmt.Sprint(n - n/2), "op": "add"})
	}
}

func firstRefusal(s *scene) {
	k := key("link", "1")
	s.applied("made", store.Set(k, store.Record{"left": "1"}))
	s.expect(2, store.Tx{Op: "a", If: []store.Cond{store.Present(k), store.Above(k, "left", 1), store.Absent(k)}})
	s.expect(3, store.Tx{Op: "b", If: []store.Cond{store.Present(k), store.Above(k, "left", 0), store.Absent(k)}})
	s.expect(0, store.Tx{Op: "c", If: []store.Cond{store.Present(k), store.Present(k)}})
}

func refusalWritesNothing(s *scene) {
	k, other, index := key("link", "1"), key("link", "2"), key("links", "")
	s.applied("made", store.Set(k, store.Record{"left": "1"}), store.Insert(index, "a"))
	s.expect(1, store.Tx{Op: "b", If: []store.Cond{store.Absent(k)}, Do: []store.Write{
		store.Set(other, store.Record{"x": "1"}), store.Add(k, "left", 1), store.Delete(k),
		store.Insert(index, "b"), store.Remove(index, "a"), store.Trim(index, "z"), store.Collect(k, time.UnixMilli(1)), store.CollectIndex(index, time.UnixMilli(1)),
	}})
	s.is(k, store.Record{"left": "1", "op": "made"})
	s.is(other, nil)
	s.lists(index, everything, "a")
}

func setMerges(s *scene) {
	k := key("user", "1")
	s.applied("a", store.Set(k, store.Record{"name": "Ann", "role": "user", "raw": "\x00\xff\r\n"}))
	s.applied("b", store.Set(k, store.Record{"name": "", "phone": "1", "gone": "", "op": "mine"}))
	s.is(k, store.Record{"role": "user", "phone": "1", "raw": "\x00\xff\r\n", "op": "b"})
	empty := key("user", "2")
	s.applied("c", store.Set(empty, nil))
	s.is(empty, store.Record{"op": "c"})
	s.applied("d", store.Set(empty, store.Record{"": "a field without a name"}))
	s.is(empty, store.Record{"": "a field without a name", "op": "d"})
}

func setManyFields(s *scene) {
	k, many, none := key("user", "1"), store.Record{}, store.Record{}
	for i := range 12_000 {
		many[fmt.Sprint(i)], none[fmt.Sprint(i)] = "v", ""
	}
	s.applied("many", store.Set(k, many))
	r := s.expect(0, store.Tx{Op: "none", Do: []store.Write{store.Set(k, none)}, Read: []store.Key{k}})
	if many["op"] = "many"; !reflect.DeepEqual(r.Read[0], many) {
		s.Fatalf("%d fields, want %d", len(r.Read[0]), len(many))
	}
	s.is(k, store.Record{"op": "none"})
}

func addCounts(s *scene) {
	k := key("link", "1")
	s.applied("a", store.Add(k, "left", 2), store.Add(k, "left", -5), store.Add(k, "used", 0))
	s.is(k, store.Record{"left": "-3", "used": "0", "op": "a"})
	s.applied("b", store.Set(k, store.Record{"left": "many"}), store.Add(k, "left", 7))
	s.is(k, store.Record{"left": "7", "used": "0", "op": "b"})
}

func deleteBoth(s *scene) {
	k := key("seats", "1")
	s.applied("made", store.Set(k, store.Record{"x": "1"}), store.Insert(k, "a"), store.Insert(k, "\xff\xff"), store.Insert(k, ""))
	s.is(k, store.Record{"x": "1", "op": "made"})
	s.lists(k, everything, "", "a", "\xff\xff")
	s.expect(0, store.Tx{Op: "gone", If: []store.Cond{store.Present(k)}, Do: []store.Write{store.Delete(k)}})
	s.is(k, nil)
	s.lists(k, everything)
	s.applied("again", store.Delete(k))
	s.applied("back", store.Set(k, store.Record{"y": "1"}))
	s.is(k, store.Record{"y": "1", "op": "back"})
}

func writesInOrder(s *scene) {
	k, index := key("link", "1"), key("links", "")
	s.applied("a", store.Set(k, store.Record{"x": "1", "y": "1"}), store.Delete(k), store.Set(k, store.Record{"z": "1"}),
		store.Insert(index, "b"), store.Insert(index, "a"), store.Remove(index, "b"), store.Insert(index, "c"), store.Trim(index, "b"))
	s.is(k, store.Record{"z": "1", "op": "a"})
	s.lists(index, everything, "c")
}

func readsBefore(s *scene) {
	k, none := key("link", "1"), key("link", "2")
	s.applied("a", store.Set(k, store.Record{"left": "1"}))
	tx := store.Tx{Op: "b", Do: []store.Write{store.Add(k, "left", -1), store.Set(none, store.Record{"x": "1"})}, Read: []store.Key{none, k, k}}
	before := []store.Record{nil, {"left": "1", "op": "a"}, {"left": "1", "op": "a"}}
	if r := s.expect(0, tx); !reflect.DeepEqual(r.Read, before) {
		s.Fatalf("read %q, want %q", r.Read, before)
	}
	tx.Op, tx.If = "c", []store.Cond{store.Above(k, "left", 0)}
	now := []store.Record{{"x": "1", "op": "b"}, {"left": "0", "op": "b"}, {"left": "0", "op": "b"}}
	if r := s.expect(1, tx); !reflect.DeepEqual(r.Read, now) {
		s.Fatalf("read beside a refusal %q, want %q", r.Read, now)
	}
}

func getInOrder(s *scene) {
	a, b := store.Key{Partition: "u:1", Kind: "user", ID: "a"}, store.Key{Partition: "u:2", Kind: "user", ID: "b"}
	s.applied("a", store.Set(a, store.Record{"n": "1"}))
	s.applied("b", store.Set(b, store.Record{"n": "2"}))
	got, err := s.Get(s.Context(), b, key("user", "none"), a, b)
	want := []store.Record{{"n": "2", "op": "b"}, nil, {"n": "1", "op": "a"}, {"n": "2", "op": "b"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		s.Fatalf("got %q, %v, want %q", got, err, want)
	}
	if got, err := s.Get(s.Context()); err != nil || len(got) != 0 {
		s.Fatalf("got %q, %v for no keys", got, err)
	}
}

// keysApart writes under keys that a careless encoding would take for one another.
func keysApart(s *scene) {
	var keys []store.Key
	for _, id := range []string{"", ":", "1", "1:", "a:1", "\x00", "\x001", "1\x00", "\x01", "1\x01a", "1\x03a", "}", "{x}", "\xff", "é", "1\r\n", "/", "a/1"} {
		keys = append(keys, key("a", id), key("aa", id), store.Key{Partition: place + ":a", Kind: "a", ID: id}, store.Key{Partition: "r", Kind: "1", ID: id})
	}
	for i, k := range keys {
		s.applied("op", store.Set(k, store.Record{"n": fmt.Sprint(i)}), store.Insert(k, fmt.Sprint(i)))
	}
	for i, k := range keys {
		s.is(k, store.Record{"n": fmt.Sprint(i), "op": "op"})
		s.lists(k, everything, fmt.Sprint(i))
	}
}

func badKeys(s *scene) {
	for want, keys := range map[error][]store.Key{
		store.ErrPartition: {{Kind: "a"}, {Partition: "A", Kind: "a"}, {Partition: "a}b", Kind: "a"}, {Partition: "é", Kind: "a"}, {Partition: "a\x00", Kind: "a"}},
		store.ErrKey: {
			{Partition: "a"},
			{Partition: "a", Kind: "a:b"},
			{Partition: "a", Kind: "a/b"},
			{Partition: "a", Kind: "a\x00"},
			{Partition: "a", Kind: "a", ID: strings.Repeat("x", 1<<10)},
		},
	} {
		for _, k := range keys {
			_, byGet := s.Get(s.Context(), key("a", "fine"), k)
			_, byList := s.List(s.Context(), k, everything)
			_, byCount := s.Count(s.Context(), k, "")
			_, byApply := s.Apply(s.Context(), store.Tx{Op: "a", Read: []store.Key{k}})
			if !errors.Is(byGet, want) || !errors.Is(byList, want) || !errors.Is(byCount, want) || !errors.Is(byApply, want) {
				s.Errorf("%q: get %v, list %v, count %v, apply %v, want %v", k, byGet, byList, byCount, byApply, want)
			}
		}
	}
}

func badTransactions(s *scene) {
	here, there := key("a", "1"), store.Key{Partition: "r:2", Kind: "a", ID: "1"}
	both := func(a, b store.Write) []store.Write { return []store.Write{a, b} }
	for _, c := range []struct {
		want error
		tx   store.Tx
	}{
		{store.ErrOp, store.Tx{}},
		{store.ErrOp, store.Tx{Op: "a", Do: both(store.Set(here, nil), store.Add(here, "op", 1))}},
		{store.ErrPartition, store.Tx{Op: "a", Do: both(store.Set(here, nil), store.Set(there, nil))}},
		{store.ErrPartition, store.Tx{Op: "a", If: []store.Cond{store.Absent(there)}, Do: both(store.Set(here, nil), store.Set(here, nil))}},
		{store.ErrPartition, store.Tx{Op: "a", Do: []store.Write{store.Set(here, nil)}, Read: []store.Key{there}}},
		{store.ErrKey, store.Tx{Op: "a", Do: both(store.Set(here, nil), store.Insert(here, strings.Repeat("x", 1<<14+1)))}},
	} {
		if _, err := s.Apply(s.Context(), c.tx); !errors.Is(err, c.want) {
			s.Errorf("%+v: %v, want %v", c.tx, err, c.want)
		}
	}
	s.is(here, nil)
	asking := func(n int) store.Tx {
		return store.Tx{Op: "many", If: slices.Repeat([]store.Cond{store.Absent(here), store.Below(here, "n", 1)}, n/2)}
	}
	s.expect(0, asking(1000))
	var each []store.Cond // about a record of its own
	for i := range 1000 {
		each = append(each, store.Equal(key("each", fmt.Sprint(i)), "n", ""))
	}
	s.expect(0, store.Tx{Op: "each", If: each})
	each[999] = store.Present(key("each", "999"))
	s.expect(1000, store.Tx{Op: "each", If: each})
	if _, err := s.Apply(s.Context(), asking(1002)); !errors.Is(err, store.ErrQuestions) {
		s.Errorf("more than 1,000 conditions: %v", err)
	}
	longest := strings.Repeat("\xff", 1<<10-len(place)-1)
	s.applied("longest", store.Set(key("a", longest), nil), store.Insert(key("a", longest), strings.Repeat("x", 1<<14)),
		store.Collect(key("a", longest), time.Now().Add(time.Hour)))
}
