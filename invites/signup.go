package invites

import (
	"context"
	"errors"

	"usher/auth"
)

// Page is the path of the page of an invite.
func Page(space, invite string) string { return "/invite/" + space + "/" + invite }

// SignUp is auth.SignUp for who comes with an invite, to which the mail leads back. Whoever holds one that waits for
// this very address is invited, as auth.SignUpInvited says; with any other, or none, he is a stranger.
func (d *Desk) SignUp(ctx context.Context, in auth.Stranger, space, invite string) error {
	if !auth.IsID(space) || !auth.IsID(invite) {
		return d.auth.SignUp(ctx, in)
	}
	in.Back = Page(space, invite)
	s, err := d.seen(ctx, space, invite)
	switch {
	case err != nil && !errors.Is(err, ErrInviteNotFound):
		return err
	case err == nil && s.in.State == Pending && s.in.Email != "" && auth.Mailbox(s.in.Email) == auth.Mailbox(in.Email):
		return d.auth.SignUpInvited(ctx, in, s.space.Workspace)
	}
	return d.auth.SignUp(ctx, in)
}
