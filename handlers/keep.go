package handlers

import (
	"errors"

	"usher/auth"
	"usher/handlers/wire"
)

func (a *api) keepSeat(c *call, in wire.SeatKeeping) (any, error) {
	guest, err := a.former(c, in.GuestToken)
	if err != nil {
		return nil, err
	}
	kept, err := a.Desk.KeepSeat(c, c.who, guest)
	if err == nil && kept.Over && in.GuestToken == "" {
		a.forget(c)
	}
	return wire.SeatKept{
		SpaceID: kept.Space, RoomID: kept.Room, Role: wire.RoomRoleName(kept.Role), SpaceRole: wire.SpaceRole(kept.SpaceRole),
	}, err
}

// former is the guest that the caller was: whose token he shows, or whose cookies the browser sends under the room's
// path. A token that is not valid is nobody's.
func (a *api) former(c *call, token string) (guest auth.Identity, err error) {
	switch {
	case token != "":
		guest, err = a.Authority.Authenticate(c, token)
	case !c.byCookie || c.room() == "":
		return guest, invalid{"/guestToken", missing}
	default:
		if guest, err = a.inCookies(c, c.room()); err == nil && guest.Kind == auth.Nobody {
			guest, err = a.renewed(c)
		}
	}
	if errors.Is(err, auth.ErrInvalidToken) || errors.Is(err, auth.ErrInvalidGrant) || errors.Is(err, auth.ErrInvalidClient) {
		return auth.Identity{}, nil
	}
	return guest, err
}
