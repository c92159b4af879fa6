package auth

import (
	"context"
	"errors"
	"strings"
	"time"

	"usher/internal/audit"
	"usher/internal/store"
)

// A StaffInvite waits for whoever reads the mail of an address: by its link he makes the account that has a role in the
// workspace.
type StaffInvite struct {
	ID      string        `store:"id"` // of the user to be
	Email   string        `store:"email"`
	Role    WorkspaceRole `store:"role"`
	By      string        `store:"by"` // the administrator
	Created time.Time     `store:"created"`
	Ends    time.Time     `store:"ends"`
}

func staffInviteKey(workspace, id string) store.Key {
	return store.Key{Partition: "w:" + workspace, Kind: "staffinvite", ID: id}
}

// staffInvites lists those of a workspace in the order of their making, staffIndex who has a role there.
func staffInvites(workspace string) store.Key {
	return store.Key{Partition: "w:" + workspace, Kind: "index", ID: "staffinvites"}
}

func staffIndex(workspace string) store.Key {
	return store.Key{Partition: "w:" + workspace, Kind: "index", ID: "staff"}
}

// mostStaff is how many are read at once: nobody's workspace has more administrators, or invites for some.
const mostStaff = 1000

// ListStaff are the users who have a role in the caller's workspace, for an administrator or support. It returns
// ErrWrongToken, ErrForbidden.
func (a *Authority) ListStaff(ctx context.Context, who Identity) ([]Account, error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return nil, err
	}
	ids, err := a.Store.List(ctx, staffIndex(who.Workspace), store.Page{Limit: mostStaff})
	if err != nil {
		return nil, err
	}
	var keys []store.Key
	for _, id := range ids {
		keys = append(keys, UserKey(id), StaffKey(who.Workspace, id))
	}
	recs, err := a.Store.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var staff []Account
	for i, id := range ids {
		u, err := a.accountOf(who.Workspace, id, recs[2*i], recs[2*i+1])
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, err
		case u.Role != "":
			staff = append(staff, u)
		}
	}
	return staff, nil
}

// InviteStaff gives a role in the caller's workspace to whoever has this e-mail address, for an administrator: at once to
// a user who has shown that it is his own, and else by a mail, whose link makes an account. A later invite takes the
// place of an earlier one. It returns ErrWrongToken, ErrForbidden, a *FieldError, ErrMailOff.
func (a *Authority) InviteStaff(ctx context.Context, who Identity, email string, role WorkspaceRole) error {
	if _, err := a.asAdmin(ctx, who, who.ID); err != nil {
		return err
	}
	if role != Admin && role != Support {
		return &FieldError{"role", "not a role of a workspace"}
	}
	email, err := checkEmail(email)
	if err != nil {
		return err
	}
	user, err := a.lookUp(ctx, name{who.Workspace, byEmail, email})
	switch {
	case err == nil && user["emailVerified"] == "":
		return &FieldError{"email", "an account has this address that has not shown it to be its own"}
	case err == nil:
		return a.SetWorkspaceRole(ctx, who, user["id"], role)
	case !errors.Is(err, ErrNotFound):
		return err
	case a.outbox == nil:
		return ErrMailOff
	}
	return a.inviteStaff(ctx, who, email, role)
}

func (a *Authority) inviteStaff(ctx context.Context, who Identity, email string, role WorkspaceRole) error {
	now := a.Now()
	mailbox, _, _ := strings.Cut(email, "@")
	u := account{ID: a.NewID(), Workspace: who.Workspace, Email: email, Name: mailbox}
	in := StaffInvite{ID: u.ID, Email: email, Role: role, By: who.ID, Created: now, Ends: now.Add(mails[toServe].good)}
	if err := Settle(func() error { return a.replaceStaffInvites(ctx, who, in) }); err != nil {
		return err
	}
	e := audit.Event{ID: Hash("staff", in.ID), Type: audit.StaffInvited, Subject: in.ID, Role: string(role)}
	return a.Recorded(ctx, who, e, a.await(ctx, u, pending{Staff: true}, toServe))
}

// replaceStaffInvites writes down an invite in the place of earlier ones to the same mailbox, and of those that are long
// over. Two at once come one behind the other, so that one of them waits in the end.
func (a *Authority) replaceStaffInvites(ctx context.Context, who Identity, in StaffInvite) error {
	latest := store.Key{Partition: "w:" + who.Workspace, Kind: "staffinvited"}
	recs, err := a.Store.Get(ctx, StaffKey(who.Workspace, who.ID), latest)
	if err != nil {
		return err
	}
	if roleOf(recs[0]) != Admin { // not any more
		return ErrForbidden
	}
	waiting, err := a.staffInvites(ctx, who.Workspace)
	if err != nil {
		return err
	}
	tx := store.Tx{
		If: []store.Cond{
			store.Equal(StaffKey(who.Workspace, who.ID), "role", string(Admin)), store.Equal(latest, "id", recs[1]["id"]),
		},
		Do: []store.Write{
			store.Set(staffInviteKey(who.Workspace, in.ID), store.Fields(in)), store.Set(latest, store.Record{"id": in.ID}),
			store.Insert(staffInvites(who.Workspace), ByTime(in.Created, in.ID)),
		},
	}
	for _, other := range waiting {
		if other.ID == in.ID { // the reply was lost, and another invited somebody before it was asked for again
			continue
		}
		if Mailbox(other.Email) == Mailbox(in.Email) || !other.Ends.After(in.Created) {
			tx.Do = append(tx.Do, other.over(who.Workspace)...)
		}
	}
	return a.Change(ctx, tx)
}

