package auth

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	"usher/internal/audit"
)

// Recorded is the end of an operation that the audit log keeps: it returns err where the operation failed, and else
// appends the event before the caller is answered. So an operation that was acknowledged has its event; where the log
// is away the caller is told so, as of any trouble of the store, and whoever repeats the operation completes it. One
// that can't be repeated, because it takes away what it needs, records first, under an id that stays the same. What the
// event does not say of its time, its actor and its origin is filled in.
func (a *Authority) Recorded(ctx context.Context, who Identity, e audit.Event, err error) error {
	if err != nil {
		return err
	}
	if e.ActorKind == "" {
		e.ActorKind, e.Actor, e.Session = string(who.Kind), who.ID, who.Session
	}
	if e.At.IsZero() {
		e.At = a.Now()
	}
	e.ID = cmp.Or(e.ID, a.NewID())
	from := audit.OriginOf(ctx)
	e.Address, e.UserAgent, e.RequestID = from.Address, from.UserAgent, from.RequestID
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), truthBy) // who hangs up leaves nothing half done
	defer cancel()
	return a.events.Append(ctx, who.Workspace, e)
}

// Hourly is an id for an event that somebody can bring about as often as he likes: in an hour, the same from the same
// address is kept once, so that nobody can fill the log.
func (a *Authority) Hourly(ctx context.Context, e audit.Event, about ...string) audit.Event {
	hour := strconv.FormatInt(a.Now().Truncate(time.Hour).Unix(), 10)
	e.ID = Hash(append(about, string(e.Type), e.Reason, audit.OriginOf(ctx).Address, hour)...)
	return e
}

// RecordGuessing records that somebody has guessed too often and is kept from it, as by reason: in his own workspace
// where he has a token, else in that of the client, with the user whose account it was, where there is one.
func (a *Authority) RecordGuessing(ctx context.Context, who Identity, clientID, username, reason string) error {
	e := audit.Event{Type: audit.GuesserBanned, Reason: reason}
	if who.Kind == Nobody && username != "" {
		recs, err := a.Store.Get(ctx, ClientKey(cmp.Or(clientID, publicClient)))
		if err != nil {
			return err
		}
		who.Workspace = recs[0]["workspace"]
		user, err := a.lookUp(ctx, loginName(who.Workspace, username))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		e.Subject = user["id"]
	}
	return a.Recorded(ctx, who, e, nil)
}

// ListEvents are the events of the caller's workspace that a filter chooses, the newest first, for an administrator or
// support. A page may hold fewer than asked for, and yet not be the last. It returns ErrWrongToken, ErrForbidden.
func (a *Authority) ListEvents(ctx context.Context, who Identity, f audit.Filter, page Page) ([]audit.Event, string, error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return nil, "", err
	}
	return a.events.List(ctx, who.Workspace, f, page.After, page.Limit)
}

// EventsSince calls do for each event of a workspace from an instant on, the oldest first, for an operator. An empty
// workspace is the first one; Installation has what belongs to none. It returns ErrNoWorkspace, and the error of do.
func (a *Authority) EventsSince(ctx context.Context, workspace string, from time.Time, do func(audit.Event) error) error {
	if workspace == Installation {
		return a.events.Since(ctx, "", from, do)
	}
	workspace, err := a.findWorkspace(ctx, workspace)
	if err != nil {
		return err
	}
	return a.events.Since(ctx, workspace, from, do)
}

// Installation stands for a workspace where the events are meant that belong to none.
const Installation = "installation"
