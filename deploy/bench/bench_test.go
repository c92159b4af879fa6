package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain is the program itself where the bench starts its own servers: it knows itself by its path.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"floor", "profiled"}, os.Args[1]) {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTheWholeProgramRunsOnEveryEngine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.json")
	var out, log bytes.Buffer
	err := run(t.Context(), []string{
		"--seconds", "0.05", "--rounds", "1", "--callers", "2", "--stored", "10,20", "--weighed", "50", "--rush", fmt.Sprint(80 + 2*runtime.GOMAXPROCS(0)), "--json", path,
	}, &out, &log)
	require.NoError(t, err, log.String())

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var r report
	require.NoError(t, json.Unmarshal(text, &r))
	require.Len(t, r.Floors, len(engineNames)*len(operations))
	for _, f := range r.Floors {
		require.Positive(t, f.Usher.Requests, f)
		require.Positive(t, f.Floor.Requests, f)
		require.Positive(t, f.Speed, f)
		require.LessOrEqual(t, f.Usher.P50, f.Usher.P99, f)
	}
	require.Len(t, r.Rushes, len(engineNames))
	for _, rush := range r.Rushes {
		require.Positive(t, rush.PerSecond, rush)
		require.Positive(t, rush.Refused, "more than those that are hashed for and 64 that wait")
	}
	require.Len(t, r.Growth, 2*len(engineNames)*len(operations))
	require.Len(t, r.Sizes, 2*len(engineNames))
	require.Len(t, r.Weights, 4)
	for _, w := range r.Weights {
		require.Positive(t, w.Bytes, w)
	}
	require.Equal(t, 5, strings.Count(out.String(), "\n| ---"), "each table has one rule, and there are five:\n%s", out.String())
}

func TestWhatWasFoundBeforeAnErrorIsPrinted(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	err := run(t.Context(), []string{
		"--engines", "file", "--ops", "redeem,refresh", "--callers", "100", "--stored", "10", "--seconds", "0.05", "--rounds", "1",
	}, &out, &log)
	require.ErrorContains(t, err, "refresh: 64 requests are too few")
	require.Contains(t, out.String(), "| file   | redeem ")
}

func TestAProfileIsWrittenForEachOperation(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "profiles")
	var out, log bytes.Buffer
	err := run(t.Context(), []string{"--profile", dir, "--ops", "redeem", "--engines", "redis-everysec", "--stored", "10", "--seconds", "1"}, &out, &log)
	require.NoError(t, err, log.String())
	info, err := os.Stat(filepath.Join(dir, "redis-everysec-redeem.pprof"))
	require.NoError(t, err)
	require.Positive(t, info.Size())
}

func TestARefusalEndsTheRunAndIsShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	usher, err := buildUsher(t.Context(), dir)
	require.NoError(t, err)
	at, err := newSite(t.Context(), dir, "file")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, at.end()) })
	server, err := at.serve(t.Context(), usher, "serve", "--data", at.file)
	require.NoError(t, err)
	wrong := newSupply(operation{name: "redeem"}, []request{redeeming(strings.Repeat("A", 91))}, 1)
	_, err = load(t.Context(), server.addr, wrong, 2, time.Minute)
	require.ErrorContains(t, err, "404")
	require.ErrorContains(t, err, "link_unknown")
}

func TestAServerEndsWithItsInput(t *testing.T) {
	t.Parallel()
	p, err := launch(t.Context(), t.TempDir(), "", func(context.Context) error { return nil }, "sleep", "600")
	require.NoError(t, err)
	require.NoError(t, p.input.Close())
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
}
