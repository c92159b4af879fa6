package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/internal/store"
)

var link = store.Key{Partition: "r:1", Kind: "link", ID: "1"}

func openFile(t *testing.T, path string) *store.Bolt {
	t.Helper()
	s, err := store.OpenBolt(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestFileIsItsOwnersAndOneProcesss(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openFile(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	start := time.Now()
	_, err = store.OpenBolt(path, time.Now)
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Fatalf("a second one: %v", err)
	}
	if waited := time.Since(start); waited > 2*time.Second {
		t.Fatalf("it waited %v", waited)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openFile(t, path)
}

func TestFileKeepsEverything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openFile(t, path)
	index := store.Key{Partition: "r:1", Kind: "links", ID: ""}
	_, err := s.Apply(t.Context(), store.Tx{Op: "a", Do: []store.Write{store.Set(link, store.Record{"left": "3"}), store.Insert(index, "x"), store.Insert(index, "y")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), store.Tx{Op: "b", Do: []store.Write{store.Set(link, nil)}}); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("apply on a closed store: %v", err)
	}
	if _, err := s.Get(t.Context(), link); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("get on a closed store: %v", err)
	}
	s = openFile(t, path)
	records, err := s.Get(t.Context(), link)
	if want := []store.Record{{"left": "3", "op": "a"}}; err != nil || !reflect.DeepEqual(records, want) {
		t.Fatalf("%q, %v, want %q", records, err, want)
	}
	entries, err := s.List(t.Context(), index, store.Page{Limit: 9})
	if err != nil || len(entries) != 2 {
		t.Fatalf("%q, %v", entries, err)
	}
}

func TestFileThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a database\n"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, dir, filepath.Join(dir, "missing", "usher.db")} {
		s, err := store.OpenBolt(path, time.Now)
		if err == nil {
			_ = s.Close()
			t.Fatalf("%s was opened", path)
		}
		if strings.Count(err.Error(), path) != 1 || strings.Contains(err.Error(), "\n") {
			t.Errorf("not one clear line: %v", err)
		}
	}
}

// TestDamagedPages overwrites what an open store reads: it must find an error, not panic, and not stand still.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openFile(t, path)
	var writes []store.Write
	for i := range 2000 {
		writes = append(writes, store.Set(store.Key{Partition: "r:1", Kind: "link", ID: strconv.Itoa(i)}, store.Record{"v": strings.Repeat("v", 100)}))
	}
	if _, err := s.Apply(t.Context(), store.Tx{Op: "a", Do: writes}); err != nil {
		t.Fatal(err)
	}
	damage(t, path)
	for range 2 {
		for name, call := range calls(s) {
			if err := call(t.Context()); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestACutFile cuts off what an open store has mapped: reading there is a fault, which is no panic by itself.
func TestACutFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openFile(t, path)
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(s) {
		if err := call(t.Context()); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// damage overwrites the head of every page but the first two, which say where the others are.
func damage(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for at, page := 2*int64(os.Getpagesize()), int64(os.Getpagesize()); at < info.Size(); at += page {
		if _, err := file.WriteAt(bytes.Repeat([]byte{0xee}, 64), at); err != nil {
			t.Fatal(err)
		}
	}
}
