package invites

import (
	"context"

	"usher/auth"
	"usher/internal/secret"
	"usher/roles"
)

// A Preview is what a link's token shows before anything is spent.
type Preview struct {
	Link    Link
	Room    roles.Room
	Refusal error // what Redeem would say now; nil where there is a seat
	AsksPIN bool  // of a newcomer
}

// Preview says where a link leads, as whom, until when, and whether it still takes a seat. It spends nothing.
func (d *Desk) Preview(ctx context.Context, token secret.String) (Preview, error) {
	return d.PreviewFor(ctx, token, secret.String{})
}

// PreviewFor is Preview for who has a seat key, and perhaps a seat already.
func (d *Desk) PreviewFor(ctx context.Context, token, key secret.String) (Preview, error) {
	t, err := parseLinkToken(token)
	if err != nil {
		return Preview{}, err
	}
	h, err := d.hall(ctx, t, seatID(t.link, key))
	if err != nil {
		return Preview{}, err
	}
	lineage, err := d.lineage(ctx, "r:"+t.room, h.link.Epoch)
	if err != nil {
		return Preview{}, err
	}
	if h.link.looked(lineage, d.auth.Now()); !h.room.Closed.IsZero() {
		h.link.State = Closed
	}
	return Preview{Link: h.link, Room: h.room, Refusal: h.refusal(lineage, d.auth.Now()), AsksPIN: h.link.PIN != "" && !h.taken}, nil
}

// Explain says whether a link lets a new guest into a room, and why; to those who may grant roles there, the workspace's
// administrators among them.
func (d *Desk) Explain(ctx context.Context, who auth.Identity, space, room, link string) (roles.Decision, error) {
	st, _, err := d.spaces.InRoom(ctx, who, space, room)
	if err != nil {
		return roles.Decision{}, err
	}
	if err := st.May(roles.Grant); err != nil && st.Staff != auth.Admin {
		return roles.Decision{}, err
	}
	found, err := d.links(ctx, room, link)
	switch {
	case err != nil:
		return roles.Decision{}, err
	case len(found) == 0:
		return roles.Decision{}, ErrLinkUnknown
	case !st.Room.Closed.IsZero():
		return roles.Decision{Reasons: []roles.Reason{{Code: roles.CodeRoomClosed}}}, nil
	}
	decision := roles.Decision{Reasons: []roles.Reason{{Code: roles.Code("link_" + found[0].State), Until: found[0].Ends}}}
	if found[0].State == Early {
		decision.Reasons[0].Until = found[0].NotBefore
	}
	if found[0].State == Live {
		decision.Allowed, decision.Role = true, roles.GuestRole(found[0].Role)
	}
	return decision, nil
}
