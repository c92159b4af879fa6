package handlers

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoIsOverIsForgottenInTime(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	l := newLimits(nil, nil, now)
	for i := range mostOver {
		l.remember(strconv.Itoa(i), now().Add(-1))
	}
	l.remember("new", now().Add(1))
	require.Len(t, l.over, 1)
	for i := range mostOver + 10 {
		l.remember(strconv.Itoa(i), now().Add(1))
	}
	require.Len(t, l.over, mostOver, "it is bounded")
}

// A memory that is full is not looked through for every wrong guess.
func TestWhoIsOverIsSweptOnceASecond(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	now := start
	l := newLimits(nil, nil, func() time.Time { return now })
	fill := func(until time.Time) {
		for i := range mostOver {
			l.over[strconv.Itoa(i)] = overdue{until, until}
		}
	}
	fill(start)
	l.remember("first", start.Add(time.Hour))
	require.Len(t, l.over, 1)
	fill(start)
	now = start.Add(time.Second - 1)
	l.remember("early", now.Add(time.Hour))
	require.NotContains(t, l.over, "early")
	now = start.Add(time.Second)
	l.remember("late", now.Add(time.Hour))
	require.Len(t, l.over, 2, "the first and the late")
}

// What takes time, addresses and hashes, is done before the lock at which every call waits.
func TestMetersAreReadOutsideTheLock(t *testing.T) {
	t.Parallel()
	l := newLimits(nil, nil, time.Now)
	free := false
	subject := func(*call) string {
		if free = l.mu.TryLock(); free {
			l.mu.Unlock()
		}
		return "someone"
	}
	row := &limit{name: "test", rules: []rule{{"subject", subject, window{1, time.Second}, window{1, time.Hour}}}}
	l.remember(row.meters(&call{}, row.rules)[0].key, time.Now().Add(time.Minute))
	require.Error(t, l.fail(&call{}, row), "it is the same meter that is remembered")
	require.True(t, free)
}
