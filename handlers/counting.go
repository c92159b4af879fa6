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
	bans  *Bans
	tell  func(*call, *limit, Ban) error // of a new ban

	mu   sync.Mutex
	over map[string]overdue // meters that are over a limit, by their keys

	swept time.Time // when those that are over no more were last forgotten
}

// An overdue meter is over its limit until an instant, and that is taken for true until another one.
type overdue struct{ until, forSure time.Time }

// lifted is how long it takes a process to hear that a ban was lifted.
const lifted = 5 * time.Second

func newLimits(counters limiter.Store, bans *Bans, now func() time.Time) *limits {
	return &limits{
		store: counters, bans: bans, now: now, over: map[string]overdue{}, tell: func(*call, *limit, Ban) error { return nil },
	}
}

// mostOver bounds what is remembered. Beyond it, who is over costs a trip to the store again.
const mostOver = 100_000

// patience is how long a trip to the store may take.
const patience = 2 * time.Second

// limited refuses a call that is over a limit.
type limited struct {
	*limit
	meter meter
	wait  time.Duration
}

func (e *limited) Error() string { return "handlers: over the limit " + e.name }

// headers says how long to wait, and the windows that apply, in the words of draft-ietf-httpapi-ratelimit-headers.
func (e *limited) headers(h http.Header) {
	seconds := inSeconds(e.wait)
	name := e.name + "-" + e.meter.rule.subject + "-"
	h.Set("Retry-After", fmt.Sprint(seconds))
	h.Set("RateLimit", fmt.Sprintf("%q;r=0;t=%d", name+e.meter.window, seconds))
	var policy []string
	for window, w := range e.meter.windows() {
		policy = append(policy, fmt.Sprintf("%q;q=%d;w=%d", name+window, w.most, int64(w.length.Seconds())))
	}
	h.Set("RateLimit-Policy", strings.Join(policy, ", "))
}

// inSeconds is how long to wait, as Retry-After says it.
func inSeconds(wait time.Duration) int { return max(1, int((wait+time.Second-1)/time.Second)) }

func (r rule) windows() iter.Seq2[string, window] {
	return func(yield func(string, window) bool) {
		_ = yield("burst", r.burst) && yield("hour", r.hour)
	}
}

// count calls the handler, and counts as the limit has it. Without the store nothing that counts gets through: neither
// what counts beforehand nor a wrong guess. What cannot be guessed and is right is never refused, whoever else guesses
// behind the same address, and makes no trip.
func (l *limits) count(c *call, row *limit, h handler) (any, error) {
	if row == nil {
		return h(c)
	}
	if row.counts == failures || row.certain != nil && row.certain(c) {
		out, err := h(c)
		if row.guessed(err) {
			if refusal := l.fail(c, row); refusal != nil {
				return nil, refusal
			}
		}
		return out, err
	}
	known, err := l.knownUntil(c, row)
	if err != nil {
		return nil, err
	}
	rules := row.rules
	if known.IsZero() {
		rules = row.all()
	}
	if err := l.banned(c, row, row.meters(c, rules)); err != nil {
		return nil, err
	}
	charged, err := l.charge(c, row, rules)
	if err != nil {
		return nil, err
	}
	out, err := h(c)
	if row.counts == attempts && !row.guessed(err) {
		l.giveBack(c, charged)
	}
	if err == nil {
		l.greet(c, row, known)
	}
	return out, err
}

func (l *limit) all() []rule { return slices.Concat(l.rules, l.strangers) }

func (l *limit) guessed(outcome error) bool {
	return slices.ContainsFunc(l.guesses, func(guess error) bool { return errors.Is(outcome, guess) })
}

// charge counts a call on every meter, before it does anything. A call that is refused is charged only where it is
// over: one account that is tried too often shall not shut out its whole address.
func (l *limits) charge(c *call, row *limit, rules []rule) (charged []meter, err error) {
	for _, m := range row.meters(c, rules) {
		state, err := l.add(c, m, 1)
		m.until = until(state)
		if err == nil && state.Reached {
			err = l.overrun(c, row, m)
		}
		if err != nil {
			l.giveBack(c, charged)
			return nil, err
		}
		charged = append(charged, m)
	}
	return charged, nil
}

