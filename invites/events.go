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

// A reason is a word for a refusal, which is the code of the answer.
type reason struct {
	err  error
	word string
}

// reasons are those for which a link gives no seat.
var reasons = []reason{
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

// declines are those for which an invite lets nobody in, beside a ban.
var declines = []reason{
	{ErrInviteExpired, "invite_expired"},
	{ErrInviteRevoked, "invite_revoked"},
	{ErrInviteUsed, "invite_used"},
	{ErrInviteNotForYou, "invite_not_for_you"},
	{ErrEmailUnverified, "email_unverified"},
	{ErrInviteVoid, "invite_void"},
}

// declined writes down in an invite's ledger that it did not let somebody in, and returns why.
func (d *Desk) declined(ctx context.Context, space string, in Invite, who auth.Identity, refusal error) error {
	word := ""
	if _, banned := errors.AsType[*roles.BannedError](refusal); banned {
		word = "banned"
	}
	for _, r := range declines {
		if errors.Is(refusal, r.err) {
			word = r.word
		}
	}
	if word == "" {
		return refusal
	}
	return cmp.Or(d.turnAway(ctx, in.ledger(space), who.ID, word), refusal)
}

// refused records that a link gave no seat, each time in its ledger, and returns why.
func (d *Desk) refused(ctx context.Context, h hall, refusal error) error {
	if errors.Is(refusal, ErrPINPaused) {
		if err := d.pinPaused(ctx, h); err != nil {
			return err
		}
	}
	for _, r := range reasons {
		if errors.Is(refusal, r.err) {
			if err := d.turnAway(ctx, h.ledger(), h.seat.ID, r.word); err != nil {
				return err
			}
			e := audit.Event{Type: audit.LinkRefused, Subject: h.link.ID, Space: h.token.space, Room: h.token.room, Reason: r.word}
			who := auth.Identity{Workspace: h.room.Workspace}
			return cmp.Or(d.auth.Recorded(ctx, who, d.auth.Hourly(ctx, e, h.link.ID), nil), refusal)
		}
	}
	return refusal
}
