package handlers

import (
	"context"
	"fmt"
	"time"
)

const (
	aDay   = 24 * time.Hour
	aMonth = 30 * aDay
)

// known is the mark that somebody leaves who gets in: for a month he is no stranger there, and others who guess, at his
// account or behind his address, cannot keep him out. A name is one person's only in one workspace, and so the client
// is a part of it: having the same name in another workspace makes no mark for this one.
//
// A mark can show to those alone who share the address: they still get in when the guesses from everywhere are used up.
// It is made by a right password, and so where there is no account it looks as it does to a stranger.
func (l *limit) known(c *call) meter {
	return l.meter(rule{subject: "known"}, "month", window{0, aMonth}, c.field("client_id")+"\x00"+accountFromHere(c))
}

// knownUntil is until when a call is from somebody who is known, or the zero time.
func (l *limits) knownUntil(c *call, row *limit) (time.Time, error) {
	if row.strangers == nil {
		return time.Time{}, nil
	}
	ctx, cancel := context.WithTimeout(c, patience)
	defer cancel()
	mark := row.known(c)
	state, err := l.store.Peek(ctx, mark.key, mark.rate)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", errLimiter, err)
	}
	if !state.Reached {
		return time.Time{}, nil
	}
	return until(state), nil
}

// greet makes a mark, or makes it anew when it is older than a day. One that is lost makes a stranger, no more.
func (l *limits) greet(c *call, row *limit, known time.Time) {
	if row.strangers == nil || known.After(l.now().Add(aMonth-aDay)) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c), patience)
	defer cancel()
	mark := row.known(c)
	if _, err := l.store.Reset(ctx, mark.key, mark.rate); err == nil {
		_, _ = l.add(ctx, mark, 1)
	}
}
