package handlers

import (
	"context"
	"sync"
	"time"

	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/common"
)

// A Memory counts for the limits of one process. However many addresses a guesser has, it grows to about a hundred
// megabytes and no further. It is safe for concurrent use, and returns no error.
type Memory struct {
	now  func() time.Time
	most int

	mu       sync.Mutex
	counters map[string]counter // those above zero
}

var _ limiter.Store = (*Memory)(nil)

type counter struct {
	n    int64
	ends time.Time
}

// mostCounters bounds a Memory. Beyond it a new counter costs one of the others, which is no way to be rid of one's own:
// that takes more guesses from more addresses than it gains.
const mostCounters = 500_000

// NewMemory returns a Memory whose windows end by this clock.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, most: mostCounters, counters: map[string]counter{}}
}

// Increment adds to a counter, which begins its window with the first that is added. What is taken from one that has
// nothing left, or whose window is over, is taken from nothing.
func (m *Memory) Increment(_ context.Context, key string, count int64, rate limiter.Rate) (limiter.Context, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, there := m.read(key, rate)
	c.n = max(0, c.n+count)
	if c.n == 0 {
		delete(m.counters, key)
		return m.state(c, rate), nil
	}
	if !there {
		m.makeRoom()
	}
	m.counters[key] = c
	return m.state(c, rate), nil
}

// Get adds one.
func (m *Memory) Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, 1, rate)
}

// Peek adds nothing.
func (m *Memory) Peek(_ context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, _ := m.read(key, rate)
	return m.state(c, rate), nil
}

// Reset forgets a counter.
func (m *Memory) Reset(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	m.mu.Lock()
	delete(m.counters, key)
	m.mu.Unlock()
	return m.Peek(ctx, key, rate)
}

// read is the counter of a key, or a new one where there is none, or one whose window is over.
func (m *Memory) read(key string, rate limiter.Rate) (c counter, there bool) {
	now := m.now()
	c, there = m.counters[key]
	if !there || !now.Before(c.ends) {
		c = counter{ends: now.Add(rate.Period)}
	}
	return c, there
}

func (m *Memory) state(c counter, rate limiter.Rate) limiter.Context {
	return common.GetContextFromState(m.now(), rate, c.ends, c.n)
}

// makeRoom looks at a few counters, wherever the map begins, and forgets those that are over; where there is no room
// otherwise, also the one that ends first. So nothing ever looks at all of them while everybody waits.
func (m *Memory) makeRoom() {
	now, looked := m.now(), 0
	first, ends := "", time.Time{}
	for key, c := range m.counters {
		if !now.Before(c.ends) {
			delete(m.counters, key)
		} else if first == "" || c.ends.Before(ends) {
			first, ends = key, c.ends
		}
		if looked++; looked == 5 {
			break
		}
	}
	if len(m.counters) >= m.most {
		delete(m.counters, first)
	}
}
