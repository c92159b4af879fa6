package store_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/internal/store"
)

// wholeFile is a file of 4,000 records, up to its last page that is in use: a tree of three levels.
func wholeFile(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usher.db")
	s := openFile(t, path)
	for part := range 4 {
		var writes []store.Write
		for i := range 1000 {
			id := strings.Repeat("long", 50) + strconv.Itoa(i*4+part)
			writes = append(writes, store.Set(store.Key{Partition: "r:1", Kind: "link", ID: id}, store.Record{"v": strings.Repeat("v", i%100)}))
		}
		if _, err := s.Apply(t.Context(), store.Tx{Op: strconv.Itoa(part), Do: writes}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := len(bytes.TrimRight(content, "\x00")) / os.Getpagesize()
	return content[:(last+1)*os.Getpagesize()]
}

// opened opens a file of this content, and reads and writes in it. It panics in no goroutine.
func opened(t *testing.T, content []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usher.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenBolt(path, time.Now)
	if err != nil {
		if strings.Count(err.Error(), path) != 1 || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("not one clear line: %v", err)
		}
		return err
	}
	for name, call := range calls(s) {
		if err := call(t.Context()); err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	return s.Close()
}

func TestWholeFilesAreOpened(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{"good": wholeFile(t), "empty": nil} {
		if err := opened(t, content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDamagedFilesAreNotOpened(t *testing.T) {
	t.Parallel()
	whole := wholeFile(t)
	page := os.Getpagesize()
	for name, content := range map[string][]byte{
		"a text":        bytes.Repeat([]byte("not a database\n"), 5000),
		"a short text":  []byte("not a database\n"),
		"two pages":     whole[:2*page],
		"20,000 bytes":  whole[:20000],
		"one page":      whole[:page],
		"half":          whole[:len(whole)/2],
		"zeros":         make([]byte, len(whole)),
		"two pages, 0s": append(bytes.Clone(whole[:2*page]), make([]byte, len(whole)-2*page)...),
	} {
		if err := opened(t, content); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

// TestFlippedBytes: they may hit a value or a free page, and then it opens. What it must not do is to crash.
func TestFlippedBytes(t *testing.T) {
	t.Parallel()
	whole := wholeFile(t)
	random := rand.New(rand.NewPCG(1, 2)) // the same damage each time
	refused := 0
	for range 100 {
		content := bytes.Clone(whole)
		at := random.IntN(len(whole) - 64)
		if random.IntN(4) > 0 {
			at -= at % os.Getpagesize() // the head of a page, and its first entries
		}
		for i := range 64 {
			content[at+i] ^= byte(1 + random.IntN(255))
		}
		if opened(t, content) != nil {
			refused++
		}
	}
	if refused < 30 {
		t.Errorf("only %d were refused", refused)
	}
}
