package handlers

import (
	"usher/handlers/wire"
	"usher/roles"
)

func (a *api) spaceOperations() map[string]handler {
	return map[string]handler{
		"createSpace":  with(a.createSpace),
		"listSpaces":   a.listSpaces,
		"getSpace":     a.getSpace,
		"updateSpace":  with(a.updateSpace),
		"deleteSpace":  a.deleteSpace,
		"listMembers":  a.listMembers,
		"setSpaceRole": with(a.setSpaceRole),
		"removeMember": a.removeMember,
		"spaceBan":     with(a.spaceBan),
		"spaceUnban":   a.spaceUnban,
	}
}

func spaceOf(s roles.Space) wire.Space {
	return wire.Space{
		ID: s.ID, Name: s.Name, Description: s.Description, Logo: s.Logo, IsPublic: s.Public,
		CreatorID: s.CreatorID, CreatedAt: s.Created, RoleInSpace: wire.SpaceRole(s.Role),
	}
}

func (a *api) createSpace(c *call, in wire.NewSpace) (any, error) {
	id, err := a.Spaces.CreateSpace(c, c.who, roles.SpaceDetails{
		Name: in.Name, Description: in.Description, Logo: in.Logo, Public: in.IsPublic,
	})
	return wire.Created{ID: id}, err
}

func (a *api) listSpaces(c *call) (any, error) {
	spaces, next, err := a.Spaces.ListSpaces(c, c.who, c.page())
	return wire.Spaces{Items: all(spaces, spaceOf), Next: cursor(next)}, err
}

func (a *api) getSpace(c *call) (any, error) {
	space, err := a.Spaces.GetSpace(c, c.who, c.id("spaceId"))
	return spaceOf(space), err
}

func (a *api) updateSpace(c *call, in wire.SpaceUpdate) (any, error) {
	space, err := a.Spaces.UpdateSpace(c, c.who, c.id("spaceId"), roles.SpaceUpdate{
		Name: in.Name, Public: in.IsPublic, Description: in.Description, Logo: in.Logo,
	})
	return spaceOf(space), err
}

func (a *api) deleteSpace(c *call) (any, error) {
	return nil, a.Spaces.DeleteSpace(c, c.who, c.id("spaceId"))
}

func memberOf(m roles.Member) wire.Member {
	return wire.Member{UserID: m.User, Name: m.Name, Email: m.Email, Role: wire.SpaceRole(m.Role), Since: m.Since}
}

func (a *api) listMembers(c *call) (any, error) {
	members, next, err := a.Spaces.ListMembers(c, c.who, c.id("spaceId"), c.page())
	return wire.Members{Items: all(members, memberOf), Next: cursor(next)}, err
}

func (a *api) setSpaceRole(c *call, in wire.SpaceRoleChange) (any, error) {
	return nil, a.Spaces.SetSpaceRole(c, c.who, c.id("spaceId"), c.id("userId"), roles.Role(in.Role), c.keepIssued())
}

func (a *api) removeMember(c *call) (any, error) {
	return nil, a.Spaces.RemoveMember(c, c.who, c.id("spaceId"), c.id("userId"), c.keepIssued())
}

func (a *api) spaceBan(c *call, in wire.NewBan) (any, error) {
	return nil, a.Spaces.SpaceBan(c, c.who, c.id("spaceId"), c.id("userId"), in.Until, in.Reason)
}

func (a *api) spaceUnban(c *call) (any, error) {
	return nil, a.Spaces.SpaceUnban(c, c.who, c.id("spaceId"), c.id("userId"))
}
