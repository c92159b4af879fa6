package auth

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"strconv"
	"time"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// grace is how long a refresh token that was spent gives the same successor again, as long as nobody has presented
// that one: the reply may have been lost on its way, and two tabs may ask at once.
const grace = 30 * time.Second

// refresh exchanges a refresh token for its successor and an access token. A token that was spent before, and is not
// within its grace, is in two hands: that ends the session (RFC 9700, section 4.14.2).
func (a *Authority) refresh(ctx context.Context, req TokenRequest) (Tokens, error) {
	if req.RefreshToken.Empty() {
		return Tokens{}, ErrInvalidRequest
	}
	t, err := a.readTicket(ctx, req.RefreshToken)
	if errors.Is(err, errTicket) {
		err = ErrInvalidGrant
	}
	if err != nil {
		return Tokens{}, err
	}
	var tokens Tokens
	err = Settle(func() error {
		_, anchors, _, err := a.read(ctx, t.who)
		if err != nil {
			return err
		}
		if err := mayRefresh(t.who, anchors, req.ClientID, req.ClientSecret); err != nil {
			return err
		}
		tokens, err = a.turn(ctx, t, anchors)
		return err
	})
	return tokens, err
}

// mayRefresh: a confidential client's session is refreshed, and revoked, with that client's secret, a public client's
// with none; a guest's and a member's belong to no client.
func mayRefresh(who Identity, anchors []store.Record, client string, s secret.String) error {
	if who.Kind != User {
		return nil
	}
	if client != "" && client != who.Client {
		return ErrInvalidGrant
	}
	return proves(anchors[2], s)
}

// turn looks at the generation that a ticket presents, and rotates, repeats or ends.
func (a *Authority) turn(ctx context.Context, t ticket, anchors []store.Record) (Tokens, error) {
	family := anchors[0]
	switch gen := family.Int("gen"); {
	case t.gen == gen:
		return a.rotate(ctx, t, anchors)
	case t.usable(family, a.Now()):
		return a.tokens(t.current(anchors), gen, firstEnd(anchors))
	case t.gen < gen:
		return Tokens{}, a.endFamily(ctx, t, family)
	default: // the store has forgotten what it once knew: it was restored from a copy
		return Tokens{}, ErrInvalidGrant
	}
}

// usable reports whether a ticket is the one that is due, or within its grace.
func (t ticket) usable(family store.Record, now time.Time) bool {
	gen := family.Int("gen")
	return t.gen == gen || t.gen == gen-1 && now.Sub(family.Time("rotated")) < grace
}

// rotate makes the next generation the one that is due, if everything that the session hangs on lives at that moment:
// a refusal must leave the generation as it is, or the next attempt would look like a theft. It returns ErrOvertaken.
func (a *Authority) rotate(ctx context.Context, t ticket, anchors []store.Record) (Tokens, error) {
	now, key := a.Now(), t.who.anchors()[0]
	next := store.Record{"gen": strconv.FormatInt(t.gen+1, 10), "rotated": store.Millis(now)}
	var lists []store.Write
	if t.who.IsUser() {
		was, ends := anchors[0].Time("ends"), earliest(now.Add(a.set.IdleTTL), anchors[0].Time("limit"))
		next["ends"] = store.Millis(ends)
		next["device"], next["address"] = seenFrom(ctx)
		lists = append(lists, store.Remove(sessionIndex(t.who.ID), ByTime(was, t.who.Session))) // first: it may be the same
		lists = append(lists, keep(t.who, ends, now)...)
		lists = append(lists, noteSeen(t.who.ID, anchors[1], now)...)
	}
	err := a.Change(ctx, store.Tx{If: t.holds(anchors, now), Do: append(lists, store.Set(key, next))})
	if err != nil {
		return Tokens{}, err
	}
	maps.Copy(anchors[0], next)
	return a.tokens(t.current(anchors), t.gen+1, firstEnd(anchors))
}

// holds are the conditions of a rotation: the anchors in the session's own partition live, and the generation is due.
func (t ticket) holds(anchors []store.Record, now time.Time) []store.Cond {
	keys := t.who.anchors()
	conds := []store.Cond{store.Equal(keys[0], "gen", strconv.FormatInt(t.gen, 10))}
	for i, k := range keys {
		if k.Partition == keys[0].Partition {
			conds = append(conds, WhileAlive(k, now, anchors[i]["ends"] != "")...)
		}
	}
	if t.who.Kind == Guest {
		return append(conds, store.Equal(keys[0], "sid", t.who.Session))
	}
	return append(conds, store.Equal(keys[1], "epoch", anchors[0]["epoch"]))
}

// current is the identity of a ticket with what is looked up anew at each refresh.
func (t ticket) current(anchors []store.Record) Identity {
	who := t.who
	if who.Kind == Guest {
		who.How = guestHow(who.Link)
	} else {
		who.How = userHow(anchors[1])
	}
	return who
}

// firstEnd is the first end among anchors, where there is any.
func firstEnd(anchors []store.Record) time.Time {
	ends := make([]time.Time, len(anchors))
	for i, r := range anchors {
		ends[i] = r.Time("ends")
	}
	return earliest(ends...)
}

// endFamily ends the session whose refresh token came twice. A guest keeps the seat, and may redeem its link again.
func (a *Authority) endFamily(ctx context.Context, t ticket, family store.Record) error {
	theft := audit.Event{ID: Hash("theft", t.who.Session), Type: audit.RefreshTheft, Subject: t.who.ID}
	return cmp.Or(a.end(ctx, t.who, t.who, family, theft), ErrInvalidGrant)
}
