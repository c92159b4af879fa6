package roles

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// UpdateRoom changes what is said of a room and, where that is asked for, whom it lets in: that is for its owner.
func (s *Spaces) UpdateRoom(ctx context.Context, who auth.Identity, space, room string, in NewRoom) (Room, error) {
	var changed Room
	err := auth.Settle(func() error {
		st, _, err := s.InRoom(ctx, who, space, room)
		if err != nil {
			return err
		}
		if err := st.May(UpdateRoom); err != nil {
			return err
		}
		details, access, err := in.over(st.Room)
		if err != nil {
			return err
		}
		if access != st.Room.Access {
			if err := st.May(SetAccess); err != nil {
				return err
			}
		}
		changed = st.describedRoom()
		changed.RoomDetails = details
		writes := s.setAccess(&changed, access)
		fields := store.Fields(changed.RoomDetails)
		fields["access"], fields["opening"] = string(changed.Access), changed.Opening
		return s.auth.Change(ctx, store.Tx{
			If: append(st.InOffice(), store.Equal(auth.RoomKey(room), "opening", st.Room.Opening)),
			Do: append(writes, store.Set(auth.RoomKey(room), fields)),
		})
	})
	return changed, s.auth.Recorded(ctx, who, audit.Event{Type: audit.RoomUpdated, Space: space, Room: room}, err)
}

// InOffice is the caller's tenure in a room that is still there, as conditions.
func (st Standing) InOffice() []store.Cond {
	return append(st.Tenure.still(roleKey(st.Room.ID, st.ID)), store.Equal(auth.RoomKey(st.Room.ID), "ended", ""))
}

// CloseRoom shuts a room for good: nobody enters any more. What it was stays to be seen until it is deleted.
func (s *Spaces) CloseRoom(ctx context.Context, who auth.Identity, space, room string) error {
	err := auth.Settle(func() error {
		st, _, err := s.InRoom(ctx, who, space, room)
		if err != nil {
			return err
		}
		if err := st.May(UpdateRoom); err != nil || !st.Room.Closed.IsZero() {
			return err
		}
		return s.auth.Change(ctx, store.Tx{If: st.InOffice(), Do: []store.Write{
			store.Set(auth.RoomKey(room), store.Record{"closed": store.Millis(s.auth.Now())}),
		}})
	})
	if err == nil {
		err = s.clear(ctx, room, RoomClosed)
	}
	return s.auth.Recorded(ctx, who, audit.Event{Type: audit.RoomClosed, Space: space, Room: room}, err)
}

// DeleteRoom deletes a room and all that is in it: its owner may, and, without entering it, the owner of its space.
func (s *Spaces) DeleteRoom(ctx context.Context, who auth.Identity, space, room string) error {
	var ended Room
	err := auth.Settle(func() error {
		st, _, err := s.InRoom(ctx, who, space, room)
		if err != nil {
			return err
		}
		if err := st.May(DeleteRoom); err != nil {
			return err
		}
		ended = st.Room
		e := audit.Event{ID: auth.Hash("deleted", room), Type: audit.RoomDeleted, Space: space, Room: room}
		if err := s.auth.Recorded(ctx, who, e, nil); err != nil { // first: it can't be repeated
			return err
		}
		return s.auth.Change(ctx, store.Tx{If: append(st.InOffice(), ended.asRead()...), Do: ended.ending(st.Now)})
	})
	if err != nil {
		return err
	}
	return s.sweepRoom(context.WithoutCancel(ctx), ended)
}

// asRead are the conditions that a room still has what must go with it.
func (r Room) asRead() []store.Cond {
	key := auth.RoomKey(r.ID)
	return []store.Cond{store.Equal(key, "alias", r.Alias), store.Equal(key, "opening", r.Opening)}
}

// ending takes a room away from everyone at once.
func (r Room) ending(now time.Time) []store.Write {
	key := auth.RoomKey(r.ID)
	return []store.Write{
		store.Set(key, store.Record{"ended": store.Millis(now)}), store.Collect(key, now.Add(auth.KeptAfterEnd)),
		store.Delete(auth.EpochKey("r:"+r.ID, r.Opening)),
	}
}
