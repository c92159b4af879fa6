package invites

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/roles"
)

// How long an invite may wait to be activated.
const (
	DefaultInviteTTL = 7 * 24 * time.Hour
	MaxInviteTTL     = 30 * 24 * time.Hour
)

// An Invite makes one registered user a member of a space, once. Its id works only with that user's own token.
type Invite struct {
	ID      string
	Role    roles.Role `store:"role"`
	Issuer  string     `store:"issuer"`
	Epoch   string     `store:"epoch"` // the issuer's, when he issued it
	Created time.Time  `store:"created"`
	Ends    time.Time  `store:"ends"`
	UsedBy  string     `store:"used"`
	UsedAt  time.Time  `store:"usedAt"`
	Revoked time.Time  `store:"revoked"`

	State State
}

// A State says what a link or an invite is good for.
type State string

// The states. Void is what an issuer left behind who lost the right to issue it.
const (
	Pending State = "pending" // an invite that waits
	Live    State = "live"    // a link that takes a seat
	Used    State = "used"
	Paused  State = "paused"
	Early   State = "not_yet_valid" // a link before its time
	Expired State = "expired"
	Revoked State = "revoked"
	Void    State = "void"
	Closed  State = "closed" // a link into a room that is
)

func inviteKey(space, invite string) store.Key {
	return store.Key{Partition: "s:" + space, Kind: "invite", ID: invite}
}

// CreateInvite makes an invite. Owner and moderators of the space may, for a role up to their own, but never for owner.
// A zero ttl is DefaultInviteTTL. It is an auth.FieldError for a role or a ttl out of range.
func (d *Desk) CreateInvite(ctx context.Context, who auth.Identity, space string, role roles.Role, ttl time.Duration) (Invite, error) {
	if ttl == 0 {
		ttl = DefaultInviteTTL
	}
	if ttl < 0 || ttl > MaxInviteTTL {
		return Invite{}, &auth.FieldError{Field: "/expiresIn", Reason: "out of range"}
	}
	if role != roles.SpaceModerator && role != roles.SpaceUser {
		return Invite{}, &auth.FieldError{Field: "/role", Reason: "not a role that one invites to"}
	}
	var in Invite
	err := auth.Settle(func() error {
		st, err := d.mayInvite(ctx, who, space)
		if err != nil {
			return err
		}
		in = Invite{
			ID: d.auth.NewID(), Role: role, Issuer: who.ID, Epoch: st.Member.Epoch,
			Created: st.Now, Ends: st.Now.Add(ttl), State: Pending,
		}
		key := inviteKey(space, in.ID)
		return d.auth.Change(ctx, store.Tx{
			If: append(st.StillMember(), store.Absent(key)),
			Do: append(auth.ListByEnd(byEnd("s:"+space, "invites"), in.Ends, in.ID, st.Now),
				store.Set(key, store.Fields(in)), store.Collect(key, in.Ends.Add(auth.KeptAfterEnd))),
		})
	})
	// Its id is no part of the event: unspent it is worth something.
	e := audit.Event{Type: audit.InviteCreated, Space: space, Role: string(role)}
	if err := d.auth.Recorded(ctx, who, e, err); err != nil {
		return Invite{}, err
	}
	return in, nil
}

// mayInvite is where the caller stands in a space into which he may invite.
func (d *Desk) mayInvite(ctx context.Context, who auth.Identity, space string) (roles.Standing, error) {
	st, _, err := d.spaces.InSpace(ctx, who, space)
	if err != nil {
		return st, err
	}
	return st, st.May(roles.Invite)
}

// state is what an invite is good for; lineage is the record of its issuer's epoch.
func (in Invite) state(lineage store.Record, now time.Time) State {
	switch {
	case in.UsedBy != "":
		return Used
	case !in.Revoked.IsZero():
		return Revoked
	case !in.Ends.After(now):
		return Expired
	case lineage == nil:
		return Void
	}
	return Pending
}

// ListInvites lists the invites of a space, the next to end first, to those who may invite.
func (d *Desk) ListInvites(ctx context.Context, who auth.Identity, space string, page auth.Page) ([]Invite, string, error) {
	if _, err := d.mayInvite(ctx, who, space); err != nil {
		return nil, "", err
	}
	ids, next, err := d.inOrder(ctx, byEnd("s:"+space, "invites"), page)
	if err != nil {
		return nil, "", err
	}
	invites, err := d.invites(ctx, space, ids...)
	return invites, next, err
}

// invites reads invites with their states; one that is not there is left out.
func (d *Desk) invites(ctx context.Context, space string, ids ...string) ([]Invite, error) {
	return described(ctx, d, "s:"+space, ids, func(id string) store.Key { return inviteKey(space, id) },
		func(id string, rec, lineage store.Record) (Invite, error) {
			in := Invite{ID: id}
			err := rec.Load(&in)
			in.State = in.state(lineage, d.auth.Now())
			return in, err
		})
}

// GetInvite answers those who may invite. ErrInviteNotFound where it is not of this space.
func (d *Desk) GetInvite(ctx context.Context, who auth.Identity, space, invite string) (Invite, error) {
	_, in, err := d.invite(ctx, who, space, invite)
	return in, err
}

// invite is an invite, and where the caller stands who may invite.
func (d *Desk) invite(ctx context.Context, who auth.Identity, space, id string) (roles.Standing, Invite, error) {
	st, err := d.mayInvite(ctx, who, space)
	if err != nil {
		return st, Invite{}, err
	}
	found, err := d.invites(ctx, space, id)
	if err != nil || len(found) == 0 {
		return st, Invite{}, cmp.Or(err, ErrInviteNotFound)
	}
	return st, found[0], nil
}

// RevokeInvite takes an unspent invite back. ErrInviteUsed where it is spent: then it is a membership that is to be
// taken away. Repeating it changes nothing.
func (d *Desk) RevokeInvite(ctx context.Context, who auth.Identity, space, invite string) error {
	err := auth.Settle(func() error {
		st, in, err := d.invite(ctx, who, space, invite)
		switch {
		case err != nil:
			return err
		case in.UsedBy != "":
			return ErrInviteUsed
		case !in.Revoked.IsZero():
			return nil
		}
		key := inviteKey(space, invite)
		return d.auth.Change(ctx, store.Tx{
			If: append(st.StillMember(), store.Present(key), store.Equal(key, "used", ""), store.Equal(key, "revoked", "")),
			Do: []store.Write{store.Set(key, store.Record{"revoked": store.Millis(st.Now)})},
		})
	})
	return d.auth.Recorded(ctx, who, audit.Event{Type: audit.InviteRevoked, Subject: invite, Space: space}, err)
}
