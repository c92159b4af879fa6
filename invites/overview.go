package invites

import (
	"context"

	"usher/auth"
)

// AllLinks are the links of a room, the next to end first, to administrators and support; never their tokens. It returns
// roles.ErrForbidden, roles.ErrNotFound.
func (d *Desk) AllLinks(ctx context.Context, who auth.Identity, space, room string, page auth.Page) ([]Link, string, error) {
	if _, err := d.spaces.Overlook(ctx, who, space, room); err != nil {
		return nil, "", err
	}
	return d.listLinks(ctx, room, page)
}

// AllInvites are the invites of a space, the next to end first, to administrators and support. Whoever has the id of one
// that waits may use it: support gets none of these. It returns roles.ErrForbidden, roles.ErrNotFound.
func (d *Desk) AllInvites(ctx context.Context, who auth.Identity, space string, in State, page auth.Page) ([]Invite, string, error) {
	st, err := d.spaces.Overlook(ctx, who, space, "")
	if err != nil {
		return nil, "", err
	}
	found, next, err := d.listInvites(ctx, space, in, page)
	for i := range found {
		if st.Staff == auth.Support && found[i].State == Pending {
			found[i].ID = ""
		}
	}
	return found, next, err
}
