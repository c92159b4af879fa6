package roles

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// forever ends a ban that has no end; it keeps every ban one comparison.
var forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// A Ban keeps a user or a seat out of a room, or a user out of a space. A kick is a short one.
type Ban struct {
	Subject string
	Ends    time.Time `store:"ends"`
	Reason  string    `store:"reason"`
	By      string    `store:"by"`
	Kick    bool      `store:"kick"`
}

// InForce reports whether the ban keeps out now.
func (b Ban) InForce(now time.Time) bool { return b.Ends.After(now) }

// Banned reports whether nobody gives him a role in the room before a ban is lifted, which goes for more than a kick.
func (st Standing) Banned() bool { return banned(st.SpaceBan, st.RoomBan, st.Now) }

func banned(space, room Ban, now time.Time) bool {
	return space.InForce(now) || room.InForce(now) && !room.Kick
}

// Until is when the ban ends; zero is never.
func (b Ban) Until() time.Time {
	if b.Ends.Equal(forever) {
		return time.Time{}
	}
	return b.Ends
}

// NotBanned is, as a condition, that nobody has banned a user or a seat from a place.
func NotBanned(place, subject string, now time.Time) store.Cond {
	return store.Below(BanKey(place, subject), "ends", now.UnixMilli()+1)
}

// write sets the ban in a place and in the place's list, in the stead of an older one, and drops from the list what
// ended long ago.
func (b Ban) write(place string, older Ban, now time.Time) []store.Write {
	key, list := BanKey(place, b.Subject), index(place, "bans")
	return append([]store.Write{
		store.Set(key, store.Fields(b)), store.Collect(key, b.Ends.Add(auth.KeptAfterEnd)),
		store.Remove(list, older.entry()),
	}, auth.ListByEnd(list, b.Ends, b.Subject, now)...)
}

// entry sorts the bans of a place by their end.
func (b Ban) entry() string { return auth.ByTime(b.Ends, b.Subject) }

// longestReason is how many characters the reason of a ban may have.
const longestReason = 500

// newBan makes a ban; one without until is forever. It is a FieldError where until has passed, and for a reason that is
// not to be read.
func (s *Spaces) newBan(who auth.Identity, subject string, until *time.Time, reason string) (Ban, error) {
	reason, err := auth.PlainText("/reason", reason, longestReason)
	if err != nil {
		return Ban{}, err
	}
	ban := Ban{Subject: subject, Ends: forever, Reason: reason, By: who.ID}
	if until != nil && until.Before(forever) {
		ban.Ends = *until
	}
	if !ban.InForce(s.auth.Now()) {
		return ban, &auth.FieldError{Field: "/until", Reason: "has passed"}
	}
	return ban, nil
}

// SpaceBan keeps someone out of a space and all its rooms, member or not, and takes his roles there away.
func (s *Spaces) SpaceBan(ctx context.Context, who auth.Identity, space, user string, until *time.Time, reason string) error {
	ban, err := s.newBan(who, user, until, reason)
	if err != nil {
		return err
	}
	var now Tenure
	err = auth.Settle(func() error {
		st, had, err := s.overMember(ctx, who, space, user, false)
		if err != nil {
			return err
		}
		if user == who.ID || !mayGive(st.Member.Role.Rank(), had.Role, "") {
			return ErrRank
		}
		older, err := s.banOf(ctx, "s:"+space, user)
		if err != nil {
			return err
		}
		now, err = s.changeMember(ctx, st, user, had, "", false, s.loss(Banned, fromSpace, who.ID), store.Tx{
			Do: ban.write("s:"+space, older, st.Now),
		})
		return err
	})
	if err == nil {
		err = cmp.Or(s.sweep(ctx, space, user, now, false), s.putOutOf(ctx, space, user, GoneBanned))
	}
	return s.auth.Recorded(ctx, who, audit.Event{Type: audit.SpaceBanned, Subject: user, Space: space}, err)
}

func (s *Spaces) banOf(ctx context.Context, place, subject string) (Ban, error) {
	ban := Ban{Subject: subject}
	recs, err := s.auth.Store.Get(ctx, BanKey(place, subject))
	if err != nil {
		return ban, err
	}
	return ban, recs[0].Load(&ban)
}

// still is, as a condition, that a ban is what it was when it was read.
func (b Ban) still(place string) store.Cond {
	return store.Equal(BanKey(place, b.Subject), "ends", store.Fields(b)["ends"])
}

// SpaceUnban lets someone come back into a space; his roles do not come back with him.
func (s *Spaces) SpaceUnban(ctx context.Context, who auth.Identity, space, user string) error {
	tried := false
	e := audit.Event{ID: s.auth.NewID(), Type: audit.SpaceUnbanned, Subject: user, Space: space}
	return auth.Settle(func() error {
		st, _, err := s.overMember(ctx, who, space, user, false)
		if err != nil {
			return err
		}
		ban, err := s.banOf(ctx, "s:"+space, user)
		if err != nil {
			return err
		}
		again := tried
		tried = true
		return s.lift(ctx, who, e, "s:"+space, ban, st.StillMember(), again)
	})
}

// lift takes a ban away, after its event: it can't be repeated. It is ErrNotBanned where there is none, unless it was
// there at the first try.
func (s *Spaces) lift(
	ctx context.Context, who auth.Identity, e audit.Event, place string, ban Ban, office []store.Cond, again bool,
) error {
	if !ban.InForce(s.auth.Now()) {
		if again {
			return nil
		}
		return ErrNotBanned
	}
	if err := s.auth.Recorded(ctx, who, e, nil); err != nil {
		return err
	}
	return s.auth.Change(ctx, store.Tx{If: append(office, ban.still(place)), Do: ban.lifted(place)})
}

// lifted are the writes that take a ban away.
func (b Ban) lifted(place string) []store.Write {
	return []store.Write{store.Delete(BanKey(place, b.Subject)), store.Remove(index(place, "bans"), b.entry())}
}

// ListBans lists the bans of a room that are in force, the next to end first.
func (s *Spaces) ListBans(ctx context.Context, who auth.Identity, space, room string, page auth.Page) ([]Ban, string, error) {
	st, _, err := s.InRoom(ctx, who, space, room)
	if err != nil {
		return nil, "", err
	}
	if err := st.MayLook(Moderate); err != nil {
		return nil, "", err
	}
	page.After = max(page.After, Ban{Ends: st.Now}.entry()+"\xff") // past what has ended
	entries, next, err := s.auth.Page(ctx, index("r:"+room, "bans"), page)
	if err != nil {
		return nil, "", err
	}
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		keys[i] = BanKey("r:"+room, auth.IDOf(entry))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, "", err
	}
	bans := []Ban{}
	for i, entry := range entries {
		ban := Ban{Subject: keys[i].ID}
		if err := recs[i].Load(&ban); err != nil {
			return nil, "", err
		}
		if ban.entry() == entry { // else it was lifted or changed meanwhile
			bans = append(bans, ban)
		}
	}
	return bans, next, nil
}
