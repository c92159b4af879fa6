package auth

import (
	"context"
	"slices"
	"time"

	"usher/internal/audit"
	"usher/internal/store"
)

// The states of a key.
const (
	KeyNext    = "next"    // published, and not used yet
	KeyActive  = "active"  // signs, or derives
	KeyRetired = "retired" // verifies what it has made
)

// A KeyState is what may be seen of a key.
type KeyState struct {
	ID, Use, State, Algorithm string
	Since                     time.Time // in this state
	Until                     time.Time // the zero time where that is not decided
	Encrypted                 bool
}

// ListKeys are the keys of the installation, as they are in memory.
func (a *Authority) ListKeys() []KeyState {
	r, now := a.keys.Load(), a.Now()
	var list []KeyState
	for _, use := range uses {
		keys, active := r.of(use), r.active(use, now)
		for i, k := range keys {
			s := KeyState{ID: k.kid, Use: use, Algorithm: k.alg, Encrypted: k.Sealed()}
			var follows time.Time // when the one behind it becomes active
			if i+1 < len(keys) {
				follows = keys[i+1].From
			}
			switch {
			case k == active:
				s.State, s.Since, s.Until = KeyActive, k.From, follows
			case k.From.IsZero() || k.From.After(now):
				s.State, s.Since, s.Until = KeyNext, k.Created, k.From
			default:
				s.State, s.Since, s.Until = KeyRetired, follows, k.Ends
			}
			list = append(list, s)
		}
	}
	return list
}

// RotateKeys asks for a rotation of all keys but that of PINs. It begins when a server looks next, within its KeyCache: how long the old
// keys have to be good depends on the settings of those who serve.
func (a *Authority) RotateKeys(ctx context.Context) error {
	_, err := a.Apply(ctx, store.Tx{Do: []store.Write{store.Set(keyRing, store.Record{"due": store.Millis(a.Now())})}})
	return err
}

// RevokeKeys takes keys away, which somebody may have got hold of: within a KeyCache every server refuses what they have
// made. In the place of an active one the next one is active at once, which every verifier knows unless it is new. It
// returns ErrNotFound, and then nothing is changed.
func (a *Authority) RevokeKeys(ctx context.Context, kids ...string) error {
	if slices.ContainsFunc(kids, func(kid string) bool { return a.keys.Load().keys[kid] == nil }) {
		return ErrNotFound
	}
	for _, kid := range kids { // first, and each once: it can't be repeated when the key is gone
		e := audit.Event{ID: Hash("revoked", kid), Type: audit.KeyRevoked, ActorKind: audit.Operator, Subject: kid}
		if err := a.Recorded(ctx, Identity{}, e, nil); err != nil {
			return err
		}
	}
	return a.turnKeys(ctx, func(r *keyring, now time.Time) error {
		for _, kid := range kids {
			if r.keys[kid] == nil {
				return ErrNotFound
			}
			a.revokeKey(r, r.keys[kid], now)
		}
		return nil
	})
}

func (a *Authority) revokeKey(r *keyring, k *key, now time.Time) {
	active, pending := r.active(k.Use, now), r.pending(k.Use, now)
	delete(r.keys, k.kid)
	switch {
	case k == active && pending != nil:
		pending.From = now
	case k == active:
		a.heir(r, k.Use).From = now
	case k == pending:
		active.Ends = time.Time{} // and so goes on
	}
	a.complete(r, now)
}
