package roles

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A StayFilter chooses stays; what is zero chooses all.
type StayFilter struct {
	User      string // or seat
	Connected *bool  // whether they go on
}

// list is where the stays lie among which a filter chooses.
func (f StayFilter) list(room string) store.Key {
	switch {
	case f.User != "":
		return staysBy(room, f.User)
	case f.Connected == nil:
		return staysOf(room)
	case *f.Connected:
		return hereIn(room)
	}
	return goneFrom(room)
}

// ListStays lists who is in a room, and was in the last 30 days, the last who came first: to those who moderate it, and
// to the administrators and the support of the workspace. A page may hold fewer than it could.
func (s *Spaces) ListStays(ctx context.Context, who auth.Identity, space, room string, f StayFilter, page auth.Page) ([]Stay, string, error) {
	st, _, err := s.InRoom(ctx, who, space, room)
	if err != nil {
		return nil, "", err
	}
	if st.Staff == "" {
		if err := st.May(Moderate); err != nil {
			return nil, "", err
		}
	}
	page.Descending = true
	entries, next, err := s.auth.Page(ctx, f.list(room), page)
	if err != nil {
		return nil, "", err
	}
	stays, err := s.stays(ctx, room, idsOf(entries), f)
	return stays, next, err
}

// stays reads those of some stays that a filter chooses. One that has lapsed has ended, though nobody may have seen it.
func (s *Spaces) stays(ctx context.Context, room string, ids []string, f StayFilter) ([]Stay, error) {
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		keys[i] = stayKey(room, id)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	stays, now := []Stay{}, s.auth.Now()
	for i, rec := range recs {
		stay := Stay{ID: ids[i]}
		if err := rec.Load(&stay); err != nil {
			return nil, err
		}
		stay = stay.by(now)
		if rec != nil && (f.Connected == nil || *f.Connected == stay.Left.IsZero()) {
			stays = append(stays, stay)
		}
	}
	return stays, nil
}

// by is a stay as it is by now.
func (s Stay) by(now time.Time) Stay {
	if s.Left.IsZero() && !s.Ends.After(now) {
		s.Left, s.Why = s.Ends, Lapsed
	}
	return s
}

// Report is what a media server says of a stay: that its owner is connected, which prolongs it as another token would,
// or is no more, which ends it. It is ErrStayOver for one that has ended, unless that is what is reported.
func (s *Spaces) Report(ctx context.Context, who auth.Identity, space, room, stay string, connected bool) (Stay, error) {
	if !auth.IsID(stay) {
		return Stay{}, ErrNotFound
	}
	var now Stay
	err := auth.Settle(func() error {
		st, recs, err := s.InRoom(ctx, who, space, room, stayKey(room, stay), censusKey(room))
		if err != nil {
			return err
		}
		if err := st.May(Report); err != nil {
			return err
		}
		var c census
		now = Stay{ID: stay}
		if err := load(recs, &now, &c); err != nil {
			return err
		}
		now = now.by(st.Now)
		switch {
		case recs[0] == nil:
			return ErrNotFound
		case !now.Left.IsZero() && connected:
			return ErrStayOver
		case !now.Left.IsZero():
			return nil
		case !connected:
			now.Left, now.Why = st.Now, Disconnected
			return s.end(ctx, room, Disconnected, stay)
		}
		return s.prolong(ctx, st, c, &now)
	})
	return now, err
}

// prolong has a stay go on for as long as another token would.
func (s *Spaces) prolong(ctx context.Context, st Standing, c census, stay *Stay) error {
	from, until := stay.Ends, st.Now.Add(s.auth.RoomTTL())
	if left, bounded := st.Room.left(c, st.Now); bounded {
		until = earlier(until, st.Now.Add(left))
	}
	if until = roundedUp(until); !until.After(from) {
		return nil
	}
	stay.Ends = until
	return s.auth.Change(ctx, st.Room.prolongs(*stay, from))
}

// roundedUp is the end of the minute of an instant.
func roundedUp(t time.Time) time.Time { return t.Add(renewedBy - 1).Truncate(renewedBy) }
