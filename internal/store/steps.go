package store

import (
	"encoding/binary"
	"slices"
)

// steps are what apply.lua is to do, as lists of numbers and texts in MessagePack.
type steps struct {
	full   [][]byte
	packed []byte // the list that is not full yet
	items  int    // of that
}

// Lua has room for some 8,000 items at once. All that mostQuestions ask fits one list.
const (
	manyItems = 7000 // behind so many another list begins
	manyTexts = 500  // as one write takes
)

func (s *steps) lists() [][]byte { return append(s.full, s.packed) }

// step adds one with no more than a text.
func (s *steps) step(what verb, n int, text ...string) {
	if s.items > manyItems {
		s.full, s.packed, s.items = append(s.full, s.packed), nil, 0
	}
	s.text(string(what))
	s.number(int64(n))
	for _, t := range text {
		s.text(t)
	}
}

// texts adds one with a list of texts.
func (s *steps) texts(what verb, n int, texts []string) {
	s.step(what, n)
	s.number(int64(len(texts)))
	for _, t := range texts {
		s.text(t)
	}
}

// condition is about the next of the fields that are looked at.
func (s *steps) condition(n int, cond Cond) {
	switch {
	case cond.verb == isEqual && cond.value == "":
		s.step(isAbsent, n, "")
	case cond.verb == isBelow, cond.verb == isAbove:
		s.step(cond.verb, n)
		s.number(cond.number)
	default:
		s.step(cond.verb, n, cond.value)
	}
}

func (s *steps) set(record int, r Record) {
	given, taken := make([]string, 0, 2*len(r)), []string(nil)
	for field, value := range r {
		switch {
		case field == stamp:
		case value == "":
			taken = append(taken, field)
		default:
			given = append(given, field, value)
		}
	}
	head := min(len(given), manyTexts)
	s.texts(doSet, record, given[:head]) // even an empty one makes the record and stamps it
	for part := range slices.Chunk(given[head:], manyTexts) {
		s.texts(doSet, record, part)
	}
	for part := range slices.Chunk(taken, manyTexts) {
		s.texts('u', record, part)
	}
}

// text adds a str 32, or a fixstr where it is short.
func (s *steps) text(t string) {
	s.items++
	if len(t) < 32 {
		s.packed = append(s.packed, 0xa0|byte(len(t))) //nolint:gosec // less than 32
	} else {
		s.packed = binary.BigEndian.AppendUint32(append(s.packed, 0xdb), uint32(len(t))) //nolint:gosec // less than 4 GiB
	}
	s.packed = append(s.packed, t...)
}

// number adds an int 64, or a positive fixint where it is small.
func (s *steps) number(n int64) {
	s.items++
	if 0 <= n && n < 128 {
		s.packed = append(s.packed, byte(n))
		return
	}
	s.packed = binary.BigEndian.AppendUint64(append(s.packed, 0xd3), uint64(n)) //nolint:gosec // the same bits
}
