package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

// refuses starts the program where it can't start, and returns the one line that it says.
func refuses(t *testing.T, dir string, args ...string) string {
	t.Helper()
	stdout, stderr, code := finish(t, dir, append([]string{"--listen", "127.0.0.1:0"}, args...)...)
	assert.Equal(t, 1, code, stderr)
	assert.Empty(t, stdout)
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	assert.True(t, strings.HasPrefix(stderr, "usher: "), stderr)
	return stderr
}

func TestTheFileIsHeldByOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir)
	assert.Contains(t, refuses(t, dir), "another process holds the file: usher.db")
	_, stderr, code := finish(t, dir, "workspace", "create", "--name", "Another")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "another process holds the file")
}

func TestTheFileCannotBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Repeat("not a store\n", 10_000)), 0o600))
	assert.Contains(t, refuses(t, dir, "--data", "text"), "text: the file is damaged, or none of usher's")
	assert.Contains(t, refuses(t, dir, "--data", "no/such/directory/usher.db"), "no/such/directory")
}

func TestTheAddressIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	dir := t.TempDir()
	_, stderr, code := finish(t, dir, "--listen", taken.Addr().String())
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "address already in use")
	assert.NoFileExists(t, filepath.Join(dir, "usher.db"), "a start that fails makes nothing")
}

func TestRedisIsAway(t *testing.T) {
	t.Parallel()
	said := refuses(t, t.TempDir(), "--redis", "redis://:hunter2@127.0.0.1:1") // a free port may not stay free
	assert.Contains(t, said, "refused")
	assert.NotContains(t, said, "hunter2")
}

func TestRedisTakesAnotherPassword(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "the-right-one")
	said := refuses(t, t.TempDir(), "--redis", "redis://:hunter2@"+server.Addr)
	assert.Contains(t, said, "WRONGPASS")
	assert.NotContains(t, said, "hunter2")
	p := serving(t, t.TempDir(), "--redis", "redis://:the-right-one@"+server.Addr)
	assert.NotContains(t, p.log()+p.printed(t), "the-right-one")
}

func TestRedisThatEvictsIsRefused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory-policy", "allkeys-lru")
	assert.Contains(t, refuses(t, t.TempDir(), "--redis", server.URL()), "noeviction")
}
