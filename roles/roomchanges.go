package roles

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// UpdateRoom changes what is said of a room, whether it is closed and, where that is asked for, whom it lets in: that is
// for its owner. A room that is opened again has all of its time for meetings before it.
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
		changed, err = s.updateRoom(ctx, st, in)
		return err
	})
	e := audit.Event{Type: audit.RoomUpdated, Space: space, Room: room}
	if err == nil && in.Closed != nil {
		if e.Type = audit.RoomReopened; *in.Closed {
			e.Type, err = audit.RoomClosed, s.clear(ctx, room, RoomClosed)
		}
	}
	return changed, s.auth.Recorded(ctx, who, e, err)
}

func (s *Spaces) updateRoom(ctx context.Context, st Standing, in NewRoom) (Room, error) {
	was, now, key := st.Room, st.describedRoom(), auth.RoomKey(st.Room.ID)
	details, access, err := in.over(was)
	if err != nil {
		return now, err
	}
	if access != was.Access {
		if err := st.May(SetAccess); err != nil {
			return now, err
		}
	}
	now.RoomDetails = details
	writes := s.setAccess(&now, access)
	switch {
	case in.Closed == nil || *in.Closed != was.Closed.IsZero():
	case *in.Closed:
		now.Closed = st.Now
	default:
		if err := s.clear(ctx, was.ID, RoomClosed); err != nil { // which who closed it may have left undone
			return now, err
		}
		now.Closed = time.Time{}
		writes = append(writes, store.Set(censusKey(was.ID), store.Record{"together": ""}))
	}
	if now != st.describedRoom() {
		now.Changed = st.Now
	}
	return now, s.rewrite(ctx, was, now, store.Tx{
		If: append(st.InOffice(), store.Equal(key, "opening", was.Opening), store.Equal(key, "closed", store.Millis(was.Closed))),
		Do: writes,
	})
}

// InOffice is the caller's tenure in a room that is still there, as conditions.
func (st Standing) InOffice() []store.Cond {
	return append(st.Tenure.still(roleKey(st.Room.ID, st.ID)), store.Equal(auth.RoomKey(st.Room.ID), "ended", ""))
}

// CloseRoom shuts a room: nobody enters any more. What it was stays to be seen until it is deleted.
func (s *Spaces) CloseRoom(ctx context.Context, who auth.Identity, space, room string) error {
	err := auth.Settle(func() error {
		st, _, err := s.InRoom(ctx, who, space, room)
		if err != nil {
			return err
		}
		if err := st.May(UpdateRoom); err != nil || !st.Room.Closed.IsZero() {
			return err
		}
		closed := st.Room
		closed.Closed, closed.Changed = st.Now, st.Now
		return s.rewrite(ctx, st.Room, closed, store.Tx{If: st.InOffice()})
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
		ctx = context.WithoutCancel(ctx) // who hangs up when it is gone leaves nothing of it
		return s.auth.Change(ctx, store.Tx{If: append(st.InOffice(), ended.asRead()...), Do: ended.ending(st.Now)})
	})
	if err != nil {
		return err
	}
	return s.sweepRoom(ctx, ended)
}

// asRead are the conditions that a room still has what must go with it.
func (r Room) asRead() []store.Cond {
	key := auth.RoomKey(r.ID)
	return []store.Cond{
		store.Equal(key, "alias", r.Alias), store.Equal(key, "opening", r.Opening), store.Equal(key, "listing", r.Listing),
	}
}

// ending takes a room away from everyone at once.
func (r Room) ending(now time.Time) []store.Write {
	key := auth.RoomKey(r.ID)
	return []store.Write{
		store.Set(key, store.Record{"ended": store.Millis(now)}), store.Collect(key, now.Add(auth.KeptAfterEnd)),
		store.Delete(auth.EpochKey("r:"+r.ID, r.Opening)),
	}
}
