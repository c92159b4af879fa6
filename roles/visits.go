package roles

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/store"
)

// A Visit says when a user last came to a room. It is noted once an hour at most.
type Visit struct {
	Space string    `store:"space"`
	Room  string    `store:"room"`
	At    time.Time `store:"at"`
}

// visitsKept is how long, seldom how often they are noted.
const (
	visitsKept = 90 * 24 * time.Hour
	seldom     = time.Hour
)

func visitKey(user, room string) store.Key {
	return store.Key{Partition: "u:" + user, Kind: "visit", ID: room}
}

func visitsOf(user string) store.Key { return index("u:"+user, "visits") }

// visited notes that a user comes to a room. It is the pointer by which his stay is found, and so comes before it.
func (s *Spaces) visited(ctx context.Context, a arrival) error {
	if a.Kind == auth.Guest || a.Now.Sub(a.visit) < seldom {
		return nil
	}
	key, list := visitKey(a.ID, a.Room.ID), visitsOf(a.ID)
	writes := []store.Write{
		store.Set(key, store.Fields(Visit{a.Space.ID, a.Room.ID, a.Now})), store.Collect(key, a.Now.Add(visitsKept)),
		store.Remove(list, auth.ByTime(a.visit, a.Room.ID)), store.Insert(list, auth.ByTime(a.Now, a.Room.ID)),
		store.Trim(list, auth.ByTime(a.Now.Add(-visitsKept), "")),
	}
	return s.auth.Seen(ctx, a.Identity, writes...)
}

// visits are the rooms that a user came to, the last one first.
func (s *Spaces) visits(ctx context.Context, user string) ([]Visit, error) {
	entries, err := s.auth.Store.List(ctx, visitsOf(user), store.Page{Limit: 1000, Descending: true})
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	keys := make([]store.Key, len(entries))
	for i, entry := range entries {
		keys[i] = visitKey(user, auth.IDOf(entry))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	var visits []Visit
	for _, rec := range recs {
		var v Visit
		if err := rec.Load(&v); err != nil {
			return nil, err
		}
		if v.Room != "" {
			visits = append(visits, v)
		}
	}
	return visits, err
}

// putOutEverywhere ends all stays that a user has.
func (s *Spaces) putOutEverywhere(ctx context.Context, user string, why Departure) error {
	visits, err := s.visits(ctx, user)
	for _, v := range visits {
		err = cmp.Or(err, s.putOut(ctx, v.Room, user, why))
	}
	return err
}

// putOutOf ends all stays that a user has in the rooms of a space.
func (s *Spaces) putOutOf(ctx context.Context, space, user string, why Departure) error {
	visits, err := s.visits(ctx, user)
	for _, v := range visits {
		if v.Space == space && err == nil {
			err = s.putOut(ctx, v.Room, user, why)
		}
	}
	return err
}
