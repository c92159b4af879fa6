package roles

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// A Member is someone with a role in a place.
type Member struct {
	User  string
	Name  string
	Email string // only for those who manage the place
	Role  Role
	Since time.Time
}

// RoleIn is the role that a user has in a space, empty where he has none.
func (s *Spaces) RoleIn(ctx context.Context, space, user string) (Role, error) {
	recs, err := s.auth.Store.Get(ctx, memberKey(space, user))
	if err != nil {
		return "", err
	}
	return Role(recs[0]["role"]), nil
}

// ListMembers lists who has a role in a space, to its members; e-mail addresses only to those who manage them, and
// to the staff of the workspace in its office.
func (s *Spaces) ListMembers(ctx context.Context, who auth.Identity, space string, page auth.Page) ([]Member, string, error) {
	st, _, err := s.InSpace(ctx, who, space)
	if err != nil {
		return nil, "", err
	}
	if err := st.May(ListMembers); err != nil {
		return nil, "", err
	}
	key := func(user string) store.Key { return memberKey(space, user) }
	return s.people(ctx, st, index("s:"+space, "members"), key, st.MayLook(ManageMembers) == nil, page)
}

// people reads one page of those who have a role in a place, with their names.
func (s *Spaces) people(ctx context.Context, st Standing, list store.Key, key func(string) store.Key, emails bool, page auth.Page) ([]Member, string, error) {
	ids, next, err := s.auth.Page(ctx, list, page)
	if err != nil {
		return nil, "", err
	}
	var keys, staff []store.Key
	for _, id := range ids {
		keys = append(keys, key(id), memberKey(st.Space.ID, id), auth.UserKey(id))
		if st.Kind == auth.Key { // for which nobody is there who has a role in the workspace
			staff = append(staff, auth.StaffKey(st.Space.Workspace, id))
		}
	}
	recs, err := s.auth.Store.Get(ctx, append(keys, staff...)...)
	if err != nil {
		return nil, "", err
	}
	members := []Member{}
	for i, id := range ids {
		var t Tenure
		if err := recs[3*i].Load(&t); err != nil {
			return nil, "", err
		}
		t.since(recs[3*i+1]["exit"])
		user, there := s.auth.UserIn(st.Space.Workspace, id, recs[3*i+2])
		hidden := len(staff) > 0 && recs[len(keys)+i]["role"] != ""
		if t.Role == "" || !there || hidden {
			continue
		}
		m := Member{User: id, Name: user.ShownName(), Role: t.Role, Since: t.Since}
		if emails {
			m.Email = user.Email
		}
		members = append(members, m)
	}
	return members, next, nil
}

// SetSpaceRole changes a member's role: owners and moderators, by rank; nobody raises himself. A demotion voids at once
// what the member issued in the space and in its rooms, unless keepIssued. Repeating one that was stopped half-way
// completes it, also for him who stepped down; what is completed keeps nothing.
func (s *Spaces) SetSpaceRole(ctx context.Context, who auth.Identity, space, user string, role Role, keepIssued bool) error {
	if err := role.oneOf(SpaceOwner, SpaceModerator, SpaceUser); err != nil {
		return err
	}
	var now Tenure
	e := audit.Event{ID: s.auth.NewID(), Type: audit.SpaceRoleChanged, Subject: user, Space: space, Role: string(role)}
	err := auth.Settle(func() error {
		st, had, err := s.overMember(ctx, who, space, user, true)
		if err != nil {
			return err
		}
		if err := st.maySetRole(user, had, role); err != nil {
			return err
		}
		if had.Role == role {
			now = had
			return nil
		}
		if user == who.ID { // first: then he may not repeat it
			if err := s.auth.Recorded(ctx, who, e, nil); err != nil {
				return err
			}
		}
		now, err = s.changeMember(ctx, st, user, had, role, keepIssued, s.loss(Demoted, fromSpace, who.ID), store.Tx{})
		return err
	})
	if err == nil {
		err = s.sweep(ctx, space, user, now, false) // there is no fall where something is kept
	}
	return s.auth.Recorded(ctx, who, e, err)
}

// maySetRole: whoever has stepped down completes that without the right that he gave up by it.
func (st Standing) maySetRole(user string, had Tenure, role Role) error {
	if user == st.ID && role == had.Role && had.Fall != "" {
		return nil
	}
	if err := st.May(ManageMembers); err != nil {
		return err
	}
	switch {
	case had.Role == "":
		return ErrNotMember
	case !st.mayRegrade(st.Member.Role.Rank(), user, had.Role, role):
		return ErrRank
	case st.Space.losesOwner(had.Role, role):
		return ErrLastOwner
	}
	return nil
}

