package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ulule/limiter/v3"

	"usher/auth"
	"usher/internal/store"
)

// A Ban keeps somebody from guessing on: whoever comes over a limit waits until its window ends, and each time that he
// does so again within a day twice as long, up to an hour.
type Ban struct {
	ID      string
	Limit   string    `store:"limit"`
	By      string    `store:"by"`      // what the limit counts by: account, everywhere, address, caller
	Subject string    `store:"subject"` // which one
	Window  string    `store:"window"`  // burst or hour
	Meter   string    `store:"meter"`
	Strikes int       `store:"strikes"`
	Ends    time.Time `store:"ends"`
}

const (
	longestBan  = time.Hour
	forgiven    = 24 * time.Hour // after its end a ban makes the next one no longer
	longestName = 200            // what is kept of a subject, in bytes
)

// ErrNoBan says that there is no such ban, or no more.
var ErrNoBan = errors.New("handlers: no such ban")

// Bans are kept in the store of the data, so that a fleet shares them, a restart lifts none, and an operator finds them.
type Bans struct {
	auth     *auth.Authority
	counters limiter.Store
}

// NewBans opens the bans over the store of the data and that of the limits.
func NewBans(a *auth.Authority, counters limiter.Store) *Bans { return &Bans{a, counters} }

func banAt(id string) store.Key { return store.Key{Partition: "bans", Kind: "ban", ID: id} }

var banIndex = store.Key{Partition: "bans", Kind: "index", ID: "bans"}

// standing is the first of the meters whose subject is banned, and the ban.
func (b *Bans) standing(ctx context.Context, meters []meter) (meter, Ban, bool, error) {
	keys := make([]store.Key, len(meters))
	for i, m := range meters {
		keys[i] = banAt(m.ban)
	}
	recs, err := b.auth.Store.Get(ctx, keys...)
	if err != nil {
		return meter{}, Ban{}, false, err
	}
	for i, m := range meters {
		ban := Ban{ID: m.ban}
		if err := recs[i].Load(&ban); err != nil {
			return meter{}, Ban{}, false, err
		}
		if ban.Window == m.window && ban.Ends.After(b.auth.Now()) {
			return m, ban, true, nil
		}
	}
	return meter{}, Ban{}, false, nil
}

// strike bans the subject of a meter that is over. Of many who find it over at once one does; for the others the ban
// is there. It reports whether this call made it.
func (b *Bans) strike(ctx context.Context, l *limit, m meter) (ban Ban, made bool, err error) {
	err = auth.Settle(func() error {
		recs, err := b.auth.Store.Get(ctx, banAt(m.ban))
		if err != nil {
			return err
		}
		ban = Ban{}
		if err := recs[0].Load(&ban); err != nil {
			return err
		}
		ban.ID = m.ban
		now := b.auth.Now()
		if made = !ban.Ends.After(now); !made {
			return nil
		}
		was := ban
		ban.longer(l, m, now)
		return b.auth.Change(ctx, was.replacedBy(ban, now))
	})
	return ban, made, err
}

// longer is the next ban of a subject.
func (ban *Ban) longer(l *limit, m meter, now time.Time) {
	if ban.Ends.Add(forgiven).Before(now) {
		ban.Strikes = 0
	}
	wait := m.until.Sub(now)
	if ban.Strikes > 0 {
		wait = max(wait, min(longestBan, m.rate.Period<<min(ban.Strikes, 10)))
	}
	subject := strings.ReplaceAll(m.subject, "\x00", " from ")
	*ban = Ban{
		ID: ban.ID, Limit: l.name, By: m.rule.subject, Subject: strings.ToValidUTF8(subject[:min(len(subject), longestName)], ""),
		Window: m.window, Meter: m.sum, Strikes: ban.Strikes + 1, Ends: now.Add(wait),
	}
}

// replacedBy is the transaction that puts a ban in the stead of an older one, which may be none.
func (ban Ban) replacedBy(next Ban, now time.Time) store.Tx {
	key, fields := banAt(next.ID), store.Fields(next)
	return store.Tx{
		If: []store.Cond{store.Equal(key, "ends", store.Fields(ban)["ends"])},
		Do: append([]store.Write{
			store.Set(key, fields), store.Collect(key, next.Ends.Add(forgiven)), store.Remove(banIndex, auth.ByTime(ban.Ends, ban.ID)),
		}, auth.ListByEnd(banIndex, next.Ends, next.ID, now)...),
	}
}

// recordBan puts a new ban into the log of the workspace that is guessed at, with the user where there is one.
func (a *api) recordBan(c *call, row *limit, ban Ban) error {
	reason := strings.ReplaceAll(row.name+"_"+ban.By, "-", "_")
	return a.Authority.RecordGuessing(c, c.who, c.field("client_id"), c.field("username"), reason)
}

// List calls do for each ban that is in force, the next to end first.
func (b *Bans) List(ctx context.Context, do func(Ban) error) error {
	page := store.Page{After: auth.ByTime(b.auth.Now(), ""), Limit: 200}
	for {
		entries, err := b.auth.Store.List(ctx, banIndex, page)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, entry := range entries {
			recs, err := b.auth.Store.Get(ctx, banAt(auth.IDOf(entry)))
			if err != nil {
				return err
			}
			ban := Ban{ID: auth.IDOf(entry)}
			if err := recs[0].Load(&ban); err != nil {
				return err
			}
			if ban.Ends.After(b.auth.Now()) {
				if err := do(ban); err != nil {
					return err
				}
			}
		}
		page.After = entries[len(entries)-1]
	}
}

// Lift ends a ban, and forgets what led to it. A process that counts in its own memory does so within seconds. It is
// ErrNoBan where there is none in force.
func (b *Bans) Lift(ctx context.Context, id string) error {
	recs, err := b.auth.Store.Get(ctx, banAt(id))
	if err != nil {
		return err
	}
	var ban Ban
	if err := recs[0].Load(&ban); err != nil {
		return err
	}
	if !ban.Ends.After(b.auth.Now()) {
		return ErrNoBan
	}
	for _, window := range []string{"burst", "hour"} {
		key := meterKey(ban.Limit, ban.By, window, ban.Meter)
		if _, err := b.counters.Reset(ctx, key, limiter.Rate{Period: time.Hour, Limit: 1}); err != nil {
			return fmt.Errorf("%w: %w", errLimiter, err)
		}
	}
	_, err = b.auth.Apply(ctx, store.Tx{Do: []store.Write{
		store.Delete(banAt(id)), store.Remove(banIndex, auth.ByTime(ban.Ends, id)),
	}})
	return err
}
