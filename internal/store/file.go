package store

import (
	"bytes"
	"encoding/binary"

	"go.etcd.io/bbolt"
)

// How the file is laid out: one bucket, keyed by partition first, so that what a transaction touches lies on few
// pages. The name of a thing is its partition, 0, its kind, 0, the length of its id, its id, and one of these bytes;
// with a partition and a kind that hold no 0, no two keys meet.
const (
	aRecord = 1 // the fields
	anIndex = 3 // behind it, each entry
	// One more than either is its mark: the instant from which it is garbage.
)

// Before all names stand the marks again, in order of time: 0, the instant, the name.
const dueWidth = 1 + 8

// file is the bucket within one of bbolt's transactions.
type file struct{ *bbolt.Bucket }

func (k Key) name(thing byte) []byte {
	b := make([]byte, 0, len(k.Partition)+len(k.Kind)+len(k.ID)+5)
	b = append(append(b, k.Partition...), 0)
	b = append(append(b, k.Kind...), 0)
	b = append(binary.AppendUvarint(b, uint64(len(k.ID))), k.ID...)
	return append(b, thing)
}

func entryOf(index []byte, entry string) []byte {
	return append(bytes.Clone(index), entry...)
}

// beyond is the first name behind all entries of an index.
func beyond(index []byte) []byte {
	return markOf(index)
}

func markOf(name []byte) []byte {
	mark := bytes.Clone(name)
	mark[len(mark)-1]++
	return mark
}

func (f file) record(k Key) (Record, error) { return decode(f.Get(k.name(aRecord))) }

// holds says whether there is such a record, or whether the index has an entry.
func (f file) holds(name []byte) bool {
	if name[len(name)-1] == aRecord {
		return f.Get(name) != nil
	}
	k, _ := f.Cursor().Seek(name)
	return bytes.HasPrefix(k, name)
}

// clear deletes the keys from one name up to another, at most so many, and says how many there were.
func (f file) clear(from, to []byte, most int) (n int, err error) {
	c := f.Cursor()
	for k, _ := c.Seek(from); k != nil && bytes.Compare(k, to) < 0 && n < most; k, _ = c.Seek(from) {
		if err := c.Delete(); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// list reads a page. A cursor that has run off the end is set on the last key by hand.
func (f file) list(index []byte, page Page) []string {
	from, to, unbounded := page.bounds()
	low, high := entryOf(index, from), entryOf(index, to)
	if unbounded {
		high = beyond(index)
	}
	c := f.Cursor()
	step := c.Next
	k, _ := c.Seek(low)
	if page.Descending {
		step = c.Prev
		if k, _ = c.Seek(high); k == nil {
			k, _ = c.Last()
		} else {
			k, _ = c.Prev()
		}
	}
	for n := 0; n < page.Skip && within(k, low, high); n++ {
		k, _ = step()
	}
	var out []string
	for ; len(out) < page.Limit && within(k, low, high); k, _ = step() {
		out = append(out, string(k[len(index):]))
	}
	return out
}

func (f file) count(index []byte, prefix string) (n int) {
	c, whole := f.Cursor(), entryOf(index, prefix)
	for k, _ := c.Seek(whole); bytes.HasPrefix(k, whole); k, _ = c.Next() {
		n++
	}
	return n
}

func within(k, low, high []byte) bool {
	return k != nil && bytes.Compare(k, low) >= 0 && bytes.Compare(k, high) < 0
}
