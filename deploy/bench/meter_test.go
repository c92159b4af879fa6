package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAPercentileIsOneOfTheValues(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for p, want := range map[float64]time.Duration{0: 1, 1: 1, 50: 50, 50.5: 51, 99: 99, 100: 100} {
		require.Equal(t, want, percentile(hundred, p), p)
	}
	require.Equal(t, time.Duration(7), percentile([]time.Duration{7}, 99))
	require.Zero(t, percentile(nil, 50))
}

func TestAMedianIsTheMiddleOne(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, median([]float64{9, 2, 1}), 0)
	require.InDelta(t, 2, median([]float64{9, 3, 2, 1}), 0)
	require.Zero(t, median[float64](nil))
}

// made is a round of so many requests in a second.
func made(n int, each, cpu time.Duration) round {
	r := round{cpu: cpu}
	r.took = time.Second
	for range n {
		r.each = append(r.each, each)
	}
	return r
}

func TestAnOperationMayBeForFewerCallers(t *testing.T) {
	t.Parallel()
	p := plan{callers: 16}
	require.Equal(t, 16, p.of(operation{}).callers)
	require.Equal(t, 4, p.of(operation{callers: 4}).callers)
	p.callers = 1
	require.Equal(t, 1, p.of(operation{callers: 4}).callers)
}

func TestFiguresAreOfAllRoundsTogether(t *testing.T) {
	t.Parallel()
	f := figuresOf(made(100, time.Millisecond, 50*time.Millisecond), made(300, 3*time.Millisecond, 150*time.Millisecond))
	require.Equal(t, figures{Requests: 400, PerSecond: 200, P50: 3, P99: 3, CPU: 0.5}, f)
}

func TestARatioIsTheMedianOfTheRounds(t *testing.T) {
	t.Parallel()
	perSecond := func(f figures) float64 { return f.PerSecond }
	a := []round{made(10, 1, 0), made(80, 1, 0), made(90, 1, 0)}
	b := []round{made(100, 1, 0), made(100, 1, 0), made(100, 1, 0)}
	require.InDelta(t, 0.8, ratio(a, b, perSecond), 1e-9, "one bad round is no result")
	require.Zero(t, ratio(a, b, func(f figures) float64 { return f.RedisCPU }), "there is no Redis")
}

func TestTimesAreReadFromStatWhateverTheProgramIsCalled(t *testing.T) {
	t.Parallel()
	spent, err := parseStat([]byte("17 (a) b (c) S 1 17 17 0 -1 4194304 99 0 0 0 250 50 7 7 20 0 9 0 100 1 2 3"))
	require.NoError(t, err)
	require.Equal(t, 3*time.Second, spent)
	for _, wrong := range []string{"", "17 (usher) S 1", "17 (usher) S 1 17 17 0 -1 4194304 99 0 0 0 x 50 7"} {
		_, err := parseStat([]byte(wrong))
		require.Error(t, err, wrong)
	}
}
