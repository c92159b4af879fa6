package roles

import (
	"context"

	"usher/auth"
	"usher/internal/store"
)

// Admit gives the caller a role in the space where he stands, in one transaction with tx, which says by what right and
// spends it. It is auth.ErrOvertaken where that, or what the standing says, holds no longer.
func (s *Spaces) Admit(ctx context.Context, st Standing, role Role, tx store.Tx) error {
	space := st.Space.ID
	now := st.Member
	now.Role = role
	tx.If = append(tx.If, st.StillMember()...)
	tx.If = append(tx.If, store.Equal(auth.SpaceKey(space), "ended", ""), NotBanned("s:"+space, st.ID, st.Now))
	tx.Do = append(tx.Do, s.regrade(memberKey(space, st.ID), st.Member, now, false, Loss{})...)
	admit := func() error { return s.auth.Change(ctx, tx) }
	if err := s.pointing(ctx, spacesOf(st.ID), space, auth.SpaceKey(space), admit); err != nil {
		return err
	}
	return s.sweep(ctx, space, st.ID, now, false) // of a fall before, if that was stopped half-way
}

// Instate is Admit for a role in the room where the caller stands.
func (s *Spaces) Instate(ctx context.Context, st Standing, role Role, tx store.Tx) error {
	room, key := auth.RoomKey(st.Room.ID), roleKey(st.Room.ID, st.ID)
	tx.If = append(tx.If, st.InOffice()...)
	tx.If = append(tx.If, store.Equal(room, "closed", ""), NotBanned("r:"+st.Room.ID, st.ID, st.Now))
	tx.Do = append(tx.Do, s.regrade(key, st.Tenure, Tenure{Role: role, Exit: st.Member.Exit}, false, Loss{})...)
	return s.pointing(ctx, roomsOf(st.ID), st.Space.ID+"/"+st.Room.ID, room, func() error { return s.auth.Change(ctx, tx) })
}