// losesOwner reports whether a space would have no owner any more, if somebody got role in the stead of had.
func (s Space) losesOwner(had, role Role) bool {
	return had == SpaceOwner && role != SpaceOwner && s.Owners < 2
}

// overMember reads the caller's standing in a space and the tenure of someone there. Who may not manage members gets
// on only where he leaves, or completes that.
func (s *Spaces) overMember(ctx context.Context, who auth.Identity, space, user string, leaves bool) (Standing, Tenure, error) {
	if !auth.IsID(user) {
		return Standing{}, Tenure{}, ErrUserNotFound
	}
	st, recs, err := s.InSpace(ctx, who, space, memberKey(space, user), auth.UserKey(user))
	if err != nil {
		return st, Tenure{}, err
	}
	var had Tenure
	if err := recs[0].Load(&had); err != nil {
		return st, had, err
	}
	leaves = leaves && user == who.ID && (had.Role != "" || had.Fall != "")
	if err := st.May(ManageMembers); err != nil && !leaves {
		return st, had, err
	}
	if _, there := s.auth.UserIn(st.Space.Workspace, user, recs[1]); !there {
		return st, had, ErrUserNotFound
	}
	return st, had, nil
}

// mayRegrade: whoever steps down needs no rank, whoever changes another does. One who already has what the caller could
// give is no change, though the caller, who may have given it himself, does not outrank him.
func (st Standing) mayRegrade(rank int, user string, had, role Role) bool {
	if user == st.ID && role.Rank() <= had.Rank() {
		return true
	}
	return mayGive(rank, had, role) || role != "" && role == had && role.Rank() <= rank
}

// changeMember writes a member's new role, or, where it is empty, puts him out, in one transaction with tx. The number
// of owners is counted in it, so that two owners who leave at once do not leave the space to nobody.
func (s *Spaces) changeMember(
	ctx context.Context, st Standing, user string, had Tenure, role Role, keep bool, why Loss, tx store.Tx,
) (Tenure, error) {
	now, space, key := had, auth.SpaceKey(st.Space.ID), memberKey(st.Space.ID, user)
	now.Role = role
	switch {
	case role == "":
		now.Exit = s.auth.NewID()
		now.Fall = now.Exit
	case role.Rank() < had.Role.Rank() && !keep:
		now.Fall = s.auth.NewID()
	}
	if now.Fall != had.Fall {
		now.Loss = why
	}
	tx.If = append(tx.If, store.Equal(space, "ended", ""))
	tx.If = append(append(tx.If, st.StillMember()...), had.still(key)...)
	tx.Do = append(tx.Do, s.regrade(key, had, now, keep, why)...)
	switch {
	case had.Role == SpaceOwner && role != SpaceOwner:
		if st.Space.losesOwner(had.Role, role) {
			return now, ErrLastOwner
		}
		tx.If = append(tx.If, store.Above(space, "owners", 1))
		tx.Do = append(tx.Do, store.Add(space, "owners", -1))
	case had.Role != SpaceOwner && role == SpaceOwner:
		tx.Do = append(tx.Do, store.Add(space, "owners", 1))
	}
	return now, s.auth.Change(ctx, tx)
}

// RemoveMember takes someone out of a space and out of all roles in its rooms, for good: coming back revives none. What
// he issued there is void at once, unless keepIssued. Anyone may remove himself, but for the last owner. Repeating a
// removal that was stopped half-way completes it, also for him who is out by then, and keeps nothing that it did not.
func (s *Spaces) RemoveMember(ctx context.Context, who auth.Identity, space, user string, keepIssued bool) error {
	var now Tenure
	err := auth.Settle(func() error {
		st, had, err := s.overMember(ctx, who, space, user, true)
		switch {
		case err != nil:
			return err
		case had.Role == "" && had.Fall == "":
			return ErrNotMember
		case had.Role == "":
			now, keepIssued = had, keepIssued && had.Kept
			return nil
		case !st.mayRegrade(st.Member.Role.Rank(), user, had.Role, ""):
			return ErrRank
		}
		keepIssued = keepIssued && had.Fall == "" // of a demotion that has not reached all his rooms
		now, err = s.changeMember(ctx, st, user, had, "", keepIssued, s.taken(fromSpace, who.ID, user), store.Tx{})
		return err
	})
	err = s.auth.Recorded(ctx, who, audit.Event{Type: audit.MemberRemoved, Subject: user, Space: space}, err)
	if err != nil {
		return err
	}
	return s.sweep(ctx, space, user, now, keepIssued) // last: once that is done, there is nothing to repeat
}
