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
// order, it is ErrInviteNotFound, ErrInviteExpired, ErrInviteRevoked, ErrInviteUsed, ErrInviteNotForYou,
// ErrEmailUnverified, a roles.BannedError, ErrInviteVoid.
// A space that is not there is no different from an invite that is not there.
func (d *Desk) ActivateInvite(ctx context.Context, who auth.Identity, space, invite string) (Membership, error) {
	if who.Kind != auth.User {
		return Membership{}, auth.ErrWrongToken
	}
	c, err := d.activate(ctx, who, space, invite)
	if err != nil {
		return Membership{}, err
	}
	if !c.spends && !c.own {
		return c.Membership, nil
	}
	// Whoever repeats it because the log was away completes it, and whoever repeats it else adds nothing.
	e := audit.Event{
		ID: auth.Hash("invite", space, invite, who.ID), Type: audit.InviteUsed, Space: space, Role: string(c.Role),
	}
	if c.in.MaxUses == 1 { // one that lets in more is still worth something
		e.Subject = invite
	}
	return c.Membership, d.auth.Recorded(ctx, who, e, nil)
}

func (d *Desk) activate(ctx context.Context, who auth.Identity, space, invite string) (c consideration, err error) {
	looked := false
	err = auth.Settle(func() (err error) {
		c, err = d.consider(ctx, who, space, invite, &looked)
		err = d.declined(ctx, space, c.in, who, err)
		if err != nil || !c.spends {
			return err
		}
		tx := c.in.spend(space, c.st)
		tx.Do = append(tx.Do, d.line(ctx, c.in.ledger(space), Use{Outcome: Admitted, Who: who.ID})...)
		return d.spaces.Admit(ctx, c.st, c.in.Role, tx)
	})
	return c, err
}

// A consideration is what an invite comes to for a user.
type consideration struct {
	Membership
	st          roles.Standing
	in          Invite
	own, spends bool // he has used it; he would now
}

// consider asks what activating would come to. It returns auth.ErrOvertaken, once, where the space may have gone
// meanwhile.
func (d *Desk) consider(ctx context.Context, who auth.Identity, space, invite string, looked *bool) (c consideration, err error) {
	c.Space, c.in.ID = space, invite
	st, recs, err := d.spaces.InSpace(ctx, who, space, inviteKey(space, invite), useKey(space, invite, who.ID))
	if errors.Is(err, roles.ErrNotFound) {
		return c, ErrInviteNotFound
	}
	if err != nil {
		return c, err
	}
	c.st = st
	if st.Staff == auth.Support { // which changes nothing
		return c, roles.ErrForbidden
	}
	if err := c.in.load(recs[0]); err != nil {
		return c, err
	}
	c.own = c.in.UsedBy == who.ID || recs[1] != nil
	lineage, err := d.lineage(ctx, "s:"+space, c.in.Epoch)
	if err != nil {
		return c, err
	}
	if lineage == nil && !*looked { // it may have gone with the space, which was read before
		*looked = true
		return c, auth.ErrOvertaken
	}
	c.Role, c.spends, err = c.in.activation(st, c.own, lineage)
	return c, err
}

// A Prospect is what an invite comes to for a user, before he decides.
type Prospect struct {
	Name string     // his, as others see it
	Role roles.Role // that he has afterwards
	Gets bool       // it, by the invite; else he has it
	Own  bool       // because he has used the invite
}

// ConsiderInvite says what ActivateInvite would, and spends nothing.
func (d *Desk) ConsiderInvite(ctx context.Context, who auth.Identity, space, invite string) (Prospect, error) {
	if who.Kind != auth.User {
		return Prospect{}, auth.ErrWrongToken
	}
	var c consideration
	looked := false
	err := auth.Settle(func() (err error) {
		c, err = d.consider(ctx, who, space, invite, &looked)
		return err
	})
	return Prospect{Name: c.st.Name, Role: c.Role, Gets: c.spends, Own: c.own}, err
}

// activation is the rule: the role that the caller has afterwards, and whether the invite is spent for it. One who
// used it, as own says, and was removed since is not let in by it again.
func (in Invite) activation(st roles.Standing, own bool, lineage store.Record) (role roles.Role, spends bool, err error) {
	switch {
	case in.Role == "":
		return "", false, ErrInviteNotFound
	case !in.Ends.After(st.Now):
		return "", false, ErrInviteExpired
	case !in.Revoked.IsZero():
		return "", false, ErrInviteRevoked
	case in.spent() && !own:
		return "", false, ErrInviteUsed
	case own && st.Member.Role != "":
		return in.Role, false, nil
	case in.meant(st.Self) != nil:
		return "", false, in.meant(st.Self)
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

// meant refuses who is not the one whom an invite is for, and whoever has not shown that he is. Only an address that is
// verified is anybody's.
func (in Invite) meant(who auth.Self) error {
	switch {
	case in.Email == "" && in.Domain == "":
		return nil
	case in.Email != "" && auth.Mailbox(in.Email) != auth.Mailbox(who.Email), in.Domain != "" && in.Domain != domainOf(who.Email):
		return ErrInviteNotForYou
	case !who.Verified:
		return ErrEmailUnverified
	}
	return nil
}

// useKey is where somebody has used an invite that is for more than one.
func useKey(space, invite, user string) store.Key {
	return store.Key{Partition: "s:" + space, Kind: "use", ID: invite + "/" + user}
}

// spend is the invite's part of the transaction that makes the caller a member.
func (in Invite) spend(space string, st roles.Standing) store.Tx {
	key := inviteKey(space, in.ID)
	tx := store.Tx{If: []store.Cond{
		store.Equal(key, "revoked", ""), store.Above(key, "ends", st.Now.UnixMilli()),
		store.Present(auth.EpochKey("s:"+space, in.Epoch)),
	}}
	if in.MaxUses == 1 {
		tx.If = append(tx.If, store.Equal(key, "used", ""))
		tx.Do = []store.Write{store.Set(key, store.Record{"used": st.ID, "usedAt": store.Millis(st.Now)})}
		return tx
	}
	use := useKey(space, in.ID, st.ID)
	tx.If = append(tx.If, store.Absent(use), store.Below(key, "uses", int64(in.MaxUses)))
	tx.Do = []store.Write{
		store.Set(use, store.Record{"at": store.Millis(st.Now)}), store.Collect(use, in.Ends.Add(auth.KeptAfterEnd)), store.Add(key, "uses", 1),
	}
	return tx
}
