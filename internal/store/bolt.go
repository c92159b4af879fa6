package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Bolt keeps everything in one file, and syncs every commit to disk. It is the engine that needs no server.
type Bolt struct {
	path string
	db   *bbolt.DB
	now  func() time.Time

	turn    chan struct{} // held by whoever commits
	mu      sync.Mutex    // guards what follows
	waiting []*attempt
}

var bucket = []byte("usher")

const (
	lockTimeout = time.Second
	firstMap    = 64 << 20 // bytes of address space, none of memory; beyond it the file is mapped anew as it grows
)

// OpenBolt opens the file, and makes it, readable for its owner only, where there is none. The clock decides what
// is garbage. It reads the file through, twice. It returns ErrLocked where another process, or another Bolt, holds the
// file for more than a second.
func OpenBolt(path string, now func() time.Time) (*Bolt, error) {
	db, err := openFile(path)
	var plain *fs.PathError
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	case errors.As(err, &plain):
		return nil, fmt.Errorf("store: open %s: %w", path, plain.Err)
	case err != nil:
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	return &Bolt{path: path, db: db, now: now, turn: make(chan struct{}, 1)}, nil
}

func openFile(path string) (db *bbolt.DB, err error) {
	defer caught(&err)()
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		if err := inspect(path); err != nil {
			return nil, fmt.Errorf("the file is damaged, or none of usher's: %w", err)
		}
	}
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         lockTimeout,
		FreelistType:    bbolt.FreelistMapType,
		NoFreelistSync:  true, // commits cost less; opening reads the file through
		InitialMmapSize: firstMap,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(t *bbolt.Tx) error {
		_, err := t.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close implements Store.
func (s *Bolt) Close() error { return s.db.Close() }

// Get implements Store. It is a snapshot, also across partitions.
func (s *Bolt) Get(ctx context.Context, keys ...Key) ([]Record, error) {
	if err := ready(ctx, keys...); err != nil {
		return nil, err
	}
	out := make([]Record, len(keys))
	err := s.guard(s.db.View, func(f file) (err error) {
		for i, k := range keys {
			if out[i], err = f.record(k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// List implements Store.
func (s *Bolt) List(ctx context.Context, index Key, page Page) (out []string, err error) {
	if err := ready(ctx, index); err != nil {
		return nil, err
	}
	err = s.guard(s.db.View, func(f file) error {
		out = f.list(index.name(anIndex), page)
		return nil
	})
	return out, err
}

// Count implements Store.
func (s *Bolt) Count(ctx context.Context, index Key, prefix string) (n int, err error) {
	if err := ready(ctx, index); err != nil {
		return 0, err
	}
	err = s.guard(s.db.View, func(f file) error {
		n = f.count(index.name(anIndex), prefix)
		return nil
	})
	return n, err
}

// guard runs one of bbolt's transactions and translates what it met: no error of the driver leaves, and no panic,
// which is how bbolt speaks of a damaged page.
func (s *Bolt) guard(run func(func(*bbolt.Tx) error) error, do func(file) error) (err error) {
	defer func() {
		if err != nil && !errors.Is(err, errUnchanged) {
			err = fmt.Errorf("%w: %s: %s", ErrUnavailable, s.path, err.Error())
		}
	}()
	defer caught(&err)()
	return run(func(t *bbolt.Tx) error { return do(file{t.Bucket(bucket)}) })
}

// update is bbolt's Update but for a panic: after one, that looks through the whole file for free pages, in a goroutine
// of its own, where a second panic can't be caught.
func (s *Bolt) update(do func(*bbolt.Tx) error) error {
	t, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback() }() // does nothing behind a commit
	if err := do(t); err != nil {
		return err
	}
	return t.Commit()
}

// caught makes an error of a panic, and of a fault too: what is mapped and was cut off behind our back is no memory.
func caught(err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		if p := recover(); p != nil {
			*err = fmt.Errorf("the file is damaged: %v", p)
		}
	}
}
