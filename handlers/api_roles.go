package handlers

import (
	"usher/auth"
	"usher/handlers/wire"
	"usher/roles"
)

func (a *api) roleOperations() map[string]handler {
	return map[string]handler{
		"grantRole":     with(a.grantRole),
		"listRoomRoles": a.listRoomRoles,
		"revokeRole":    a.revokeRole,
		"ban":           with(a.ban),
		"unban":         a.unban,
		"listBans":      a.listBans,
		"kick":          with(a.kick),
	}
}

func (a *api) grantRole(c *call, in wire.RoleGrant) (any, error) {
	err := a.Spaces.GrantRole(c, c.who, c.id("spaceId"), c.id("roomId"), in.TargetUserID, roles.Role(in.Role), c.keepIssued())
	return wire.RoomRole{UserID: in.TargetUserID, Role: in.Role}, err
}

func (a *api) listRoomRoles(c *call) (any, error) {
	members, next, err := a.Spaces.ListRoomRoles(c, c.who, c.id("spaceId"), c.id("roomId"), c.page())
	return wire.RoomRoles{Items: all(members, func(m roles.Member) wire.RoomRole {
		return wire.RoomRole{UserID: m.User, Name: m.Name, Role: wire.RoomRoleName(m.Role), Since: m.Since}
	}), Next: cursor(next)}, err
}

func (a *api) revokeRole(c *call) (any, error) {
	return nil, a.Spaces.RevokeRole(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("userId"), c.keepIssued())
}

func (a *api) ban(c *call, in wire.NewBan) (any, error) {
	return nil, a.Spaces.Ban(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("targetId"), in.Until, in.Reason)
}

func (a *api) unban(c *call) (any, error) {
	return nil, a.Spaces.Unban(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("targetId"))
}

func (a *api) listBans(c *call) (any, error) {
	bans, next, err := a.Spaces.ListBans(c, c.who, c.id("spaceId"), c.id("roomId"), c.page())
	return wire.Bans{Items: all(bans, func(b roles.Ban) wire.Ban {
		return wire.Ban{TargetID: b.Subject, Until: b.Until(), Reason: b.Reason, BannedBy: b.By, IsKick: b.Kick}
	}), Next: cursor(next)}, err
}

func (a *api) kick(c *call, in wire.KickTarget) (any, error) {
	if (in.UserID == "") == (in.SeatID == "") {
		return nil, &auth.FieldError{Field: "/userId", Reason: "either this or seatId"}
	}
	return nil, a.Spaces.Kick(c, c.who, c.id("spaceId"), c.id("roomId"), in.UserID+in.SeatID)
}
