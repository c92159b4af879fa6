package handlers

import (
	"usher/handlers/wire"
	"usher/roles"
)

func (a *api) roomOperations() map[string]handler {
	return map[string]handler{
		"createRoom":     with(a.createRoom),
		"listRooms":      a.listRooms,
		"getRoom":        a.getRoom,
		"getRoomByAlias": a.getRoomByAlias,
		"updateRoom":     with(a.updateRoom),
		"closeRoom":      a.closeRoom,
		"deleteRoom":     a.deleteRoom,
		"joinRoom":       a.joinRoom,
		"explainAccess":  a.explainAccess,
	}
}

func roomOf(r roles.Room) wire.Room {
	return wire.Room{
		ID: r.ID, SpaceID: r.Space, Alias: r.Alias, Name: r.Name, Type: wire.RoomType(r.Type),
		Access: wire.Access(r.Access), IsPublic: r.Access != roles.Private, IsClosed: !r.Closed.IsZero(),
		IsChatAllowed: r.Chat, IsScreensharingAllowed: r.ScreenSharing, MaxMeetingSeconds: r.MaxMeeting,
		CreatorID: r.CreatorID, CreatedAt: r.Created, RoleInRoom: wire.RoomRoleName(r.Role),
	}
}

func (a *api) createRoom(c *call, in wire.NewRoom) (any, error) {
	wanted := roles.NewRoom{
		Name: in.Name, Type: roles.Type(in.Type), ScreenSharing: in.IsScreensharingAllowed, Chat: in.IsChatAllowed,
		Access: roles.Access(in.Access), Public: in.IsPublic, MaxMeeting: in.MaxMeetingSeconds,
	}
	if in.Webhook.URL != "" {
		told, err := webhookOf(in.Webhook)
		if err != nil {
			return nil, err
		}
		wanted.Webhook = &told
	}
	room, err := a.Spaces.CreateRoom(c, c.who, c.id("spaceId"), wanted)
	return wire.RoomCreated{ID: room.ID, Alias: room.Alias}, err
}

func (a *api) listRooms(c *call) (any, error) {
	rooms, next, err := a.Spaces.ListRooms(c, c.who, c.id("spaceId"), c.page())
	return wire.Rooms{Items: all(rooms, roomOf), Next: cursor(next)}, err
}

func (a *api) getRoom(c *call) (any, error) {
	room, err := a.Spaces.GetRoom(c, c.who, c.id("spaceId"), c.id("roomId"))
	return roomOf(room), err
}

func (a *api) getRoomByAlias(c *call) (any, error) {
	room, err := a.Spaces.GetRoomByAlias(c, c.who, c.id("alias"))
	return roomOf(room), err
}

func (a *api) updateRoom(c *call, in wire.RoomUpdate) (any, error) {
	room, err := a.Spaces.UpdateRoom(c, c.who, c.id("spaceId"), c.id("roomId"), roles.NewRoom{
		Name: in.Name, Type: roles.Type(in.Type), ScreenSharing: in.IsScreensharingAllowed, Chat: in.IsChatAllowed,
		Access: roles.Access(in.Access), Public: in.IsPublic, Closed: in.IsClosed, MaxMeeting: in.MaxMeetingSeconds,
	})
	return roomOf(room), err
}

func (a *api) closeRoom(c *call) (any, error) {
	return nil, a.Spaces.CloseRoom(c, c.who, c.id("spaceId"), c.id("roomId"))
}

func (a *api) deleteRoom(c *call) (any, error) {
	return nil, a.Spaces.DeleteRoom(c, c.who, c.id("spaceId"), c.id("roomId"))
}

func (a *api) joinRoom(c *call) (any, error) {
	pass, err := a.Spaces.Join(c, c.who, c.id("spaceId"), c.id("roomId"))
	return wire.RoomPass{
		RoomToken: pass.Token.Reveal(), ExpiresAt: pass.Expires, SessionID: pass.Session, Role: wire.RoomRoleName(pass.Role), Room: roomOf(pass.Room),
	}, err
}

func (a *api) explainAccess(c *call) (any, error) {
	var decision roles.Decision
	var err error
	switch user, link := c.param("userId"), c.param("linkId"); {
	case user != "" && link != "":
		err = invalid{"linkId", tooMany}
	case link != "":
		decision, err = a.Desk.Explain(c, c.who, c.id("spaceId"), c.id("roomId"), link)
	default:
		decision, err = a.Spaces.Explain(c, c.who, c.id("spaceId"), c.id("roomId"), user)
	}
	return wire.Decision{
		Allowed: decision.Allowed, Role: wire.RoomRoleName(decision.Role), Reasons: reasonsOf(decision),
	}, err
}
