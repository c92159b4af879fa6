package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"go.etcd.io/bbolt"
)

// inspect finds whatever in a file would stop bbolt when it reads the file through: it does so in a goroutine of its
// own, where a panic ends the program. A file that is opened to read only is locked, but not read through.
func inspect(path string) error {
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if err != nil {
		return err
	}
	err = db.View(func(t *bbolt.Tx) error { return walk(path, db.Info().PageSize, t) })
	return errors.Join(err, db.Close())
}

func walk(path string, pageSize int, t *bbolt.Tx) error {
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < t.Size() {
		return fmt.Errorf("it should have %d bytes, and has %d", t.Size(), info.Size())
	}
	p := pages{file: file, size: pageSize, seen: make([]bool, t.Size()/int64(pageSize))}
	p.seen[0], p.seen[1] = true, true // bbolt has read them; they say where the tree begins
	return p.walk(uint64(t.Cursor().Bucket().RootPage()), nil, nil)
}

// pages are the tree in bbolt's file. Each begins with 16 bytes: its number in 8, its kind in 2, the number of its
// entries in 2, and in 4 how many pages it goes on for. Then come the entries, of 16 bytes each, and what these point
// at. An entry of a branch leads to a page; one of a leaf has a value, which is, for a bucket, where its own tree
// begins. Numbers are as the processor has them.
type pages struct {
	file io.ReaderAt
	size int
	seen []bool
}

const (
	headBytes, entryBytes = 16, 16

	branch = 1
	leaf   = 2

	isBucket    = 1
	bucketBytes = 16 // its first page in 8 of them, and 0 there where it has none
)

type pageEntry struct {
	key   []byte
	child uint64 // a page, or 0
	root  bool   // whose keys have nothing to do with this one
}

// walk looks at a page and everything below it, whose keys ascend from low and stay under high; nil is no bound.
func (p *pages) walk(id uint64, low, high []byte) error {
	page, err := p.read(id)
	if err != nil {
		return err
	}
	entries, ok := parse(page)
	for i, e := range entries {
		ok = ok && (low == nil || bytes.Compare(e.key, low) >= 0) && (high == nil || bytes.Compare(e.key, high) < 0) &&
			(i == 0 || bytes.Compare(e.key, entries[i-1].key) > 0)
	}
	if !ok {
		return fmt.Errorf("what page %d holds", id)
	}
	for i, e := range entries {
		from, to := e.key, high
		if i+1 < len(entries) {
			to = entries[i+1].key
		}
		if e.root {
			from, to = nil, nil
		}
		if e.child == 0 {
			continue
		}
		if err := p.walk(e.child, from, to); err != nil {
			return err
		}
	}
	return nil
}

// read reads a page with all that it goes on for, none of which may belong to another one.
func (p *pages) read(id uint64) ([]byte, error) {
	head := make([]byte, headBytes)
	if id >= uint64(len(p.seen)) {
		return nil, fmt.Errorf("page %d of %d", id, len(p.seen))
	}
	at := int64(id) * int64(p.size) //nolint:gosec // less than the size of the file
	if _, err := p.file.ReadAt(head, at); err != nil {
		return nil, err
	}
	more := uint64(binary.NativeEndian.Uint32(head[12:]))
	if binary.NativeEndian.Uint64(head) != id || id+more >= uint64(len(p.seen)) {
		return nil, fmt.Errorf("the head of page %d", id)
	}
	for i := id; i <= id+more; i++ {
		if p.seen[i] {
			return nil, fmt.Errorf("page %d stands in two places", i)
		}
		p.seen[i] = true
	}
	page := make([]byte, int(more+1)*p.size) //nolint:gosec // not beyond the end of the file
	_, err := p.file.ReadAt(page, at)
	return page, err
}

// parse returns the entries of a page, and false where they can't be read.
func parse(page []byte) ([]pageEntry, bool) {
	kind, count := binary.NativeEndian.Uint16(page[8:]), int(binary.NativeEndian.Uint16(page[10:]))
	if kind != leaf && (kind != branch || count == 0) || headBytes+count*entryBytes > len(page) {
		return nil, false
	}
	entries := make([]pageEntry, 0, count)
	for i := range count {
		e, ok := parseEntry(kind, page[headBytes+i*entryBytes:])
		if !ok {
			return nil, false
		}
		entries = append(entries, e)
	}
	return entries, true
}

// parseEntry reads an entry at the beginning of from. In a branch it is where its key is, counted from there, how long
// that is, and the page; in a leaf what it is, where its key is, how long that is, and how long the value behind it.
func parseEntry(kind uint16, from []byte) (e pageEntry, ok bool) {
	number := func(i int) uint64 { return uint64(binary.NativeEndian.Uint32(from[4*i:])) }
	end := uint64(len(from))
	if kind == branch {
		at, length := number(0), number(1)
		if at+length > end {
			return e, false
		}
		e = pageEntry{key: from[at : at+length], child: binary.NativeEndian.Uint64(from[8:])}
		return e, e.child != 0
	}
	at, length, value := number(1), number(2), number(3)
	if at+length+value > end {
		return e, false
	}
	e.key = from[at : at+length]
	if number(0)&isBucket == 0 {
		return e, true
	}
	if e.root = true; value < bucketBytes {
		return e, false
	}
	e.child = binary.NativeEndian.Uint64(from[at+length:])
	return e, true
}
