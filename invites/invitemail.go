package invites

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/mail"
	"usher/internal/outbox"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/roles"
)

// errOver says that an invite has no use for its mail any more. It is hopeless, and not nothing, because whoever asks
// how many mails were sent must not hear of one that was not.
var errOver = fmt.Errorf("%w: the invite is over", outbox.ErrHopeless)

// post puts the mail of an invite into the queue, if it is not there yet. It names the invite alone: what the mail says
// is looked up when it is sent.
func (d *Desk) post(ctx context.Context, space string, in Invite) error {
	if !in.Posting {
		return nil
	}
	if err := d.mailer.Ready(); err != nil {
		return err
	}
	err := d.mailer.Add(ctx, outbox.Task{
		ID: in.Mail, Until: in.Ends, What: store.Record{"space": space, "invite": in.ID},
	})
	if err != nil {
		return err
	}
	return d.posted(ctx, space, in)
}

// posted notes that the mail of an invite is in the queue.
func (d *Desk) posted(ctx context.Context, space string, in Invite) error {
	if !in.Posting {
		return nil
	}
	key := inviteKey(space, in.ID)
	_, err := d.auth.Apply(ctx, store.Tx{
		If: []store.Cond{store.Equal(key, "mail", in.Mail)}, Do: []store.Write{store.Set(key, store.Record{"posting": ""})},
	})
	return err
}

// letter is the mail of an invite, if it waits, and no later mail has taken the place of this one.
func (d *Desk) letter(ctx context.Context, t outbox.Task) (m mail.Message, err error) {
	space := t.What["space"]
	s, err := d.seen(ctx, space, t.What["invite"])
	switch {
	case errors.Is(err, ErrInviteNotFound):
		return m, errOver
	case err != nil:
		return m, err
	case s.in.Mail != t.ID:
		return m, nil
	case s.in.State != Pending:
		return m, errOver
	}
	// Whoever put it into the queue may have stopped before he noted that: once it is sent, that would be too late.
	if err := d.posted(ctx, space, s.in); err != nil {
		return m, err
	}
	now := d.auth.Now()
	return mail.Message{
		Kind: mail.Invite, To: s.in.Email, Name: s.in.Name, Expiry: s.in.Ends.Sub(now),
		Link: secret.New(d.auth.PageURL(Page(space, s.in.ID))),
		Invitation: mail.Invitation{
			By: harmless(s.by), Space: harmless(s.space.Name), Role: strings.TrimPrefix(string(s.in.Role), "role_space_"), Note: s.in.Note,
		},
	}, nil
}

// harmless is a name as a mail may say it to a stranger: not at all where it leads somewhere.
func harmless(name string) string {
	if leads(name) {
		return ""
	}
	return name
}

// A sight is what an invite says to whoever comes to it.
type sight struct {
	in    Invite
	space roles.Space
	by    string // who invites, as others see him; empty where he is no more
}

// seen reads an invite without asking who is there. It is ErrInviteNotFound also where the space is no more.
func (d *Desk) seen(ctx context.Context, space, invite string) (s sight, err error) {
	if !auth.IsID(space) || !auth.IsID(invite) {
		return s, ErrInviteNotFound
	}
	found, err := d.invites(ctx, space, invite)
	if err != nil {
		return s, err
	}
	if len(found) == 0 {
		return s, ErrInviteNotFound
	}
	s.in = found[0]
	st, recs, err := d.spaces.InSpace(ctx, auth.Identity{}, space, auth.UserKey(s.in.Issuer))
	if errors.Is(err, roles.ErrNotFound) {
		return s, ErrInviteNotFound
	}
	if err != nil {
		return s, err
	}
	s.space = st.Space
	if issuer, there := d.auth.UserIn(st.Space.Workspace, s.in.Issuer, recs[0]); there {
		s.by = issuer.ShownName()
	}
	return s, nil
}

// An InvitePreview is what an invite shows to whoever has its id, before anything is spent, and whoever he is.
type InvitePreview struct {
	Workspace string
	Space     string // its name
	Role      roles.Role
	By        string // who invites, as others see him; empty where he is no more
	Ends      time.Time
	State     State
	Addressed bool   // to one address, which it does not say
	Domain    string // of the addresses that it is for; empty where it is for any
}

// PreviewInvite says where an invite leads, as what, and until when. It returns ErrInviteNotFound.
func (d *Desk) PreviewInvite(ctx context.Context, space, invite string) (InvitePreview, error) {
	s, err := d.seen(ctx, space, invite)
	if err != nil {
		return InvitePreview{}, err
	}
	return InvitePreview{
		Workspace: s.space.Workspace, Space: s.space.Name, Role: s.in.Role, By: s.by, Ends: s.in.Ends, State: s.in.State,
		Addressed: s.in.Email != "", Domain: s.in.Domain,
	}, nil
}
