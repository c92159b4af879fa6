package invites

import (
	"cmp"
	"context"
	"slices"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/roles"
)

// An Invite makes registered users members of a space, one unless it says more. Its id works only with a user's own
// token.
type Invite struct {
	ID      string
	Role    roles.Role `store:"role"`
	Issuer  string     `store:"issuer"`
	Epoch   string     `store:"epoch"` // the issuer's, when he issued it
	Created time.Time  `store:"created"`
	Ends    time.Time  `store:"ends"`
	UsedBy  string     `store:"used"` // of one that is for one
	UsedAt  time.Time  `store:"usedAt"`
	Revoked time.Time  `store:"revoked"`
	MaxUses int        `store:"max"`  // 0 in a record is one
	Uses    int        `store:"uses"` // counted in a record where it is for more than one
	Life    int        `store:"life"` // seconds that it waits once it is sent

	// Mail is the task that brings it, and Posting says that this is still to be put into the queue.
	Mail    string `store:"mail"`
	Posting bool   `store:"posting"`

	// Whom it is for, what he is called, and what is said to him. All of them may be empty.
	Email  string `store:"email,4"`
	Domain string `store:"domain,4"`
	Name   string `store:"name,7"`
	Note   string `store:"note,32"`

	State State
	Lineage
}

func (in *Invite) load(rec store.Record) error {
	err := rec.Load(in)
	in.MaxUses = max(in.MaxUses, 1)
	if in.UsedBy != "" {
		in.Uses = 1
	}
	return err
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

// invitesOf lists the invites of a space in the order of their ends.
func invitesOf(space string) store.Key { return byEnd("s:"+space, "invites") }

func inviteKey(space, invite string) store.Key {
	return store.Key{Partition: "s:" + space, Kind: "invite", ID: invite}
}

// mayInvite is where the caller stands in a space into which he may invite.
func (d *Desk) mayInvite(ctx context.Context, who auth.Identity, space string) (roles.Standing, error) {
	st, _, err := d.spaces.InSpace(ctx, who, space)
	if err != nil {
		return st, err
	}
	return st, st.May(roles.Invite)
}

// spent: nobody else is let in by it.
func (in Invite) spent() bool { return in.Uses >= in.MaxUses }

// state is what an invite is good for; lineage is the record of its issuer's epoch.
func (in Invite) state(lineage store.Record, now time.Time) State {
	switch {
	case in.spent():
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

// ListInvites lists the invites of a space, the next to end first, to those who may invite: those of one state, or all
// where that is empty. A page may hold fewer than asked for, and yet not be the last. Whoever has the id of one that waits
// may use it: support, which looks by its office, gets none of these.
func (d *Desk) ListInvites(ctx context.Context, who auth.Identity, space string, in State, page auth.Page) ([]Invite, string, error) {
	st, _, err := d.spaces.InSpace(ctx, who, space)
	if err != nil {
		return nil, "", err
	}
	if err := st.MayLook(roles.Invite); err != nil {
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

func (d *Desk) listInvites(ctx context.Context, space string, in State, page auth.Page) ([]Invite, string, error) {
	chosen := []Invite{}
	for range pagesLooked {
		ids, next, err := d.inOrder(ctx, invitesOf(space), page)
		if err != nil {
			return nil, "", err
		}
		found, err := d.invites(ctx, space, ids...)
		if err != nil {
			return nil, "", err
		}
		found = slices.DeleteFunc(found, func(one Invite) bool { return in != "" && one.State != in })
		chosen = append(chosen, found...)
		page.After, page.Limit = next, page.Limit-len(found)
		if next == "" || page.Limit == 0 {
			break
		}
	}
	return chosen, page.After, nil
}

// pagesLooked is how many pages of invites one call looks through for those of a state.
const pagesLooked = 10

// invites reads invites with their states; one that is not there is left out.
func (d *Desk) invites(ctx context.Context, space string, ids ...string) ([]Invite, error) {
	return described(ctx, d, "s:"+space, ids, func(id string) store.Key { return inviteKey(space, id) },
		func(id string, rec store.Record, from descent) (Invite, error) {
			in := Invite{ID: id}
			if err := in.load(rec); err != nil {
				return in, err
			}
			in.State = in.state(from.epoch, d.auth.Now())
			var err error
			in.Lineage, err = from.of(in.State)
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
// taken away. Those whom it has let in stay. Repeating it changes nothing.
func (d *Desk) RevokeInvite(ctx context.Context, who auth.Identity, space, invite string) error {
	err := auth.Settle(func() error {
		st, in, err := d.invite(ctx, who, space, invite)
		switch {
		case err != nil:
			return err
		case in.spent():
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
