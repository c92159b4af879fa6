package roles

import (
	"context"
	"slices"

	"usher/auth"
	"usher/internal/store"
	"usher/internal/webhook"
)

// batch is how many stays end in one transaction.
const batch = 100

// end ends stays of a room now, those that have lapsed when they did; the others of them are over already.
func (s *Spaces) end(ctx context.Context, room string, why Departure, ids ...string) error {
	for some := range slices.Chunk(ids, batch) {
		if err := auth.Settle(func() error { return s.endSome(ctx, room, why, some) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spaces) endSome(ctx context.Context, room string, why Departure, ids []string) error {
	keys := []store.Key{censusKey(room), auth.RoomKey(room)}
	for _, id := range ids {
		keys = append(keys, stayKey(room, id))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	if err != nil {
		return err
	}
	var stays []Stay
	now := s.auth.Now()
	for i, rec := range recs[2:] {
		stay := Stay{ID: ids[i]}
		if err := rec.Load(&stay); err != nil {
			return err
		}
		if rec == nil || !stay.Left.IsZero() {
			continue
		}
		if stay.Left, stay.Why = now, why; !stay.Ends.After(now) {
			stay.Left, stay.Why = stay.Ends, Lapsed
		}
		stays = append(stays, stay)
	}
	if len(stays) == 0 {
		return nil
	}
	slices.SortFunc(stays, func(a, b Stay) int { return a.Left.Compare(b.Left) })
	in, c := Room{ID: room}, census{}
	if err := load(recs, &c, &in); err != nil {
		return err
	}
	return s.depart(ctx, in, c, stays)
}

// depart writes the ends of stays, in their order.
func (s *Spaces) depart(ctx context.Context, in Room, c census, stays []Stay) error {
	room := in.ID
	left, tx, err := s.persons(ctx, room, stays)
	if err != nil {
		return err
	}
	steps := make([][]step, len(stays)) // of each
	for i, stay := range stays {
		person := personKey(room, stay.Subject)
		tx.If = append(tx.If, store.Equal(stayKey(room, stay.ID), "left", ""), store.Equal(stayKey(room, stay.ID), "ends", store.Millis(stay.Ends)))
		tx.Do = slices.Concat(tx.Do, stay.ends(room), in.tells(happening{webhook.SessionLeft, stay}))
		if left[stay.Subject]--; left[stay.Subject] > 0 {
			tx.Do = append(tx.Do, store.Add(person, "stays", -1))
			continue
		}
		tx.Do, steps[i] = append(tx.Do, store.Delete(person)), []step{{stay.Left, -1}}
	}
	conds, writes := c.moves(room, -int64(len(stays)), slices.Concat(steps...)...)
	tx.If, tx.Do = append(tx.If, conds...), append(tx.Do, writes...)
	tx.Read = []store.Key{censusKey(room), stayKey(room, stays[0].ID)}
	res, err := s.auth.Apply(ctx, tx)
	if err == nil && res.Refused != 0 {
		err = auth.ErrOvertaken
	}
	if err != nil {
		return err
	}
	gone := 0
	for i, stay := range stays {
		gone += len(steps[i])
		s.told(ctx, in, happening{webhook.SessionLeft, stay}, counted(res, -(i+1), -gone))
	}
	return nil
}

// persons are how many stays those have whose these are, and that as conditions.
func (s *Spaces) persons(ctx context.Context, room string, stays []Stay) (left map[string]int64, tx store.Tx, err error) {
	keys := make([]store.Key, len(stays))
	for i, stay := range stays {
		keys[i] = personKey(room, stay.Subject)
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	left = map[string]int64{}
	for i, rec := range recs {
		left[keys[i].ID] = rec.Int("stays")
		tx.If = append(tx.If, store.Equal(keys[i], "stays", rec["stays"]))
	}
	return left, tx, err
}

// Leave ends the caller's stay in a room; one who is not there has left. A room that is not there for him is ErrNotFound.
func (s *Spaces) Leave(ctx context.Context, who auth.Identity, space, room string) error {
	if !who.IsUser() && who.Kind != auth.Guest {
		return auth.ErrWrongToken
	}
	st, recs, err := s.InRoom(ctx, who, space, room, chainKey(room, chainOf(who)))
	switch {
	case err != nil:
		return err
	case recs[0] == nil:
		return st.May(SeeRoom)
	}
	return s.end(ctx, room, GoneOut, recs[0]["stay"])
}

// Logout is Authority.Logout that leaves the rooms, too, in which the caller's session is.
func (s *Spaces) Logout(ctx context.Context, who auth.Identity) error {
	rooms := []string{who.Room}
	if who.IsUser() {
		visits, err := s.visits(ctx, who.ID)
		if err != nil {
			return err
		}
		rooms = rooms[:0]
		for _, v := range visits {
			rooms = append(rooms, v.Room)
		}
	}
	if err := s.auth.Logout(ctx, who); err != nil {
		return err
	}
	keys := make([]store.Key, len(rooms))
	for i, room := range rooms {
		keys[i] = chainKey(room, chainOf(who))
	}
	recs, err := s.auth.Store.Get(ctx, keys...)
	for i, rec := range recs {
		if rec != nil && err == nil {
			err = s.end(ctx, rooms[i], GoneOut, rec["stay"])
		}
	}
	return err
}

// putOut ends all stays that somebody has in a room.
func (s *Spaces) putOut(ctx context.Context, room, subject string, why Departure) error {
	return s.endAll(ctx, room, staysBy(room, subject), why)
}

// clear ends all stays in a room into which nobody comes any more.
func (s *Spaces) clear(ctx context.Context, room string, why Departure) error {
	return s.endAll(ctx, room, hereIn(room), why)
}

func (s *Spaces) endAll(ctx context.Context, room string, list store.Key, why Departure) error {
	return s.pages(context.WithoutCancel(ctx), list, "", func(entries []string) error {
		return s.end(ctx, room, why, idsOf(entries)...)
	})
}

func idsOf(entries []string) []string {
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = auth.IDOf(entry)
	}
	return ids
}

// A tally is how many are in a room behind what has happened there.
type tally struct{ sessions, members int }

// counted is the tally of a transaction that read the census, and a stay that it begins or ends. The echo of one reads
// what that has written.
func counted(res store.Result, sessions, members int) tally {
	before, stay := res.Read[0], res.Read[1]
	if sessions > 0 && stay != nil || sessions < 0 && stay["left"] != "" {
		sessions, members = 0, 0
	}
	return tally{int(before.Int("sessions")) + sessions, int(before.Int("members")) + members}
}
