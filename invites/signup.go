package invites

import (
	"context"
	"errors"
	"regexp"

	"usher/auth"
	"usher/internal/secret"
)

// Page is the path of the page of an invite.
func Page(space, invite string) string { return "/invite/" + space + "/" + invite }

// aPage is what Page makes.
var aPage = regexp.MustCompile(`^/invite/([0-9a-f]{24})/([0-9a-f]{24})$`)

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

// ConfirmSignUp is auth.ConfirmSignUp that asks, where only the invited sign up, whether the invite still waits: it is
// auth.ErrProof where somebody has taken it back since.
func (d *Desk) ConfirmSignUp(ctx context.Context, token, chosen secret.String) error {
	page, err := d.auth.InvitedBy(ctx, token)
	if at := aPage.FindStringSubmatch(page); err == nil && at != nil {
		err = d.waits(ctx, at[1], at[2])
	}
	if err != nil {
		return err
	}
	return d.auth.ConfirmSignUp(ctx, token, chosen)
}

func (d *Desk) waits(ctx context.Context, space, invite string) error {
	s, err := d.seen(ctx, space, invite)
	if errors.Is(err, ErrInviteNotFound) || err == nil && s.in.State != Pending {
		return auth.ErrProof
	}
	return err
}
