package pagecall

import (
	"cmp"
	"errors"

	"usher/auth"
	"usher/handlers"
	"usher/handlers/pagecall/wire"
	"usher/roles"
)

func (p *api) memberOperations() map[string]handlers.Operation {
	return map[string]handlers.Operation{
		"listMembers":  p.listMembers,
		"createMember": handlers.With(p.createMember),
		"getMember":    p.getMember,
		"updateMember": handlers.With(p.updateMember),
	}
}

// typeOf is what type of member a role in a room is. An owner, whom an administrator can make, is a host here.
var typeOf = map[roles.Role]wire.MemberType{
	roles.RoomUser: wire.MemberTypeGuest, roles.RoomModerator: wire.MemberTypeHost, roles.RoomOwner: wire.MemberTypeHost,
	roles.RoomMonitor: wire.MemberTypeMonitor,
}

// roleOf is the role that a type is, and none where none is said.
func roleOf(is wire.MemberType) roles.Role {
	if is == "" {
		return ""
	}
	return roles.OfMemberType(auth.MemberType(is))
}

// roleIn is the role of a user who becomes a member, of his default type where no other is said.
func roleIn(is wire.MemberType, user auth.External) roles.Role {
	return roleOf(cmp.Or(is, wire.MemberType(user.MemberType)))
}

func memberOf(a roles.Attendee) wire.Member {
	return wire.Member{
		ID: a.User, UserID: a.ExternalID, RoomID: a.Room, Type: typeOf[a.Role], Name: a.Name, IsBlocked: a.Blocked, CreatedAt: a.Since,
	}
}

func (p *api) listMembers(c *handlers.Call) (any, error) {
	part := window(c)
	members, total, err := p.spaces.ListAttendees(c, c.Who(), c.ID("room_id"), part)
	return wire.Members{Members: all(members, memberOf), Paging: paging(part, total)}, err
}

func (p *api) createMember(c *handlers.Call, in wire.NewMember) (any, error) {
	user, err := p.auth.ExternalUser(c, c.Who().Workspace, in.UserID)
	if errors.Is(err, auth.ErrNotFound) {
		err = &auth.FieldError{Field: "user_id", Reason: "no such user"}
	}
	if err != nil {
		return nil, err
	}
	room, role := c.ID("room_id"), roleIn(in.Type, user)
	if err := p.spaces.GrantRole(c, c.Who(), c.Who().Workspace, room, user.ID, role, false); err != nil {
		return nil, err
	}
	member, err := p.spaces.GetAttendee(c, c.Who(), room, user.ID)
	return wire.MemberAnswer{Member: memberOf(member)}, err
}

func (p *api) getMember(c *handlers.Call) (any, error) {
	user, err := p.member(c)
	if err != nil {
		return nil, err
	}
	member, err := p.spaces.GetAttendee(c, c.Who(), c.ID("room_id"), user)
	return wire.MemberAnswer{Member: memberOf(member)}, err
}

func (p *api) updateMember(c *handlers.Call, in wire.MemberChange) (any, error) {
	user, err := p.member(c)
	if err != nil {
		return nil, err
	}
	member, err := p.spaces.UpdateAttendee(c, c.Who(), c.ID("room_id"), user, roles.AttendeeChange{
		Role: roleOf(in.Type), Name: in.Name, Blocked: in.IsBlocked,
	})
	return wire.MemberAnswer{Member: memberOf(member)}, err
}

// member is the user whom a path means: by the integrator's id of him, or else by the member's own. Both may look alike.
func (p *api) member(c *handlers.Call) (string, error) {
	user, err := p.auth.ExternalUser(c, c.Who().Workspace, c.ID("member_id"))
	if errors.Is(err, auth.ErrNotFound) {
		return c.ID("member_id"), nil
	}
	return user.ID, err
}
