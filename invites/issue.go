package invites

import (
	"context"
	"errors"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/roles"
)

// CreateInvite makes an invite. Owner and moderators of the space may, for a role up to their own, but never for owner.
// It is an auth.FieldError for what is out of range, a PendingError where the address has an invite that waits. Where it is
// to be sent, it may be auth.ErrMailOff or a QuotaError.
func (d *Desk) CreateInvite(ctx context.Context, who auth.Identity, space string, in NewInvite) (Invite, error) {
	in, err := in.checked()
	if err != nil {
		return Invite{}, err
	}
	if !in.Send {
		return d.issueInvite(ctx, who, space, in, "")
	}
	// Whoever may not invite hears that, and whose invitee has an invite hears of that one, and not of a quota.
	if _, err := d.mayInvite(ctx, who, space); err != nil {
		return Invite{}, err
	}
	if _, pending, err := d.invitee(ctx, space, in.Email); err != nil || pending != nil {
		return d.completed(ctx, who, space, pending, err)
	}
	var made Invite
	return made, d.mailing(ctx, who, in.Email, func(ctx context.Context, mail string) error {
		made, err = d.issueInvite(ctx, who, space, in, mail)
		return err
	})
}

// paidBy is how long what a mail was paid for may take, at most.
const paidBy = 30 * time.Second

// mailing does what needs a mail to an address, under a new id of it, within the day's quotas.
func (d *Desk) mailing(ctx context.Context, who auth.Identity, email string, do func(ctx context.Context, mail string) error) error {
	if err := d.mailer.Ready(); err != nil {
		return err
	}
	c := d.charge(who, d.auth.NewID(), email)
	if err := d.pay(ctx, c); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), paidBy) // who hangs up gets no mail for nothing
	defer cancel()
	return d.repay(ctx, c, do(ctx, c.mail))
}

// issueInvite makes an invite, with its event and its mail, of this id, where it is to have one. Where its address has
// one that waits, it is that one, and a PendingError.
func (d *Desk) issueInvite(ctx context.Context, who auth.Identity, space string, in NewInvite, mail string) (Invite, error) {
	var made Invite
	err := auth.Settle(func() error {
		st, err := d.mayInvite(ctx, who, space)
		if err != nil {
			return err
		}
		made = in.by(st, d.auth.NewID(), mail)
		return d.found(ctx, st, &made, in.at.lists(made)...)
	})
	if _, waits := errors.AsType[*PendingError](err); waits {
		return d.completed(ctx, who, space, &made, nil)
	}
	if err == nil {
		err = d.complete(ctx, who, space, made)
	}
	if err != nil {
		return Invite{}, err
	}
	return made, nil
}

// completed is a PendingError where an invite waits, or what went wrong. Whoever repeats what was stopped half-way
// completes it, though it is not his to make.
func (d *Desk) completed(ctx context.Context, who auth.Identity, space string, waits *Invite, err error) (Invite, error) {
	if err == nil {
		err = d.complete(ctx, who, space, *waits)
	}
	if err != nil {
		return Invite{}, err
	}
	return Invite{}, &PendingError{waits.ID}
}

// by is the invite that somebody issues.
func (in NewInvite) by(st roles.Standing, id, mail string) Invite {
	return Invite{
		ID: id, Role: in.Role, Issuer: st.ID, Epoch: st.Member.Epoch, Created: st.Now, Ends: st.Now.Add(in.TTL),
		MaxUses: in.MaxUses, Life: int(in.TTL / time.Second), Mail: mail, Posting: mail != "",
		Email: in.Email, Domain: in.Domain, Name: in.Name, Note: in.Note, State: Pending, Lineage: Lineage{IssuerName: st.Name},
	}
}

// found writes an invite, and more with it. Where its address has one that waits, it is that one, and a PendingError.
func (d *Desk) found(ctx context.Context, st roles.Standing, in *Invite, more ...store.Write) error {
	space, collected := st.Space.ID, in.Ends.Add(auth.KeptAfterEnd)
	key := inviteKey(space, in.ID)
	tx := store.Tx{}
	if in.Email != "" {
		at, pending, err := d.invitee(ctx, space, in.Email)
		if err != nil {
			return err
		}
		if pending != nil {
			*in = *pending
			return &PendingError{pending.ID}
		}
		tx = at.points(in.ID, collected)
	}
	tx.If = append(append(tx.If, st.StillMember()...), store.Absent(key))
	tx.Do = append(tx.Do, auth.ListByEnd(invitesOf(space), in.Ends, in.ID, st.Now)...)
	tx.Do = append(append(tx.Do, store.Set(key, store.Fields(*in)), store.Collect(key, collected)), more...)
	return d.auth.Change(ctx, tx)
}

// complete adds to an invite what stands elsewhere: its event, and its mail. Doing that again adds nothing.
func (d *Desk) complete(ctx context.Context, who auth.Identity, space string, in Invite) error {
	// Its id is no part of the event: unspent it is worth something.
	e := audit.Event{
		ID: auth.Hash("invite created", space, in.ID), Type: audit.InviteCreated, Space: space, Role: string(in.Role), At: in.Created,
	}
	if in.Issuer != who.ID {
		e.ActorKind, e.Actor = string(auth.User), in.Issuer
	}
	if err := d.auth.Recorded(ctx, who, e, nil); err != nil {
		return err
	}
	return d.post(ctx, space, in)
}
