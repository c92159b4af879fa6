package handlers

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ulule/limiter/v3"
)

// limits counts calls against the table. Its store is shared by a fleet; what it remembers is this process's own.
type limits struct {
	store limiter.Store
	now   func() time.Time

	mu   sync.Mutex
	over map[string]time.Time // subjects that are over a limit, and until when
}

// mostOver bounds what is remembered. Beyond it, who is over costs a trip to the store again.
const mostOver = 100_000

// limited refuses a call that is over a limit.
type limited struct {
	*limit
	rule   rule
	window string
	wait   time.Duration
}

func (e *limited) Error() string { return "handlers: over the limit " + e.name }

// headers says how long to wait, and the windows that apply, in the words of draft-ietf-httpapi-ratelimit-headers.
func (e *limited) headers(h http.Header) {
	seconds := max(1, int64((e.wait+time.Second-1)/time.Second))
	name := e.name + "-" + e.rule.subject + "-"
	h.Set("Retry-After", fmt.Sprint(seconds))
	h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%d", name+e.window, seconds))
	var policy []string
	for window, w := range e.rule.windows() {
		policy = append(policy, fmt.Sprintf("%q;q=%d;w=%d", name+window, w.most, int64(w.length.Seconds())))
	}
	h.Set("RateLimit-Policy", strings.Join(policy, ", "))
}

func (r rule) windows() iter.Seq2[string, window] {
	return func(yield func(string, window) bool) {
		_ = yield("burst", r.burst) && yield("hour", r.hour)
	}
}

// refuseOver refuses at once, and without a trip, who is known here to be over a limit.
func (l *limits) refuseOver(c *call, row *limit) error {
	if row == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range row.rules {
		subject := r.of(c)
		for window := range r.windows() {
			if wait := l.over[row.key(r, window, subject)].Sub(l.now()); wait > 0 {
				return &limited{row, r, window, wait}
			}
		}
	}
	return nil
}

// count calls the handler, and counts as the limit has it. Without the store nothing that counts gets through.
func (l *limits) count(c *call, row *limit, h handler) (any, error) {
	if row == nil {
		return h(c)
	}
	if row.counts == failures || row.certain != nil && row.certain(c) {
		out, err := h(c)
		if row.guessed(err) {
			if away := l.fail(c, row); away != nil {
				return nil, away
			}
		}
		return out, err
	}
	charged, err := l.charge(c, row)
	if err != nil {
		return nil, err
	}
	out, err := h(c)
	if row.counts == attempts && !row.guessed(err) {
		l.giveBack(c, charged)
	}
	return out, err
}

func (l *limit) guessed(outcome error) bool {
	return slices.ContainsFunc(l.guesses, func(guess error) bool { return errors.Is(outcome, guess) })
}

// A charge is one count of one window, which can be given back.
type charge struct {
	key  string
	rate limiter.Rate
}

// charge counts a call in every window, before it does anything. A call that is refused is charged only where it is
// over: one account that is tried too often shall not shut out its whole address.
func (l *limits) charge(c *call, row *limit) (charged []charge, err error) {
	for _, r := range row.rules {
		subject := r.of(c)
		for window, w := range r.windows() {
			one := charge{row.key(r, window, subject), limiter.Rate{Period: w.length, Limit: w.most}}
			state, err := l.add(c, one, 1)
			if err == nil && state.Reached {
				err = &limited{row, r, window, l.until(state).Sub(l.now())}
			}
			if err != nil {
				l.giveBack(c, charged)
				return nil, err
			}
			charged = append(charged, one)
		}
	}
	return charged, nil
}

// giveBack takes charges back, also for a caller who has gone. One that is lost is one attempt less for an hour.
func (l *limits) giveBack(c *call, charged []charge) {
	for _, one := range charged {
		_, _ = l.add(context.WithoutCancel(c), one, -1)
	}
}

// fail counts a wrong guess that has happened, and remembers who is over, so that the next one is refused at once.
func (l *limits) fail(c *call, row *limit) error {
	for _, r := range row.rules {
		subject := r.of(c)
		if subject == "" {
			continue
		}
		for window, w := range r.windows() {
			key := row.key(r, window, subject)
			state, err := l.add(context.WithoutCancel(c), charge{key, limiter.Rate{Period: w.length, Limit: w.most}}, 1)
			if err != nil {
				return err
			}
			if state.Remaining == 0 {
				l.remember(key, l.until(state))
			}
		}
	}
	return nil
}

func (l *limits) remember(key string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.over) >= mostOver {
		maps.DeleteFunc(l.over, func(_ string, until time.Time) bool { return !until.After(l.now()) })
	}
	if len(l.over) < mostOver {
		l.over[key] = until
	}
}

func (l *limits) add(ctx context.Context, to charge, n int64) (limiter.Context, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	state, err := l.store.Increment(ctx, to.key, n, to.rate)
	if err != nil {
		return state, fmt.Errorf("%w: %w", errLimiter, err)
	}
	return state, nil
}

func (l *limits) until(state limiter.Context) time.Time { return time.Unix(state.Reset, 0) }
