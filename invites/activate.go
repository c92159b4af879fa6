package invites

import (
	"context"
	"errors"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/roles"
)

// A Membership is what activating an invite gives.
type Membership struct {
	Space string
	Role  roles.Role
}

// ActivateInvite makes the caller a member of the space, and spends the invite. Whoever repeats it, because the reply
// was lost, gets the same answer; who has a role as high already keeps it, and the invite is not spent. Asked in this
// order, it is ErrInviteNotFound, ErrInviteExpired, ErrInviteRevoked, ErrInviteUsed, a roles.BannedError, ErrInviteVoid.
// A space that is not there is no different from an invite that is not there.
func (d *Desk) ActivateInvite(ctx context.Context, who auth.Identity, space, invite string) (Membership, error) {
	if who.Kind != auth.User {
		return Membership{}, auth.ErrWrongToken
	}
	got, spent, err := d.activate(ctx, who, space, invite)
	if err != nil {
		return Membership{}, err
	}
	if !spent {
		return got, nil
	}
	// Whoever repeats it because the log was away completes it, and whoever repeats it else adds nothing.
	e := audit.Event{
		ID: auth.Hash("invite", space, invite, who.ID), Type: audit.InviteUsed, Subject: invite, Space: space, Role: string(got.Role),
	}
	return got, d.auth.Recorded(ctx, who, e, nil)
}

// activate also says whether the invite is spent, by this call or by an earlier one of the caller's.
func (d *Desk) activate(ctx context.Context, who auth.Identity, space, invite string) (got Membership, spent bool, err error) {
	got.Space = space
	looked := false
	err = auth.Settle(func() error {
		st, recs, err := d.spaces.InSpace(ctx, who, space, inviteKey(space, invite))
		if errors.Is(err, roles.ErrNotFound) {
			return ErrInviteNotFound
		}
		if err != nil {
			return err
		}
		if st.Staff == auth.Support { // which changes nothing
			return roles.ErrForbidden
		}
		in := Invite{ID: invite}
		if err := recs[0].Load(&in); err != nil {
			return err
		}
		lineage, err := d.lineage(ctx, "s:"+space, in.Epoch)
		if err != nil {
			return err
		}
		if lineage == nil && !looked { // it may have gone with the space, which was read before
			looked = true
			return auth.ErrOvertaken
		}
		var spends bool
		got.Role, spends, err = in.activation(st, lineage)
		if spent = spends || in.UsedBy == who.ID; err != nil || !spends {
			return err
		}
		return d.spaces.Admit(ctx, st, in.Role, in.spend(space, st))
	})
	return got, spent, err
}

// activation is the rule: the role that the caller has afterwards, and whether the invite is spent for it. One who
// used it and was removed since is not let in by it again.
func (in Invite) activation(st roles.Standing, lineage store.Record) (role roles.Role, spends bool, err error) {
	own := in.UsedBy == st.ID
	switch {
	case in.Role == "":
		return "", false, ErrInviteNotFound
	case !in.Ends.After(st.Now):
		return "", false, ErrInviteExpired
	case !in.Revoked.IsZero():
		return "", false, ErrInviteRevoked
	case in.UsedBy != "" && !own:
		return "", false, ErrInviteUsed
	case own && st.Member.Role != "":
		return in.Role, false, nil
	case st.SpaceBan.InForce(st.Now):
		return "", false, &roles.BannedError{Until: st.SpaceBan.Until()}
	case own:
		return "", false, ErrInviteUsed
	case st.Member.Role.Rank() >= in.Role.Rank():
		return st.Member.Role, false, nil
	case lineage == nil:
		return "", false, ErrInviteVoid
	}
	return in.Role, true, nil
}

// spend is the invite's part of the transaction that makes the caller a member.
func (in Invite) spend(space string, st roles.Standing) store.Tx {
	key := inviteKey(space, in.ID)
	return store.Tx{
		If: []store.Cond{
			store.Equal(key, "used", ""), store.Equal(key, "revoked", ""), store.Above(key, "ends", st.Now.UnixMilli()),
			store.Present(auth.EpochKey("s:"+space, in.Epoch)),
		},
		Do: []store.Write{store.Set(key, store.Record{"used": st.ID, "usedAt": store.Millis(st.Now)})},
	}
}
