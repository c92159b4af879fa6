package roles

import (
	"context"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// GrantRole gives someone a role in a room; a new one replaces the old. Owner and moderators of the room give by rank.
// The owner of the space gives to others, never to himself; an administrator to anyone. It is ErrUserBanned for who is
// banned there or in the space: whoever wants him in lifts the ban first.
func (s *Spaces) GrantRole(ctx context.Context, who auth.Identity, space, room, user string, role Role, keepIssued bool) error {
	if err := role.oneOf(RoomOwner, RoomModerator, RoomUser, RoomMonitor); err != nil {
		return err
	}
	e := audit.Event{ID: s.auth.NewID(), Type: audit.RoleGranted, Subject: user, Space: space, Room: room, Role: string(role)}
	err := auth.Settle(func() error {
		t, err := s.target(ctx, who, space, room, user)
		if err != nil {
			return err
		}
		rank, err := t.grantRank(user, t.Staff == auth.Admin)
		switch {
		case err != nil:
			return err
		case !t.there || t.seat != nil:
			return ErrUserNotFound
		case !t.mayRegrade(rank, user, t.had.Role, role):
			return ErrRank
		case banned(t.spaceBan, t.ban, t.Now):
			return ErrUserBanned
		case user == who.ID && role.Rank() < t.had.Role.Rank(): // first: then he may not repeat it
			if err := s.auth.Recorded(ctx, who, e, nil); err != nil {
				return err
			}
		}
		return s.pointing(ctx, roomsOf(user), space+"/"+room, auth.RoomKey(room), func() error {
			return s.changeRole(ctx, t, role, keepIssued, s.loss(Demoted, fromRoom, who.ID))
		})
	})
	return s.auth.Recorded(ctx, who, e, err)
}

// RevokeRole takes away someone's role in a room, and what he issued there, unless keepIssued. Anyone may give up his own.
func (s *Spaces) RevokeRole(ctx context.Context, who auth.Identity, space, room, user string, keepIssued bool) error {
	tried := false
	e := audit.Event{ID: s.auth.NewID(), Type: audit.RoleRevoked, Subject: user, Space: space, Room: room}
	return auth.Settle(func() error {
		t, err := s.target(ctx, who, space, room, user)
		if err != nil {
			return err
		}
		if tried && t.had.Role == "" {
			return nil // by ourselves, or whoever was faster
		}
		if err := t.mayRevoke(user); err != nil {
			return err
		}
		tried = true
		if err := s.auth.Recorded(ctx, who, e, nil); err != nil { // first: it can't be repeated
			return err
		}
		return s.changeRole(ctx, t, "", keepIssued, s.taken(fromRoom, who.ID, user))
	})
}

func (t target) mayRevoke(user string) error {
	if user == t.ID && t.had.Role != "" {
		return t.May(SeeRoom)
	}
	rank, err := t.grantRank(user, false)
	switch {
	case err != nil:
		return err
	case !t.there || t.seat != nil:
		return ErrUserNotFound
	case t.had.Role == "":
		return ErrNoRole
	case !mayGive(rank, t.had.Role, ""):
		return ErrRank
	}
	return nil
}

// grantRank is the rank by which the caller changes a user's role here.
func (st Standing) grantRank(user string, admin bool) (int, error) {
	if st.Kind == auth.Member { // does nothing to others, whatever his role
		return 0, auth.ErrWrongToken
	}
	if admin || st.ownsSpace() && user != st.ID && st.Staff != auth.Support {
		return RoomOwner.Rank(), nil
	}
	if err := st.May(Grant); err != nil {
		return 0, err
	}
	if !st.admit().Allowed || st.Tenure.Role.Rank() < RoomModerator.Rank() {
		return 0, ErrForbidden // the owner of the space, for himself
	}
	return st.Tenure.Role.Rank(), nil
}

// ListRoomRoles lists who has a role in a room, to those who may grant there; with e-mail addresses, as everywhere, to the
// staff of the workspace in its office.
func (s *Spaces) ListRoomRoles(ctx context.Context, who auth.Identity, space, room string, page auth.Page) ([]Member, string, error) {
	st, _, err := s.InRoom(ctx, who, space, room)
	if err != nil {
		return nil, "", err
	}
	if err := st.MayLook(Grant); err != nil {
		return nil, "", err
	}
	key := func(user string) store.Key { return roleKey(room, user) }
	return s.people(ctx, st, index("r:"+room, "roles"), key, st.Office, page)
}
