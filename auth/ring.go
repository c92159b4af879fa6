package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"usher/internal/audit"
	"usher/internal/seal"
	"usher/internal/store"
)

// The keys of an installation lie in a partition of their own, each under its kid, and an index names them all. Every
// change of any of them gives the ring another turn, and is made only on the turn that it was decided on: of a fleet,
// one server makes it, and the others find it made.
var (
	keyRing  = store.Key{Partition: "keys", Kind: "ring", ID: "ring"}
	keyIndex = store.Key{Partition: "keys", Kind: "index", ID: "keys"}
)

// mostKeys is far beyond what an installation has.
const mostKeys = 1000

func keyAt(kid string) store.Key { return store.Key{Partition: "keys", Kind: "key", ID: kid} }

// notice is how long a key is published before it signs: one KeyCache until every server has read it, one until every
// verifier outside has asked again, and one for clocks that differ and readings that come late.
func (a *Authority) notice() time.Duration { return 3 * a.set.KeyCache }

// legacy is how long a key verifies after another took its place: what it made last lives out its life, and the servers
// that learned of the other late have had their time, too. A refresh token lives until its session ends by not being
// refreshed; what comes of a refresh is under the key that is active then.
func (a *Authority) legacy(use string) time.Duration {
	life := max(a.set.AccessTTL, a.set.RoomTTL)
	if use == forRefresh {
		life = max(a.set.IdleTTL, a.set.GuestTTL)
	}
	return life + a.notice()
}

// loadKeys reads the keys into memory, and puts the stored ones in order: makes what is missing, forgets what is over,
// encrypts what is not. Of all servers that start at once on an empty store one makes them, and every one reads those.
func (a *Authority) loadKeys(ctx context.Context) error {
	return a.turnKeys(ctx, func(*keyring, time.Time) error { return nil })
}