// giveBack takes charges back, also for a caller who has gone, and at once, so that it takes as long as one trip. One
// that is lost is one attempt less for an hour. What was charged in a window that is over went with it: taken from the
// next one, it would be an attempt more.
func (l *limits) giveBack(c *call, charged []meter) {
	var trips sync.WaitGroup
	for _, m := range charged {
		if m.until.Add(-time.Second).After(l.now()) {
			trips.Go(func() { _, _ = l.add(context.WithoutCancel(c), m, -1) })
		}
	}
	trips.Wait()
}

// fail counts a wrong guess that has happened, and refuses it where there were too many; who is known here to be over
// a limit already, without a trip.
func (l *limits) fail(c *call, row *limit) error {
	meters := row.meters(c, row.all())
	for _, m := range meters {
		if wait := l.known(m.key); wait > 0 {
			return &limited{row, m, wait}
		}
	}
	if err := l.banned(context.WithoutCancel(c), row, meters); err != nil {
		return err
	}
	for _, m := range meters {
		state, err := l.add(context.WithoutCancel(c), m, 1)
		if err != nil {
			return err
		}
		if state.Reached {
			m.until = until(state)
			return l.overrun(c, row, m)
		}
	}
	return nil
}

// banned refuses a call whose subject waits for the end of a ban.
func (l *limits) banned(ctx context.Context, row *limit, meters []meter) error {
	if row.counts == every {
		return nil
	}
	m, ban, is, err := l.bans.standing(ctx, meters)
	if err != nil || !is {
		return err
	}
	return l.refuse(row, m, ban.Ends)
}

// overrun refuses a call that has found its meter over. Whoever guesses is banned; what only costs waits for its window.
func (l *limits) overrun(c *call, row *limit, m meter) error {
	if row.counts == every {
		return l.refuse(row, m, m.until)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c), patience)
	defer cancel()
	ban, made, err := l.bans.strike(ctx, row, m)
	if err == nil && made {
		err = l.tell(c, row, ban)
	}
	if err != nil {
		return err
	}
	return l.refuse(row, m, ban.Ends)
}

// refuse also remembers, for what makes no trips while it is right: a guesser shall cost none either. Not for long, or
// a ban that is lifted would go on here.
func (l *limits) refuse(row *limit, m meter, until time.Time) error {
	if row.counts == failures {
		l.remember(m.key, until)
	}
	return &limited{row, m, until.Sub(l.now())}
}

// known is for how long a meter is known to be over its limit.
func (l *limits) known(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o, now := l.over[key], l.now(); o.forSure.After(now) {
		return o.until.Sub(now)
	}
	return 0
}

// remember keeps who is over. When the memory is full it forgets those who are over no more, at most once a second:
// looking through all of it for every wrong guess would be what a guesser wants.
func (l *limits) remember(key string, until time.Time) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.over) >= mostOver && now.Sub(l.swept) >= time.Second {
		l.swept = now
		maps.DeleteFunc(l.over, func(_ string, o overdue) bool { return !o.forSure.After(now) })
	}
	if len(l.over) < mostOver {
		forSure := now.Add(lifted)
		if until.Before(forSure) {
			forSure = until
		}
		l.over[key] = overdue{until, forSure}
	}
}

func (l *limits) add(ctx context.Context, to meter, n int64) (limiter.Context, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	state, err := l.store.Increment(ctx, to.key, n, to.rate)
	if err != nil {
		return state, fmt.Errorf("%w: %w", errLimiter, err)
	}
	return state, nil
}

// until is the first full second at which a window is over for sure: the store tells in which second it ends. Whoever
// waits so long has waited long enough.
func until(state limiter.Context) time.Time { return time.Unix(state.Reset+1, 0) }