// over are the writes that end an invite.
func (in StaffInvite) over(workspace string) []store.Write {
	return []store.Write{
		store.Delete(staffInviteKey(workspace, in.ID)), store.Remove(staffInvites(workspace), ByTime(in.Created, in.ID)),
	}
}

// ListStaffInvites are those that wait, for an administrator or support. It returns ErrWrongToken, ErrForbidden.
func (a *Authority) ListStaffInvites(ctx context.Context, who Identity) (waiting []StaffInvite, err error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return nil, err
	}
	all, err := a.staffInvites(ctx, who.Workspace)
	for _, in := range all {
		if in.Ends.After(a.Now()) {
			waiting = append(waiting, in)
		}
	}
	return waiting, err
}

func (a *Authority) staffInvites(ctx context.Context, workspace string) (all []StaffInvite, err error) {
	_, err = a.eachOf(ctx, staffInvites(workspace), Page{Limit: mostStaff}, func(id string) store.Key {
		return staffInviteKey(workspace, id)
	}, func(rec store.Record) error {
		var in StaffInvite
		err := rec.Load(&in)
		all = append(all, in)
		return err
	})
	return all, err
}

// GetStaffInvite is one that waits, for an administrator or support. It returns ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) GetStaffInvite(ctx context.Context, who Identity, id string) (StaffInvite, error) {
	if _, err := a.asStaff(ctx, who, who.ID); err != nil {
		return StaffInvite{}, err
	}
	return a.staffInvite(ctx, who.Workspace, id)
}

// RevokeStaffInvite takes an invite back, for an administrator. It returns ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) RevokeStaffInvite(ctx context.Context, who Identity, id string) error {
	if _, err := a.asAdmin(ctx, who, who.ID); err != nil {
		return err
	}
	in, err := a.staffInvite(ctx, who.Workspace, id)
	if err != nil {
		return err
	}
	_, err = a.Apply(ctx, store.Tx{Do: in.over(who.Workspace)})
	e := audit.Event{ID: Hash("unstaff", id), Type: audit.StaffUninvited, Subject: id, Role: string(in.Role)}
	return a.Recorded(ctx, who, e, err)
}

// staffInvite is one that waits. It returns ErrNotFound.
func (a *Authority) staffInvite(ctx context.Context, workspace, id string) (in StaffInvite, err error) {
	if !IsID(id) {
		return in, ErrNotFound
	}
	recs, err := a.Store.Get(ctx, staffInviteKey(workspace, id))
	if err == nil {
		err = recs[0].Load(&in)
	}
	if err == nil && !in.Ends.After(a.Now()) {
		err = ErrNotFound
	}
	return in, err
}

// summoned is the invite of who is about to be a user by it. It returns ErrProof where it was taken back, or whoever has
// sent it is no administrator any more.
func (a *Authority) summoned(ctx context.Context, u account) (StaffInvite, error) {
	in, err := a.staffInvite(ctx, u.Workspace, u.ID)
	if errors.Is(err, ErrNotFound) {
		err = ErrProof
	}
	if err != nil {
		return in, err
	}
	recs, err := a.Store.Get(ctx, StaffKey(u.Workspace, in.By))
	if err == nil && roleOf(recs[0]) != Admin {
		err = ErrProof
	}
	return in, err
}

// appoint gives a user who has just been made the role that he was invited to, and ends the invite and the token of its
// mail last: whoever was stopped before repeats it. It returns ErrProof.
func (a *Authority) appoint(ctx context.Context, b bearer, u account) error {
	in, err := a.summoned(ctx, u)
	if err != nil {
		return err
	}
	recs, err := a.Store.Get(ctx, StaffKey(u.Workspace, u.ID))
	if err != nil {
		return err
	}
	e := audit.Event{ID: Hash("appointed", u.ID), Type: audit.WorkspaceRoleChanged, Subject: u.ID, Role: string(in.Role), Reason: "invited"}
	if err := a.Recorded(ctx, Identity{Workspace: u.Workspace}, e, nil); err != nil {
		return err
	}
	err = a.setRole(ctx, u.Workspace, u.ID, roleOf(recs[0]), in.Role,
		store.Present(staffInviteKey(u.Workspace, u.ID)), store.Equal(StaffKey(u.Workspace, in.By), "role", string(Admin)))
	if err != nil {
		return err
	}
	if err := a.leaveNoGhost(ctx, u.Workspace, u.ID); err != nil {
		return err
	}
	if _, err := a.Apply(ctx, store.Tx{Do: in.over(u.Workspace)}); err != nil {
		return err
	}
	_, err = a.Apply(ctx, store.Tx{Do: []store.Write{store.Delete(b.key)}})
	return err
}
