package roles

import (
	"cmp"
	"context"
	"slices"
	"time"

	"usher/auth"
	"usher/internal/outbox"
	"usher/internal/store"
	"usher/internal/webhook"
)

// An arrival is somebody who may enter a room, and what is known there of him so far.
type arrival struct {
	Standing
	role   Role
	until  time.Time // when the token that he gets lapses
	census census
	chain  struct { // the stay that he has
		Stay  string    `store:"stay"`
		Began time.Time `store:"began"`
		Ends  time.Time `store:"ends"`
		Role  Role      `store:"role"`
	}
	stays string    // how many stays he has here, as stored
	visit time.Time // when his coming here was noted last
}

func arrivalKeys(who auth.Identity, room string) []store.Key {
	return []store.Key{censusKey(room), chainKey(room, chainOf(who)), personKey(room, who.ID), visitKey(who.ID, room)}
}

// arrival reads what arrivalKeys name. It is a DeniedError where the room's time is used up.
func (s *Spaces) arrival(ctx context.Context, st Standing, role Role, recs []store.Record) (arrival, error) {
	a := arrival{Standing: st, role: role, stays: recs[2]["stays"], visit: recs[3].Time("at")}
	if err := load(recs, &a.census, &a.chain); err != nil {
		return a, err
	}
	a.until = st.Now.Add(s.auth.RoomTTL())
	if !st.Ends.IsZero() && st.Ends.Before(a.until) {
		a.until = st.Ends
	}
	if left, bounded := st.Room.left(a.census, st.Now); bounded {
		if left <= 0 {
			return a, cmp.Or(s.useUp(ctx, st.Room, a.census), error(&DeniedError{Decision{}.because(CodeRoomClosed, "")}))
		}
		if end := st.Now.Add(left); end.Before(a.until) {
			a.until = end
		}
	}
	return a, nil
}

// arrive begins a stay, or goes on with the one that there is, and returns its id.
func (s *Spaces) arrive(ctx context.Context, a arrival) (string, error) {
	stay := Stay{
		ID: a.chain.Stay, Subject: a.ID, Chain: chainOf(a.Identity), Guest: a.Kind == auth.Guest, ExternalID: a.ExternalID,
		Name: a.Name, Role: a.role, Began: a.chain.Began, Ends: roundedUp(a.until),
	}
	switch {
	case stay.ID == "":
		stay.ID, stay.Began = s.auth.NewID(), a.Now
		return stay.ID, s.begin(ctx, a, stay)
	case !a.chain.Ends.After(a.Now): // nobody has seen yet that it lapsed
		return "", cmp.Or(s.end(ctx, a.Room.ID, Lapsed, stay.ID), auth.ErrOvertaken)
	case a.Now.Sub(stay.Began) > longestStay:
		return "", cmp.Or(s.end(ctx, a.Room.ID, GoneOut, stay.ID), auth.ErrOvertaken)
	}
	return stay.ID, s.goOn(ctx, a, stay)
}

func (s *Spaces) begin(ctx context.Context, a arrival, stay Stay) error {
	room, key := a.Room.ID, censusKey(a.Room.ID)
	person := personKey(room, a.ID)
	tx := store.Tx{
		If:   append(a.stillMay(), store.Absent(chainKey(room, stay.Chain)), store.Equal(person, "stays", a.stays)),
		Do:   append(stay.begins(room, a.Now), store.Add(person, "stays", 1), store.Collect(person, stay.Ends.Add(auth.KeptAfterEnd))),
		Read: []store.Key{key, stayKey(room, stay.ID)},
	}
	var came []step
	if a.stays == "" {
		came = []step{{a.Now, 1}}
	}
	conds, writes := a.census.moves(room, 1, came...)
	here := happening{webhook.SessionJoined, stay}
	tx.If, tx.Do = append(tx.If, conds...), slices.Concat(tx.Do, writes, a.Room.tells(here))
	if a.census.Started.IsZero() {
		tx.Do = append(tx.Do, store.Set(key, store.Record{"started": store.Millis(a.Now)}))
	}
	if err := cmp.Or(s.visited(ctx, a), s.watched(ctx, a, stay.Ends, &tx)); err != nil {
		return err
	}
	res, err := s.auth.Apply(ctx, tx)
	if err == nil && res.Refused != 0 {
		err = auth.ErrOvertaken
	}
	if err == nil {
		s.told(ctx, a.Room, here, counted(res, 1, len(came)))
	}
	return err
}

// goOn prolongs a stay. What a minute has seen prolonged needs no write.
func (s *Spaces) goOn(ctx context.Context, a arrival, stay Stay) error {
	if !stay.Ends.After(a.chain.Ends) {
		stay.Ends = a.chain.Ends
		if a.chain.Role == stay.Role {
			return nil
		}
	}
	tx := a.Room.prolongs(stay, a.chain.Ends)
	tx.If = append(tx.If, a.stillMay()...)
	if err := s.watched(ctx, a, stay.Ends, &tx); err != nil {
		return err
	}
	return s.auth.Change(ctx, tx)
}

// prolongs moves the end of a stay from where it was.
func (r Room) prolongs(stay Stay, from time.Time) store.Tx {
	chain, was := chainKey(r.ID, stay.Chain), stay
	was.Ends = from
	return store.Tx{
		If: []store.Cond{store.Equal(chain, "stay", stay.ID), store.Equal(chain, "ends", store.Millis(from))},
		Do: append([]store.Write{store.Remove(lapsesIn(r.ID), was.lapse())}, stay.held(r.ID)...),
	}
}

// stillMay is, as conditions, what may change in the room between the entering decision and the entering.
func (a arrival) stillMay() []store.Cond {
	room, place := auth.RoomKey(a.Room.ID), "r:"+a.Room.ID
	conds := []store.Cond{
		store.Equal(room, "ended", ""), store.Equal(room, "closed", ""), store.Equal(room, "access", string(a.Room.Access)),
		NotBanned(place, a.ID, a.Now),
	}
	if a.Kind == auth.Guest {
		return append(conds, store.Equal(auth.SeatKey(a.Room.ID, a.ID), "sid", a.Session))
	}
	return append(conds, a.Tenure.still(roleKey(a.Room.ID, a.ID))...)
}

// watched has somebody look after the room: when the first one comes, when its time is used up sooner than anybody
// looks, and where who should have looked did not. The task comes first; one that the room does not name does nothing.
func (s *Spaces) watched(ctx context.Context, a arrival, ends time.Time, tx *store.Tx) error {
	due := ends
	if left, bounded := a.Room.left(a.census, a.Now); bounded {
		due = earlier(due, a.Now.Add(left))
	}
	c := a.census
	if c.Sessions > 0 && !due.Before(c.Watched) && a.Now.Before(c.Watched.Add(lostAfter)) {
		return nil
	}
	id := auth.Hash("watch", a.Room.ID, c.Watch, store.Millis(due))
	if err := s.watches.Add(ctx, watchOf(id, a.Room.ID, due)); err != nil {
		return err
	}
	tx.If = append(tx.If, store.Equal(censusKey(a.Room.ID), "watch", c.Watch))
	tx.Do = append(tx.Do, store.Set(censusKey(a.Room.ID), store.Record{"watch": id, "watched": store.Millis(due)}))
	return nil
}

func watchOf(id, room string, due time.Time) outbox.Task {
	return outbox.Task{ID: id, After: due, Until: due.Add(longestStay), What: store.Record{"room": room}}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
