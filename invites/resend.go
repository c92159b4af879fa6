package invites

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/roles"
)

// ResendInvite mails an invite once more, and has it wait from now on as long as it did at first, also one that has
// expired. Those who may invite may. It returns the refusals of an invite that is over in another way, a PendingError
// where its address has another one by now, ErrInviteUnaddressed, auth.ErrMailOff, a QuotaError.
func (d *Desk) ResendInvite(ctx context.Context, who auth.Identity, space, invite string) (Invite, error) {
	_, in, err := d.resendable(ctx, who, space, invite)
	if err != nil {
		return Invite{}, err
	}
	err = d.mailing(ctx, who, in.Email, func(ctx context.Context, mail string) error {
		err := auth.Settle(func() error {
			st, now, err := d.resendable(ctx, who, space, invite)
			if err != nil {
				return err
			}
			in = now
			return d.renew(ctx, st, &in, mail)
		})
		if err != nil {
			return err
		}
		return d.post(ctx, space, in)
	})
	e := audit.Event{Type: audit.InviteSent, Space: space, Role: string(in.Role)}
	return in, d.auth.Recorded(ctx, who, e, err)
}

// resendable is an invite that can be sent, and where the caller stands who may.
func (d *Desk) resendable(ctx context.Context, who auth.Identity, space, invite string) (roles.Standing, Invite, error) {
	st, in, err := d.invite(ctx, who, space, invite)
	if err != nil {
		return st, in, err
	}
	switch {
	case in.State == Used:
		err = ErrInviteUsed
	case in.State == Revoked:
		err = ErrInviteRevoked
	case in.State == Void:
		err = ErrInviteVoid
	case in.Email == "":
		err = ErrInviteUnaddressed
	}
	return st, in, err
}

// renew moves an invite's end, and gives it another mail. The address's pointer is touched, too: whoever has found it to
// lead to an invite that is over must look again.
func (d *Desk) renew(ctx context.Context, st roles.Standing, in *Invite, mail string) error {
	at, pending, err := d.invitee(ctx, st.Space.ID, in.Email)
	if err != nil {
		return err
	}
	if pending != nil && pending.ID != in.ID {
		return &PendingError{pending.ID}
	}
	space, ended, before := st.Space.ID, store.Millis(in.Ends), auth.ByTime(in.Ends, in.ID)
	in.Ends, in.Mail, in.Posting, in.State = st.Now.Add(time.Duration(in.Life)*time.Second), mail, true, Pending
	key, collected := inviteKey(space, in.ID), in.Ends.Add(auth.KeptAfterEnd)
	tx := at.points(in.ID, collected)
	tx.If = append(append(tx.If, st.StillMember()...), store.Present(key), store.Equal(key, "used", ""), store.Equal(key, "revoked", ""),
		store.Present(auth.EpochKey("s:"+space, in.Epoch)),
		store.Equal(key, "ends", ended)) // of another end the entry would stay in the list
	tx.Do = append(append(tx.Do, store.Remove(invitesOf(space), before)), auth.ListByEnd(invitesOf(space), in.Ends, in.ID, st.Now)...)
	tx.Do = append(append(tx.Do, in.ledger(space).keep()...), store.Collect(key, collected),
		store.Set(key, store.Record{"ends": store.Millis(in.Ends), "mail": mail, "posting": "1"}))
	return d.auth.Change(ctx, tx)
}
