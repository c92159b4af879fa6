package invites

import (
	"context"
	"errors"

	"usher/auth"
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
	got, looked := Membership{Space: space}, false
	err := auth.Settle(func() error {
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
		if got.Role, spends, err = in.activation(st, lineage); err != nil || !spends {
			return err
		}
		return d.spaces.Admit(ctx, st, in.Role, in.spend(space, st))
	})
	if err != nil {
		return Membership{}, err
	}
	return got, nil
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
