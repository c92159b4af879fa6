package invites

import (
	"cmp"
	"context"
	"errors"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/roles"
)

// Kept is what somebody has, with his account, who sat in a room as a guest before.
type Kept struct {
	Space, Room string
	Role        roles.Role // in the room
	SpaceRole   roles.Role // in the space; empty where he has none
	Over        bool       // the seat's session is; else there was nothing to keep
}

// KeepSeat gives the caller the role of the seat that he sat on as a guest: in the room, and in its space, where that is
// private and he has no role in it, the one of a user. The link must allow it, and who issued it must still have
// the right to issue it, and to invite where that is needed. A seat is kept once; its session is over then, and its place
// stays spent. Whoever repeats it, because the reply was lost, gets the same answer; who would get nothing that he does
// not have keeps what he has, and the seat goes on.
// In this order it is auth.ErrWrongToken, ErrSeatOver, roles.ErrNotFound for a guest of another workspace,
// roles.ErrForbidden, ErrSeatKept, a roles.BannedError, roles.ErrRoomClosed, ErrSeatOver, ErrAccountOff, ErrIssuer.
func (d *Desk) KeepSeat(ctx context.Context, who, guest auth.Identity) (Kept, error) {
	var k keeper
	err := auth.Settle(func() (err error) {
		if k, err = d.keeper(ctx, who, guest); err != nil {
			return err
		}
		return d.keep(ctx, &k)
	})
	kept := Kept{Space: guest.Space, Room: guest.Room, Role: k.role, SpaceRole: k.spaceRole, Over: k.seat.Account != ""}
	if err != nil || !kept.Over {
		return kept, err
	}
	e := audit.Event{
		ID: auth.Hash("kept", guest.ID, who.ID), Type: audit.SeatKept, Subject: guest.ID, Space: guest.Space, Room: guest.Room,
		Role: string(k.role),
	}
	if k.seat.Invited {
		e.Reason = "invited"
	}
	return kept, d.auth.Recorded(ctx, who, e, nil)
}

// ConsiderKeep reports whether KeepSeat would give the caller something that he has not. It changes nothing, and returns
// the errors of KeepSeat.
func (d *Desk) ConsiderKeep(ctx context.Context, who, guest auth.Identity) (bool, error) {
	k, err := d.keeper(ctx, who, guest)
	if err == nil {
		err = k.decide()
	}
	return err == nil && k.gains(), err
}

// A keeper is a user before the seat that he sat on as a guest.
type keeper struct {
	roles.Standing
	guest  auth.Identity
	lives  bool // the guest's session does
	seat   Seat
	link   Link
	issuer roles.Standing // of the link

	role, spaceRole roles.Role // what he has afterwards
}

func (d *Desk) keeper(ctx context.Context, who, guest auth.Identity) (k keeper, err error) {
	if who.Kind != auth.User {
		return k, auth.ErrWrongToken
	}
	if guest.Kind != auth.Guest {
		return k, ErrSeatOver
	}
	k.guest, k.seat.ID, k.link.ID = guest, guest.ID, guest.Link
	_, _, over := d.auth.Get(ctx, guest)
	if over != nil && !errors.Is(over, auth.ErrInvalidToken) {
		return k, over
	}
	k.lives = over == nil
	st, recs, err := d.spaces.InRoom(ctx, who, guest.Space, guest.Room, k.seatKey(), k.linkKey())
	if err != nil {
		return k, err
	}
	k.Standing, k.role, k.spaceRole = st, st.Tenure.Role, st.Member.Role
	if err := cmp.Or(recs[0].Load(&k.seat), recs[1].Load(&k.link)); err != nil || k.link.Issuer == "" {
		return k, err
	}
	k.issuer, err = d.spaces.Of(ctx, st, k.link.Issuer)
	return k, err
}

func (k keeper) seatKey() store.Key { return auth.SeatKey(k.guest.Room, k.guest.ID) }

func (k keeper) linkKey() store.Key { return auth.LinkKey(k.guest.Room, k.guest.Link) }

// refusal is why the caller does not keep what the seat has.
func (k keeper) refusal() error {
	own := k.seat.Account == k.ID
	switch {
	case k.Staff == auth.Support: // which changes nothing
		return roles.ErrForbidden
	case k.seat.Account != "" && !own, own && (k.Tenure.Role == "" || k.seat.Exit != k.Member.Exit): // what was taken does not come back
		return ErrSeatKept
	case k.SpaceBan.InForce(k.Now):
		return &roles.BannedError{Until: k.SpaceBan.Until()}
	case k.RoomBan.InForce(k.Now):
		return &roles.BannedError{Until: k.RoomBan.Until()}
	case own:
		return nil
	case !k.Room.Closed.IsZero():
		return roles.ErrRoomClosed
	case !k.lives:
		return ErrSeatOver
	case !k.link.AllowAccount:
		return ErrAccountOff
	case k.issuer.May(roles.IssueLinks) != nil:
		return ErrIssuer
	}
	return nil
}

// decide finds out what the caller has afterwards, or why he does not keep what the seat has.
func (k *keeper) decide() error {
	if err := k.refusal(); err != nil {
		return err
	}
	if k.seat.Account == "" {
		k.seat.Invited = k.Member.Role == "" && !k.Space.Public
	}
	if k.seat.Invited && k.Member.Role == "" {
		if k.issuer.May(roles.Invite) != nil {
			return ErrIssuer
		}
		k.spaceRole = roles.SpaceUser
	}
	if role := roles.GuestRole(k.seat.Role); k.seat.Account == "" && role.Rank() > k.role.Rank() {
		k.role = role
	}
	return nil
}

// gains: afterwards he has more than now.
func (k *keeper) gains() bool { return k.role != k.Tenure.Role || k.spaceRole != k.Member.Role }

// keep writes the room first, where one wins who comes for the seat, and then the space: whoever was stopped in between
// repeats it, and everybody else is refused.
func (d *Desk) keep(ctx context.Context, k *keeper) error {
	if err := k.decide(); err != nil {
		return err
	}
	if k.seat.Account == "" && k.gains() {
		k.seat.Account, k.seat.Exit = k.ID, k.Member.Exit
		if err := d.spaces.Instate(ctx, k.Standing, k.role, k.claim()); err != nil {
			return err
		}
	}
	if k.spaceRole == k.Member.Role {
		return nil
	}
	return d.spaces.Admit(ctx, k.Standing, k.spaceRole, store.Tx{If: k.issuer.StillMember()})
}

// claim is the seat's part of the transaction that gives the role in the room.
func (k keeper) claim() store.Tx {
	seat, link := k.seatKey(), k.linkKey()
	return store.Tx{
		If: append(append(k.issuer.InOffice(), auth.WhileAlive(link, k.Now, true)...),
			store.Equal(link, "rev", k.link.Rev), store.Present(auth.EpochKey("r:"+k.guest.Room, k.link.Epoch)),
			store.Equal(seat, "sid", k.guest.Session), store.Equal(seat, "ended", ""), store.Equal(seat, "account", ""),
			roles.NotBanned("r:"+k.guest.Room, k.guest.ID, k.Now)),
		Do: []store.Write{store.Set(seat, store.Record{
			"sid": "", "account": k.ID, "invited": store.Fields(k.seat)["invited"], "exit": k.seat.Exit,
		})},
	}
}
