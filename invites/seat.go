package invites

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/roles"
)

// AnonymousTTL is how long the seat of someone lives who came through an open room's door.
const AnonymousTTL = 24 * time.Hour

// JoinAsGuest gives a seat in an open room to someone without an account, marked anonymous. The same seat key finds the
// same seat again, while the room stays open. A room that the caller may not know of is roles.ErrNotFound, one that he is
// banned from a roles.BannedError, one that he may see but that is not open roles.ErrForbidden, a closed one a
// roles.DeniedError; ErrSeatBanned is a seat that was put out. A guest of another room counts as someone without a token.
func (d *Desk) JoinAsGuest(ctx context.Context, who auth.Identity, space, room, name string, key secret.String) (Seated, error) {
	who, err := d.stranger(ctx, who)
	if err != nil {
		return Seated{}, err
	}
	name, err = auth.ShownName("name", name)
	if err != nil {
		return Seated{}, err
	}
	if key, err = d.seatKey(key); err != nil {
		return Seated{}, err
	}
	var got Seated
	err = auth.Settle(func() error {
		st, _, err := d.spaces.InRoom(ctx, who, space, room)
		if err != nil {
			return err
		}
		if err := st.May(roles.SeeRoom); err != nil {
			return err
		}
		if st.Room.Access != roles.Open {
			return roles.ErrForbidden
		}
		if decision := st.Enter(); !decision.Allowed {
			return &roles.DeniedError{Decision: decision}
		}
		got, err = d.comeIn(ctx, st, name, key)
		return err
	})
	if err != nil {
		return Seated{}, err
	}
	got.SeatKey = key
	return got, nil
}

// stranger is a caller who stands before an open room: a guest of another one counts as nobody there, as long as his
// session lives.
func (d *Desk) stranger(ctx context.Context, who auth.Identity) (auth.Identity, error) {
	if who.Kind != auth.Guest {
		return who, nil
	}
	_, _, err := d.auth.Get(ctx, who)
	return auth.Identity{}, err
}

// comeIn seats an anonymous guest. His seat hangs on the room's being open, as another's hangs on its link.
func (d *Desk) comeIn(ctx context.Context, st roles.Standing, name string, key secret.String) (Seated, error) {
	room, opening := st.Room.ID, st.Room.Opening
	seat := Seat{
		ID: seatID(opening, key), Username: name, Role: "user", Created: st.Now, Ends: st.Now.Add(AnonymousTTL),
	}
	at := auth.SeatKey(room, seat.ID)
	recs, err := d.auth.Store.Get(ctx, at, roles.BanKey("r:"+room, seat.ID))
	if err != nil {
		return Seated{}, err
	}
	if recs[0]["ended"] != "" || recs[1].Int("ends") > st.Now.UnixMilli() {
		return Seated{}, ErrSeatBanned
	}
	guest, session := d.auth.SeatSession(auth.Identity{
		ID: seat.ID, Workspace: st.Room.Workspace, Space: st.Space.ID, Room: room, Lineage: opening,
	})
	err = d.auth.Change(ctx, store.Tx{
		If: []store.Cond{
			store.Present(auth.EpochKey("r:"+room, opening)), store.Equal(auth.RoomKey(room), "ended", ""),
			store.Equal(auth.RoomKey(room), "closed", ""), store.Equal(at, "ended", ""),
			roles.NotBanned("r:"+room, seat.ID, st.Now),
		},
		Do: []store.Write{
			store.Set(at, store.Fields(seat)), store.Set(at, session), store.Collect(at, seat.Ends.Add(auth.KeptAfterEnd)),
		},
	})
	if err != nil {
		return Seated{}, err
	}
	if err := d.seated(ctx, guest, seat.Role); err != nil {
		return Seated{}, err
	}
	tokens, err := d.auth.SeatTokens(guest, seat.Ends)
	return Seated{Tokens: tokens, Seat: seat, Space: st.Space.ID, Room: room, Alias: st.Room.Alias}, err
}

// GetSeat is the guest's own seat, and when it ends.
func (d *Desk) GetSeat(ctx context.Context, who auth.Identity) (Seat, time.Time, error) {
	if who.Kind != auth.Guest {
		return Seat{}, time.Time{}, auth.ErrWrongToken
	}
	self, recs, err := d.auth.Get(ctx, who, auth.SeatKey(who.Room, who.ID))
	if err != nil {
		return Seat{}, time.Time{}, err
	}
	seat := Seat{ID: who.ID}
	err = recs[0].Load(&seat)
	return seat, self.Ends, err
}

// LeaveSeat ends the guest's session. The seat stays his: the same seat key redeems the link again.
func (d *Desk) LeaveSeat(ctx context.Context, who auth.Identity) error {
	if who.Kind != auth.Guest {
		return auth.ErrWrongToken
	}
	return d.spaces.Logout(ctx, who)
}

func seatsOf(room, link string) store.Key {
	return store.Key{Partition: "r:" + room, Kind: "index", ID: "seats:" + link}
}

// eachSeat makes writes on every seat of a link, some at a time, while the conditions hold; then it is
// auth.ErrOvertaken. What is not there any more is not written, lest it come back as an empty seat.
func (d *Desk) eachSeat(ctx context.Context, room, link string, while []store.Cond, write func(seat store.Key) []store.Write) error {
	page := store.Page{Limit: 200}
	for {
		ids, err := d.auth.Store.List(ctx, seatsOf(room, link), page)
		if err != nil || len(ids) == 0 {
			return err
		}
		keys := make([]store.Key, len(ids))
		for i, id := range ids {
			keys[i] = auth.SeatKey(room, id)
		}
		recs, err := d.auth.Store.Get(ctx, keys...)
		if err != nil {
			return err
		}
		var writes []store.Write
		for i, key := range keys {
			if recs[i] != nil {
				writes = append(writes, write(key)...)
			}
		}
		if err := d.auth.Change(ctx, store.Tx{If: while, Do: writes}); err != nil {
			return err
		}
		page.After = ids[len(ids)-1]
	}
}
