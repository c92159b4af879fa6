package storetest

import (
	"fmt"
	"slices"

	"usher/internal/store"
)

func pages(s *scene) {
	index := key("users", "")
	var all []string
	for i := range 25 {
		all = append(all, fmt.Sprintf("%03d", i))
	}
	var writes []store.Write
	for _, e := range all {
		writes = append(writes, store.Insert(index, e), store.Insert(key("users", "other"), "x"+e))
	}
	s.applied("made", writes...)
	for _, limit := range []int{1, 4, 5, 25, 100} {
		s.walk(index, store.Page{Limit: limit}, all)
		s.walk(index, store.Page{Limit: limit, Prefix: "01"}, all[10:20])
		s.walk(index, store.Page{Limit: limit, Prefix: "7"}, nil)
	}
	s.lists(index, store.Page{Limit: 2, Skip: 24}, "024")
	s.lists(index, store.Page{Limit: 2, Skip: 3, Descending: true}, "021", "020")
	s.lists(index, store.Page{Limit: 2, Skip: 8, Prefix: "01"}, "018", "019")
	s.lists(index, store.Page{Limit: 2, Skip: 1, After: "008"}, "010", "011")
	s.lists(index, store.Page{Limit: 2, Skip: 10, Prefix: "01"})
	s.lists(index, store.Page{Limit: 2, Skip: -1}, "000", "001")
	s.counts(index, "", 25)
	s.counts(index, "01", 10)
	s.counts(index, "7", 0)
	s.counts(key("users", "none"), "", 0)
	s.lists(index, store.Page{})
	s.lists(index, store.Page{Limit: -1})
	s.lists(key("users", "none"), everything)
	s.lists(index, store.Page{Limit: 2, After: "0075"}, "008", "009")
	s.lists(index, store.Page{Limit: 2, After: "0075", Descending: true}, "007", "006")
}

// walk reads all pages, in both directions.
func (s *scene) walk(index store.Key, page store.Page, want []string) {
	s.Helper()
	for _, page.Descending = range []bool{false, true} {
		var got []string
		for page.After = ""; ; page.After = got[len(got)-1] {
			entries, err := s.List(s.Context(), index, page)
			if err != nil {
				s.Fatal(err)
			}
			if got = append(got, entries...); len(entries) < page.Limit {
				break
			}
		}
		if page.Descending {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			s.Fatalf("%+v: %q, want %q", page, got, want)
		}
	}
}

// pagesInBytes holds entries at the edges of byte order: empty, with 0x00 and 0xff, and of more bytes than letters.
func pagesInBytes(s *scene) {
	index := key("users", "\xff")
	all := []string{"", "\x00", "\x00a", "a", "a\x00", "a\x00b", "aa", "a\xff", "a\xff\xff", "a\xff\xffz", "b", "é", "éa", "日本", "\xff", "\xff\x00", "\xff\xff"}
	if !slices.IsSorted(all) {
		s.Fatal("the row itself is wrong")
	}
	for _, e := range all {
		s.applied("one", store.Insert(index, e), store.Insert(index, e), store.Insert(key("users", "\xff\xff"), "beside"), store.Insert(key("users", ""), "beside"))
	}
	s.lists(index, everything, all...)
	for _, prefix := range []string{"\x00", "a", "a\x00", "a\xff", "é", "\xc3", "日", "\xff", "\xff\xff", "\xff\xff\xff"} {
		s.walk(index, store.Page{Limit: 2, Prefix: prefix}, slices.DeleteFunc(slices.Clone(all), func(e string) bool {
			return len(e) < len(prefix) || e[:len(prefix)] != prefix
		}))
	}
	for prefix, n := range map[string]int{"": 17, "a": 7, "a\xff": 3, "é": 2, "\xff": 3, "\xff\xff": 1, "\xff\xff\xff": 0} {
		s.counts(index, prefix, n)
	}
	// After may lie outside the prefix: before it, nothing is passed over; behind it, nothing is left.
	s.lists(index, store.Page{Limit: 2, Prefix: "a", After: "\x00a"}, "a", "a\x00")
	s.lists(index, store.Page{Limit: 2, Prefix: "a", After: "b"})
	s.lists(index, store.Page{Limit: 2, Prefix: "a", After: "b", Descending: true}, "a\xff\xffz", "a\xff\xff")
	s.lists(index, store.Page{Limit: 2, Prefix: "a", After: "\x00", Descending: true})
}

func indexWrites(s *scene) {
	index := key("seats", "1")
	s.applied("a", store.Insert(index, "b"), store.Insert(index, "a"), store.Insert(index, "b"), store.Insert(index, "c\x00"), store.Insert(index, ""))
	s.lists(index, everything, "", "a", "b", "c\x00")
	s.applied("b", store.Remove(index, "b"), store.Remove(index, "never"), store.Remove(key("seats", "2"), "b"))
	s.lists(index, everything, "", "a", "c\x00")
	s.applied("c", store.Trim(index, ""))
	s.lists(index, everything, "", "a", "c\x00")
	s.applied("d", store.Trim(index, "a"))
	s.lists(index, everything, "a", "c\x00")
	s.applied("e", store.Trim(index, "c\x00\x00"), store.Trim(key("seats", "2"), "z"))
	s.lists(index, everything)
	s.is(index, nil)
}

func longIndex(s *scene) {
	index := key("audit", "")
	for part := range 4 {
		var writes []store.Write
		for i := range 3000 {
			writes = append(writes, store.Insert(index, fmt.Sprintf("%06d", 3000*part+i)))
		}
		s.applied("part", writes...)
	}
	s.applied("trim", store.Trim(index, "011998"))
	s.lists(index, everything, "011998", "011999")
}
