package main

import (
	"context"
	"encoding/binary"
	"slices"

	"go.etcd.io/bbolt"
)

// fileFloor keeps each record as one value. Whoever waits for a commit shares the next one: a committer of its own
// does that better than bbolt's Batch, which waits for a while even where nobody else comes.
type fileFloor struct {
	db      *bbolt.DB
	waiting chan change
}

// A change is written by the committer.
type change struct {
	write func(*bbolt.Bucket) error
	done  chan error
}

var floorBucket = []byte("floor")

func openFileFloor(path string) (*fileFloor, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		FreelistType: bbolt.FreelistMapType, NoFreelistSync: true, InitialMmapSize: 64 << 20, // as usher does
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(t *bbolt.Tx) error {
		_, err := t.CreateBucketIfNotExists(floorBucket)
		return err
	})
	f := &fileFloor{db: db, waiting: make(chan change, 1024)}
	go f.commit()
	return f, err
}

// commit writes for all who wait with one sync. A change looks before it writes, so that one which is refused spoils
// nothing for the others.
func (f *fileFloor) commit() {
	for first := range f.waiting {
		batch := []change{first}
		for more := len(f.waiting); more > 0; more-- {
			batch = append(batch, <-f.waiting)
		}
		refused := make([]error, len(batch))
		err := f.db.Update(func(t *bbolt.Tx) error {
			for i, c := range batch {
				refused[i] = c.write(t.Bucket(floorBucket))
			}
			return nil
		})
		for i, c := range batch {
			if err == nil {
				c.done <- refused[i]
			} else {
				c.done <- err
			}
		}
	}
}

func (f *fileFloor) do(write func(*bbolt.Bucket) error) error {
	c := change{write, make(chan error, 1)}
	f.waiting <- c
	return <-c.done
}

func (f *fileFloor) read(_ context.Context, keys ...string) ([]record, error) {
	recs := make([]record, len(keys))
	return recs, f.db.View(func(t *bbolt.Tx) error {
		for i, key := range keys {
			recs[i] = unpacked(t.Bucket(floorBucket).Get([]byte(key)))
		}
		return nil
	})
}

func (f *fileFloor) put(_ context.Context, entries []entry) error {
	for some := range slices.Chunk(entries, 1000) {
		err := f.do(func(b *bbolt.Bucket) error { return putAll(b, some...) })
		if err != nil {
			return err
		}
	}
	return nil
}

func putAll(b *bbolt.Bucket, entries ...entry) error {
	for _, e := range entries {
		if err := b.Put([]byte(e.key), packed(e.record)); err != nil {
			return err
		}
	}
	return nil
}

// list puts a key that is only there.
func list(b *bbolt.Bucket, keys ...string) error {
	for _, key := range keys {
		if err := b.Put([]byte(key), nil); err != nil {
			return err
		}
	}
	return nil
}

// packed is fields and values, each behind its length.
func packed(r record) []byte {
	var b []byte
	for field, value := range r {
		b = append(binary.AppendUvarint(b, uint64(len(field))), field...)
		b = append(binary.AppendUvarint(b, uint64(len(value))), value...)
	}
	return b
}

func unpacked(b []byte) record {
	if b == nil {
		return nil
	}
	r := record{}
	text := func() string {
		n, width := binary.Uvarint(b)
		s := string(b[width : width+int(n)]) //nolint:gosec // packed wrote it
		b = b[width+int(n):]                 //nolint:gosec // the same
		return s
	}
	for len(b) > 0 {
		field := text()
		r[field] = text()
	}
	return r
}
