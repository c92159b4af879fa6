package auth

import (
	"context"
	"time"

	"usher/internal/audit"
	"usher/internal/store"
)

// A session as it lies in its user's partition. Ends, which every refresh moves on, makes it an anchor; Limit is where
// that stops. Gen is the generation of the refresh token that is due, Rotated the instant at which it became due.
// Epoch is the user's at the time: a user who gets another epoch has no sessions left. Device and Address say where it
// was opened or last refreshed from.
type session struct {
	Client  string    `store:"client"`
	Epoch   string    `store:"epoch"`
	Device  string    `store:"device"`
	Address string    `store:"address"`
	Gen     int64     `store:"gen"`
	Rotated time.Time `store:"rotated"`
	Created time.Time `store:"created"`
	Ends    time.Time `store:"ends"`
	Limit   time.Time `store:"limit"`
}

func sessionIndex(user string) store.Key {
	return store.Key{Partition: "u:" + user, Kind: "index", ID: "sessions"}
}

// newSession gives who a fresh session of a user that has this epoch, and the writes that make it.
func (a *Authority) newSession(ctx context.Context, who Identity, epoch string) (Identity, time.Time, []store.Write) {
	now := a.Now()
	who.Session = a.NewID()
	s := session{
		Client: who.Client, Epoch: epoch, Gen: 1, Rotated: now, Created: now, Limit: now.Add(a.set.MaxTTL),
	}
	s.Ends = earliest(now.Add(a.set.IdleTTL), s.Limit)
	s.Device, s.Address = seenFrom(ctx)
	return who, s.Ends, append(
		[]store.Write{store.Set(SessionKey(who.ID, who.Session), store.Fields(s))},
		keep(who, s.Ends, now)...,
	)
}

// seenFrom is what a session shows of where a request comes from.
func seenFrom(ctx context.Context) (agent, address string) {
	from := audit.OriginOf(ctx)
	return device(from.UserAgent), from.Address
}

// keep lists a session under its end, sweeps those out that ended a week ago, and has the session forgotten a week
// after its end.
func keep(who Identity, ends, now time.Time) []store.Write {
	return append(ListByEnd(sessionIndex(who.ID), ends, who.Session, now),
		store.Collect(SessionKey(who.ID, who.Session), ends.Add(KeptAfterEnd)))
}

// SeatSession gives a guest's seat a fresh session. The record is what its seat has to Set, in the transaction that
// seats it; an older session of that seat is over then.
func (a *Authority) SeatSession(g Identity) (Identity, store.Record) {
	g.Kind, g.Session, g.How = Guest, a.NewID(), guestHow(g.Link)
	return g, store.Record{"sid": g.Session, "gen": "1", "rotated": store.Millis(a.Now())}
}

// SeatTokens are the first tokens of a session that SeatSession gave and a transaction has seated. The access token
// lives until ends at most, which is the end of the link.
func (a *Authority) SeatTokens(g Identity, ends time.Time) (Tokens, error) {
	return a.tokens(g, 1, ends)
}

// tokens makes the pair of a session whose refresh token is of a generation.
func (a *Authority) tokens(who Identity, gen int64, ends time.Time) (Tokens, error) {
	access, life, err := a.accessToken(who, ends)
	if err != nil {
		return Tokens{}, err
	}
	refresh, err := ticket{who, gen}.issue(a.activeKey(forRefresh))
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{AccessToken: access, RefreshToken: refresh, ExpiresIn: life, Kind: who.Kind, Ends: ends}, nil
}

// earliest is the first of the instants that are set.
func earliest(instants ...time.Time) time.Time {
	var first time.Time
	for _, t := range instants {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
