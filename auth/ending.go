package auth

import (
	"context"
	"time"

	"usher/internal/audit"
	"usher/internal/store"
)

// A Session is one of a user's, as that user sees it.
type Session struct {
	ID       string
	Client   string // the client that it was opened with
	Device   string // in a few words, as the client says of itself; may be empty
	Address  string // where it was last refreshed from: an IPv4 address, or the /64 of an IPv6 address; may be empty
	Created  time.Time
	LastUsed time.Time // when it was opened or last refreshed
	Current  bool      // it is the one that asks
}

// ListSessions are the caller's live sessions, the one that ends next first, and the cursor of the next page, which is
// empty where there is none. A page may hold fewer than asked for, and yet not be the last. It returns ErrWrongToken
// for a client or a guest.
func (a *Authority) ListSessions(ctx context.Context, who Identity, page Page) (sessions []Session, next string, err error) {
	user, err := a.myself(ctx, who)
	if err != nil {
		return nil, "", err
	}
	return a.sessionsOf(ctx, who, user[0], page)
}

// SessionsOf is ListSessions of another user of the workspace, for administrators and support. It returns ErrWrongToken,
// ErrForbidden, ErrNotFound.
func (a *Authority) SessionsOf(ctx context.Context, who Identity, user string, page Page) (sessions []Session, next string, err error) {
	recs, err := a.asStaff(ctx, who, user)
	if err != nil {
		return nil, "", err
	}
	return a.sessionsOf(ctx, who, recs[0], page)
}

func (a *Authority) sessionsOf(ctx context.Context, who Identity, user store.Record, page Page) (sessions []Session, next string, err error) {
	now, id := a.Now(), user["id"]
	page.After = max(page.After, ByTime(now, "")) // before it are those that nobody refreshed
	entries, next, err := a.Page(ctx, sessionIndex(id), page)
	if err != nil {
		return nil, "", err
	}
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		keys[i] = SessionKey(id, IDOf(entry))
	}
	recs, err := a.Store.Get(ctx, keys...)
	if err != nil {
		return nil, "", err
	}
	for i, rec := range recs {
		var s session
		if !liveOf(rec, user, now) || rec.Load(&s) != nil {
			continue
		}
		id := IDOf(entries[i])
		sessions = append(sessions, Session{
			ID: id, Client: s.Client, Device: s.Device, Address: s.Address, Created: s.Created, LastUsed: s.Rotated,
			Current: id == who.Session,
		})
	}
	return sessions, next, nil
}

// liveOf reports whether a session as stored is one that its user has left.
func liveOf(session, user store.Record, now time.Time) bool {
	return Alive(session, now) && session["epoch"] == user["epoch"]
}

// Logout ends the caller's own session. A guest's seat stays, and is redeemed again with its key. It returns
// ErrWrongToken for a client, which has none.
func (a *Authority) Logout(ctx context.Context, who Identity) error {
	if !who.IsUser() && who.Kind != Guest {
		return ErrWrongToken
	}
	_, anchors, _, err := a.read(ctx, who)
	if err != nil {
		return err
	}
	return a.end(ctx, who, who, anchors[0], ended(who))
}

// ended is the event of a session's end.
func ended(who Identity) audit.Event {
	return audit.Event{
		ID: Hash("ended", who.Session), Type: audit.SessionEnded, Subject: who.Session, Space: who.Space, Room: who.Room,
	}
}

// EndSession ends one of the caller's sessions; that may be his own. It returns ErrWrongToken for a client or a guest,
// and ErrNotFound for what is none of the caller's, or is over.
func (a *Authority) EndSession(ctx context.Context, who Identity, session string) error {
	if who.Kind != User {
		return ErrWrongToken
	}
	if !IsID(session) {
		return ErrNotFound
	}
	_, recs, err := a.Get(ctx, who, UserKey(who.ID), SessionKey(who.ID, session))
	if err != nil {
		return err
	}
	if !liveOf(recs[1], recs[0], a.Now()) {
		return ErrNotFound
	}
	target := who
	target.Session = session
	return a.end(ctx, who, target, recs[1], ended(target))
}

// end ends a session as it was read; a guest keeps the seat. The event comes first, and once: whoever comes again finds
// the session ended, and could not complete it.
func (a *Authority) end(ctx context.Context, by, who Identity, session store.Record, e audit.Event) error {
	if err := a.Recorded(ctx, by, e, nil); err != nil {
		return err
	}
	key := who.anchors()[0]
	tx := store.Tx{
		If: []store.Cond{store.Present(key), store.Equal(key, "ended", "")},
		Do: []store.Write{
			store.Set(key, store.Record{"ended": store.Millis(a.Now())}),
			store.Remove(sessionIndex(who.ID), ByTime(session.Time("ends"), who.Session)),
		},
	}
	if who.Kind == Guest {
		tx.If = []store.Cond{store.Equal(key, "sid", who.Session)}
		tx.Do = []store.Write{store.Set(key, store.Record{"sid": "", "gen": "", "rotated": ""})}
	}
	_, err := a.Apply(ctx, tx) // refused: it has ended meanwhile
	return err
}

// EndOtherSessions ends all of the caller's sessions but the one that asks: the user gets another epoch, and this
// session with it, in one transaction. Whoever signs in at the same moment does so before, and is out, or after. It
// returns ErrWrongToken for a client or a guest.
func (a *Authority) EndOtherSessions(ctx context.Context, who Identity) error {
	if who.Kind != User {
		return ErrWrongToken
	}
	user, own := UserKey(who.ID), SessionKey(who.ID, who.Session)
	err := Settle(func() error {
		_, anchors, _, err := a.read(ctx, who)
		if err != nil {
			return err
		}
		was, epoch := anchors[1]["epoch"], store.Record{"epoch": a.NewID()}
		conds := append(WhileAlive(user, a.Now(), false), WhileAlive(own, a.Now(), true)...)
		return a.Change(ctx, store.Tx{
			If: append(conds, store.Equal(user, "epoch", was), store.Equal(own, "epoch", was)),
			Do: []store.Write{store.Set(user, epoch), store.Set(own, epoch)},
		})
	})
	return a.Recorded(ctx, who, audit.Event{Type: audit.OtherSessionsEnded, Subject: who.ID}, err)
}
