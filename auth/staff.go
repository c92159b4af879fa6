package auth

import (
	"context"
	"errors"
	"slices"

	"usher/internal/audit"
	"usher/internal/store"
)

// Why a workspace's staff stays as it is.
var (
	ErrLastAdmin        = errors.New("auth: the last administrator of the workspace")
	ErrHasWorkspaceRole = errors.New("auth: a user with a role in the workspace; take that away first")
)

// WorkspaceKey is where a workspace lies. It counts its administrators, so that the last one can't go.
func WorkspaceKey(workspace string) store.Key {
	return store.Key{Partition: "w:" + workspace, Kind: "workspace", ID: workspace}
}

func roleOf(staff store.Record) WorkspaceRole { return WorkspaceRole(staff["role"]) }

// asStaff reads a user of the workspace and its role there, for an administrator or support. It returns
// ErrWrongToken, ErrForbidden, and ErrNotFound where there is no such user, in this order.
func (a *Authority) asStaff(ctx context.Context, who Identity, user string) ([]store.Record, error) {
	return a.onBehalf(ctx, who, user, Admin, Support)
}

// asAdmin is asStaff for administrators alone.
func (a *Authority) asAdmin(ctx context.Context, who Identity, user string) ([]store.Record, error) {
	return a.onBehalf(ctx, who, user, Admin)
}

// managing reads a user of the workspace, and its role there, for who may manage the users: a user with one of these
// roles, or an API key. For that, there is no user who has a role in the workspace.
func (a *Authority) managing(ctx context.Context, who Identity, user string, roles ...WorkspaceRole) ([]store.Record, error) {
	if who.Kind != Key {
		return a.onBehalf(ctx, who, user, roles...)
	}
	if !IsID(user) {
		return nil, ErrNotFound
	}
	_, recs, err := a.Get(ctx, who, UserKey(user), StaffKey(who.Workspace, user))
	if err != nil {
		return nil, err
	}
	account, err := a.accountOf(who.Workspace, user, recs[0], recs[1])
	if err == nil && account.Role != "" {
		err = ErrNotFound
	}
	return recs, err
}

func (a *Authority) onBehalf(ctx context.Context, who Identity, user string, roles ...WorkspaceRole) ([]store.Record, error) {
	if who.Kind != User {
		return nil, ErrWrongToken
	}
	keys := []store.Key{StaffKey(who.Workspace, who.ID)}
	if IsID(user) {
		keys = append(keys, UserKey(user), StaffKey(who.Workspace, user))
	}
	_, recs, err := a.Get(ctx, who, keys...)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(roles, roleOf(recs[0])) {
		return nil, ErrForbidden
	}
	if !IsID(user) {
		return nil, ErrNotFound
	}
	_, err = a.accountOf(who.Workspace, user, recs[1], recs[2])
	return recs[1:], err
}

// SetWorkspaceRole gives a user of the workspace a role there, or takes it away where role is empty, for an
// administrator. It returns ErrWrongToken, ErrForbidden, ErrNotFound, ErrLastAdmin, a *FieldError.
func (a *Authority) SetWorkspaceRole(ctx context.Context, who Identity, user string, role WorkspaceRole) error {
	if role != "" && role != Admin && role != Support {
		return &FieldError{"role", "not a role of a workspace"}
	}
	own := StaffKey(who.Workspace, who.ID)
	e := audit.Event{ID: a.NewID(), Type: audit.WorkspaceRoleChanged, Subject: user, Role: string(role)}
	err := Settle(func() error {
		recs, err := a.asAdmin(ctx, who, user)
		if err != nil {
			return err
		}
		if role != "" && !Alive(recs[0], a.Now()) {
			return &FieldError{"role", "the user is blocked"}
		}
		if role != "" && recs[0]["externalId"] != "" {
			return &FieldError{"role", "a user whom an integrator keeps has none"}
		}
		if user == who.ID && role != Admin {
			if err := a.resigns(ctx, who, e); err != nil {
				return err
			}
		}
		still := store.Equal(own, "role", string(Admin))
		if err := a.setRole(ctx, who.Workspace, user, roleOf(recs[1]), role, still); err != nil {
			return err
		}
		return a.leaveNoGhost(ctx, who.Workspace, user)
	})
	return a.Recorded(ctx, who, e, err)
}

// resigns records that an administrator is about to give up that role: first, for then he may not repeat it. It is
// ErrLastAdmin for one who is alone, as far as can be told before.
func (a *Authority) resigns(ctx context.Context, who Identity, e audit.Event) error {
	recs, err := a.Store.Get(ctx, WorkspaceKey(who.Workspace))
	if err != nil {
		return err
	}
	if recs[0].Int("admins") < 2 {
		return ErrLastAdmin
	}
	return a.Recorded(ctx, who, e, nil)
}

// setRole changes a role, if it is still the one that it was and conds hold, and the count of administrators with it.
// It returns ErrLastAdmin and ErrOvertaken.
func (a *Authority) setRole(ctx context.Context, workspace, user string, was, is WorkspaceRole, conds ...store.Cond) error {
	if was == is {
		return nil
	}
	staff, home := StaffKey(workspace, user), WorkspaceKey(workspace)
	tx := store.Tx{
		If: append(conds, store.Equal(staff, "role", string(was))),
		Do: []store.Write{
			store.Set(staff, store.Record{"role": string(is), "since": store.Millis(a.Now())}), store.Insert(staffIndex(workspace), user),
		},
	}
	if is == "" {
		tx.Do = []store.Write{store.Delete(staff), store.Remove(staffIndex(workspace), user)}
	}
	last := 0 // the number of the condition that the last administrator does not meet
	if was == Admin {
		tx.If = append(tx.If, store.Above(home, "admins", 1))
		tx.Do = append(tx.Do, store.Add(home, "admins", -1))
		last = len(tx.If)
	}
	if is == Admin {
		tx.Do = append(tx.Do, store.Add(home, "admins", 1))
	}
	res, err := a.Apply(ctx, tx)
	switch {
	case err != nil || res.Refused == 0:
		return err
	case res.Refused == last:
		return ErrLastAdmin
	default:
		return ErrOvertaken
	}
}

// leaveNoGhost takes the role of a user away who is blocked or gone. A user can get a role and be blocked at the same
// moment, in two partitions; whoever of the two comes last sees both.
func (a *Authority) leaveNoGhost(ctx context.Context, workspace, user string) error {
	return Settle(func() error {
		recs, err := a.Store.Get(ctx, UserKey(user), StaffKey(workspace, user))
		if err != nil || Alive(recs[0], a.Now()) {
			return err
		}
		return a.setRole(ctx, workspace, user, roleOf(recs[1]), "")
	})
}