// KeepKeys keeps the keys in memory as they are in the store, until ctx ends, and rotates them when it is time, or when
// an operator has asked for it. Every server that serves has to run it.
func (a *Authority) KeepKeys(ctx context.Context) {
	look := time.NewTicker(a.set.KeyCache)
	defer look.Stop()
	for {
		if err := a.tendKeys(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "the signing keys stay as they were known", "error", err)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// tendKeys is one look at the keys, and a rotation where one is due.
func (a *Authority) tendKeys(ctx context.Context) error {
	var next []*key
	err := a.turnKeys(ctx, func(r *keyring, now time.Time) error {
		next = nil
		for _, use := range rotating {
			old := a.set.KeyRotation > 0 && now.Sub(r.active(use, now).From) >= a.set.KeyRotation
			if (old || r.due) && r.pending(use, now) == nil {
				next = append(next, a.rotateKey(r, use, now))
			}
		}
		r.due = false
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range next {
		a.log.InfoContext(ctx, "a key takes over", "event", "key_rotated", "use", k.Use, "kid", k.kid, "from", k.From)
		err = errors.Join(err, a.Recorded(ctx, Identity{}, audit.Event{Type: audit.KeyRotated, Subject: k.kid}, nil))
	}
	return err
}

// turnKeys reads the ring, lets change decide on it, completes it and writes what is different then. What it has written
// or found is in memory afterwards. It returns the errors of change.
func (a *Authority) turnKeys(ctx context.Context, change func(r *keyring, now time.Time) error) error {
	err := Settle(func() error {
		r, stored, err := a.readKeys(ctx)
		if err != nil {
			return err
		}
		now, due := a.Now(), r.due
		maps.DeleteFunc(r.keys, func(_ string, k *key) bool { return k.over(now) })
		a.complete(r, now)
		if err := change(r, now); err != nil {
			return err
		}
		a.complete(r, now)
		writes := a.difference(r, stored)
		if due && !r.due {
			writes = append(writes, store.Set(keyRing, store.Record{"due": ""}))
		}
		if len(writes) > 0 {
			was := r.turn
			r.turn = a.NewID()
			err = a.Change(ctx, store.Tx{
				If: []store.Cond{store.Equal(keyRing, "turn", was)},
				Do: append(writes, store.Set(keyRing, store.Record{"turn": r.turn})),
			})
		}
		if err == nil {
			a.keys.Store(r)
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("auth: keys: %w", err)
	}
	return err
}

// readKeys reads the ring as it is stored, and each key's record. It returns ErrOvertaken where it changed meanwhile.
func (a *Authority) readKeys(ctx context.Context) (*keyring, map[string]store.Record, error) {
	rings, err := a.Store.Get(ctx, keyRing)
	if err != nil {
		return nil, nil, err
	}
	kids, err := a.Store.List(ctx, keyIndex, store.Page{Limit: mostKeys})
	if err != nil {
		return nil, nil, err
	}
	at := make([]store.Key, len(kids))
	for i, kid := range kids {
		at[i] = keyAt(kid)
	}
	recs, err := a.Store.Get(ctx, append(at, keyRing)...)
	if err != nil {
		return nil, nil, err
	}
	if recs[len(kids)]["turn"] != rings[0]["turn"] {
		return nil, nil, ErrOvertaken
	}
	r := &keyring{turn: rings[0]["turn"], due: rings[0]["due"] != "", keys: map[string]*key{}}
	stored := map[string]store.Record{}
	for i, kid := range kids {
		if r.keys[kid], err = a.parseKey(kid, recs[i]); err != nil {
			return nil, nil, err
		}
		stored[kid] = recs[i]
	}
	return r, stored, nil
}

// difference is what makes the stored keys those of the ring, each under the seal of today.
func (a *Authority) difference(r *keyring, stored map[string]store.Record) []store.Write {
	var writes []store.Write
	for _, kid := range slices.Sorted(maps.Keys(stored)) {
		if r.keys[kid] == nil {
			writes = append(writes, store.Delete(keyAt(kid)), store.Remove(keyIndex, kid))
		}
	}
	for _, kid := range slices.Sorted(maps.Keys(r.keys)) {
		k := r.keys[kid]
		if k.Text == "" || !a.set.Seal.Current(k.Box) {
			k.Box = a.set.Seal.Wrap(a.Random(seal.NonceSize), k.secret(), k.Use, kid)
		}
		fields := store.Fields(k).Without(stored[kid])
		if stored[kid] == nil {
			writes = append(writes, store.Insert(keyIndex, kid))
		}
		if len(fields) > 0 {
			writes = append(writes, store.Set(keyAt(kid), fields))
		}
	}
	return writes
}

// complete makes sure that for every use there is a key that is active, and one behind it that is next.
func (a *Authority) complete(r *keyring, now time.Time) {
	for _, use := range uses {
		if r.active(use, now) == nil {
			a.heir(r, use).From = now
		}
		a.heir(r, use)
	}
}

// heir is the key that is next: the one that is there, or a new one.
func (a *Authority) heir(r *keyring, use string) *key {
	for _, k := range r.of(use) {
		if k.From.IsZero() {
			return k
		}
	}
	k := &key{kid: a.NewID(), Use: use, Created: a.Now()}
	k.arm(a.Random(32))
	r.keys[k.kid] = k
	return k
}

// pending is a key whose time to become active is set and has not come.
func (r *keyring) pending(use string, now time.Time) *key {
	for _, k := range r.of(use) {
		if k.From.After(now) {
			return k
		}
	}
	return nil
}

// rotateKey lets the next key take over as soon as every verifier can know it.
func (a *Authority) rotateKey(r *keyring, use string, now time.Time) *key {
	was, next := r.active(use, now), a.heir(r, use)
	next.From = now
	if known := next.Created.Add(a.notice()); known.After(now) {
		next.From = known
	}
	was.Ends = next.From.Add(a.legacy(use))
	return next
}
