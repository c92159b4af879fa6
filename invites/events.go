package invites

import (
	"cmp"
	"context"
	"errors"

	"usher/auth"
	"usher/internal/audit"
	"usher/roles"
)

// seated records who has taken a seat. A guest may do that again and again, as the same one.
func (d *Desk) seated(ctx context.Context, guest auth.Identity, role string) error {
	e := audit.Event{Type: audit.LinkRedeemed, Subject: guest.Link, Space: guest.Space, Room: guest.Room, Role: role}
	if guest.Link == "" {
		e.Type = audit.GuestJoined
	}
	return d.auth.Recorded(ctx, guest, d.auth.Hourly(ctx, e, guest.ID), nil)
}

// reasons are the words for why a link gave no seat.
var reasons = []struct {
	err  error
	word string
}{
	{roles.ErrRoomClosed, "room_closed"},
	{ErrSeatBanned, "banned"},
	{ErrSeatKept, "seat_kept"},
	{ErrLinkRevoked, "link_revoked"},
	{ErrLinkExpired, "link_expired"},
	{ErrLinkPaused, "link_paused"},
	{ErrLinkEarly, "link_not_yet_valid"},
	{ErrLinkUsed, "link_used"},
	{ErrPINPaused, "link_pin_paused"},
	{ErrPINRequired, "pin_required"},
	{ErrPINWrong, "pin_wrong"},
}

// refused records that a link gave no seat, and returns why.
func (d *Desk) refused(ctx context.Context, h hall, refusal error) error {
	if errors.Is(refusal, ErrPINPaused) {
		if err := d.pinPaused(ctx, h); err != nil {
			return err
		}
	}
	for _, r := range reasons {
		if errors.Is(refusal, r.err) {
			e := audit.Event{Type: audit.LinkRefused, Subject: h.link.ID, Space: h.token.space, Room: h.token.room, Reason: r.word}
			who := auth.Identity{Workspace: h.room.Workspace}
			return cmp.Or(d.auth.Recorded(ctx, who, d.auth.Hourly(ctx, e, h.link.ID), nil), refusal)
		}
	}
	return refusal
}
