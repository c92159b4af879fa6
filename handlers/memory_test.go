package handlers

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/ulule/limiter/v3"
)

// A clock that a test turns.
func turned(m *Memory) func(time.Duration) {
	now := time.Unix(1_800_000_000, 0)
	m.now = func() time.Time { return now }
	return func(by time.Duration) { now = now.Add(by) }
}

func TestMemoryCountsInWindows(t *testing.T) {
	t.Parallel()
	m := NewMemory(nil)
	later := turned(m)
	add := func(n, left int64, reached bool) {
		t.Helper()
		before, err := m.Peek(t.Context(), "key", limiter.Rate{Period: time.Minute, Limit: 2})
		require.NoError(t, err)
		got, err := m.Increment(t.Context(), "key", n, limiter.Rate{Period: time.Minute, Limit: 2})
		require.NoError(t, err)
		require.Equal(t, left, got.Remaining)
		require.Equal(t, reached, got.Reached)
		require.Equal(t, before.Reset, got.Reset)
		require.EqualValues(t, 2, got.Limit)
	}
	add(1, 1, false)
	later(time.Minute - 1)
	add(1, 0, false)
	add(1, 0, true)
	add(-1, 0, false)
	later(1)
	add(1, 1, false)
	later(time.Minute)
	add(-1, 2, false)
	require.Empty(t, m.counters, "nothing is owed")
	add(1, 1, false)
	_, err := m.Reset(t.Context(), "key", limiter.Rate{Period: time.Minute, Limit: 2})
	require.NoError(t, err)
	require.Empty(t, m.counters)
	add(1, 1, false)
	add(-1, 2, false)
	require.Empty(t, m.counters, "what was given back takes no room")
}

// However many come, a memory is bounded, and keeps what lasts longest.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := NewMemory(nil)
	later := turned(m)
	m.most = 1000
	add := func(key string, period time.Duration) {
		_, err := m.Increment(t.Context(), key, 1, limiter.Rate{Period: period, Limit: 1})
		require.NoError(t, err)
	}
	for i := range 500 {
		add("a mark "+strconv.Itoa(i), aMonth)
	}
	for i := range 20_000 {
		add(strconv.Itoa(i), time.Hour)
		require.LessOrEqual(t, len(m.counters), 1000)
	}
	require.Len(t, m.counters, 1000)
	require.Contains(t, m.counters, "19999", "whoever comes is counted")
	marks := 0
	for i := range 500 {
		if _, kept := m.counters["a mark "+strconv.Itoa(i)]; kept {
			marks++
		}
	}
	require.Greater(t, marks, 50, "by chance it would be none")

	later(time.Hour)
	for i := range 1000 {
		add("next "+strconv.Itoa(i), time.Hour)
	}
	over := 0
	for _, c := range m.counters {
		if !m.now().Before(c.ends) {
			over++
		}
	}
	require.Less(t, over, 100, "who is over makes room first")
}
