package roles

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/outbox"
	"usher/internal/store"
)

// A room in which somebody is names the task that looks after it next: which stays have lapsed, and whether its time is
// used up. Whoever lives does it, and leaves another one behind while there is somebody. A task that the room does not
// name does nothing.

const (
	// lookAgain is how long nobody looks after a room at least, in which one after another lapses.
	lookAgain = 10 * time.Second
	// lostAfter is how late a look may be before whoever comes next no longer counts on it.
	lostAfter = 5 * time.Minute
	// toldWithin is how long a deleted room is told of.
	toldWithin = 2 * 24 * time.Hour
)

// Watch looks after the rooms in which somebody is, at each wake-up, until ctx ends.
func (s *Spaces) Watch(ctx context.Context, wake <-chan time.Time) { s.watches.Work(ctx, wake, s.look) }

func (s *Spaces) look(ctx context.Context, t outbox.Task) error {
	return auth.Settle(func() error {
		room, c, err := s.occupied(ctx, t.What["room"])
		if err != nil || c.Watch != t.ID {
			return err
		}
		now := s.auth.Now()
		next, err := s.lookInto(ctx, room, c, now)
		if err != nil {
			return err
		}
		waits, err := s.tellRest(ctx, room.ID, c, now.Add(-lookAgain))
		if err == nil && waits && next.IsZero() {
			next = now.Add(lookAgain)
		}
		if err != nil || next.IsZero() {
			return err
		}
		return s.lookNext(ctx, room.ID, t.ID, next)
	})
}

// lookInto ends what is over in a room, and says when to look again; it is zero where there is nobody any more.
func (s *Spaces) lookInto(ctx context.Context, room Room, c census, now time.Time) (next time.Time, err error) {
	left, bounded := room.left(c, now)
	switch {
	case !room.Closed.IsZero():
		return time.Time{}, s.clear(ctx, room.ID, RoomClosed)
	case bounded && left <= 0:
		return time.Time{}, s.useUp(ctx, room, c)
	}
	if next, err = s.lapse(ctx, room.ID, now); err != nil || next.IsZero() {
		return next, err
	}
	if soonest := now.Add(lookAgain); next.Before(soonest) {
		next = soonest
	}
	if bounded {
		next = earlier(next, now.Add(left))
	}
	return next, nil
}

// occupied is a room and its census.
func (s *Spaces) occupied(ctx context.Context, id string) (Room, census, error) {
	room, c := Room{ID: id}, census{}
	recs, err := s.auth.Store.Get(ctx, auth.RoomKey(id), censusKey(id))
	if err != nil {
		return room, c, err
	}
	return room, c, load(recs, &room, &c)
}

// lookNext has somebody look after a room again.
func (s *Spaces) lookNext(ctx context.Context, room, task string, due time.Time) error {
	id := s.auth.NewID()
	if err := s.watches.Add(ctx, watchOf(id, room, due)); err != nil {
		return err
	}
	return s.auth.Change(ctx, store.Tx{
		If: []store.Cond{store.Equal(censusKey(room), "watch", task)},
		Do: []store.Write{
			store.Set(censusKey(room), store.Record{"watch": id, "watched": store.Millis(due)}),
			store.Trim(lapsesIn(room), auth.ByTime(due.Add(-staysKept), "")), // of which the stay is forgotten
		},
	})
}

// lapse ends the stays that have lapsed, and says when the next one does; it is zero where there is none.
func (s *Spaces) lapse(ctx context.Context, room string, now time.Time) (next time.Time, err error) {
	for page := (store.Page{Limit: batch}); ; {
		entries, err := s.auth.Store.List(ctx, lapsesIn(room), page)
		if err != nil || len(entries) == 0 {
			return time.Time{}, err
		}
		over := 0
		for over < len(entries) && !auth.TimeOf(entries[over]).After(now) {
			over++
		}
		if err := s.end(ctx, room, Lapsed, idsOf(entries[:over])...); err != nil {
			return time.Time{}, err
		}
		if over < len(entries) {
			return auth.TimeOf(entries[over]), nil
		}
		page.After = entries[over-1]
	}
}

// useUp closes a room whose time is used up. The event comes first: whoever comes again finds the room closed.
func (s *Spaces) useUp(ctx context.Context, room Room, c census) error {
	id := auth.Hash("used up", room.ID, store.Millis(c.Since), store.Fields(c)["together"])
	e := audit.Event{ID: id, Type: audit.RoomClosed, Space: room.Space, Room: room.ID, Reason: string(RoomUsedUp)}
	if err := s.auth.Recorded(ctx, auth.Identity{Workspace: room.Workspace}, e, nil); err != nil {
		return err
	}
	err := auth.Settle(func() error {
		was, _, err := s.occupied(ctx, room.ID)
		if err != nil || was.Workspace == "" || !was.Closed.IsZero() || !was.Ended.IsZero() { // somebody was faster
			return err
		}
		closed, key := was, auth.RoomKey(room.ID)
		closed.Closed = s.auth.Now()
		closed.Changed = closed.Closed
		return s.rewrite(ctx, was, closed, store.Tx{
			If: []store.Cond{store.Present(key), store.Equal(key, "closed", ""), store.Equal(key, "ended", "")},
		})
	})
	return cmp.Or(err, s.clear(ctx, room.ID, RoomUsedUp))
}

// sweepStays ends what goes on in a deleted room, and removes what is not collected by itself.
func (s *Spaces) sweepStays(ctx context.Context, room string) error {
	if err := s.clear(ctx, room, RoomDeleted); err != nil {
		return err
	}
	if _, err := s.tellRest(ctx, room, census{}, s.auth.Now().Add(longestStay)); err != nil {
		return err
	}
	writes := []store.Write{store.Collect(hookKey(room), s.auth.Now().Add(toldWithin))}
	for _, key := range []store.Key{censusKey(room), staysOf(room), goneFrom(room), hereIn(room), lapsesIn(room), saidIn(room), untoldIn(room)} {
		writes = append(writes, store.Delete(key))
	}
	_, err := s.auth.Apply(ctx, store.Tx{Do: writes})
	return err
}
