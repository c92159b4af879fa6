package handlers

import (
	"usher/handlers/wire"
	"usher/roles"
)

func (a *api) presenceOperations() map[string]handler {
	return map[string]handler{
		"leaveRoom":        a.leaveRoom,
		"listRoomSessions": a.listRoomSessions,
		"reportPresence":   with(a.reportPresence),
	}
}

func (a *api) leaveRoom(c *call) (any, error) {
	return nil, a.Spaces.Leave(c, c.who, c.id("spaceId"), c.id("roomId"))
}

func (a *api) listRoomSessions(c *call) (any, error) {
	f := roles.StayFilter{User: c.param("userId")}
	if connected := c.param("connected"); connected != "" {
		f.Connected = new(connected == "true")
	}
	stays, next, err := a.Spaces.ListStays(c, c.who, c.id("spaceId"), c.id("roomId"), f, c.page())
	return wire.RoomSessions{Items: all(stays, roomSessionOf), Next: cursor(next)}, err
}

func (a *api) reportPresence(c *call, in wire.PresenceReport) (any, error) {
	stay, err := a.Spaces.Report(c, c.who, c.id("spaceId"), c.id("roomId"), c.id("roomSessionId"), in.Connected)
	return roomSessionOf(stay), err
}

func roomSessionOf(s roles.Stay) wire.RoomSession {
	w := wire.RoomSession{
		ID: s.ID, ExternalUserID: s.ExternalID, Name: s.Name, Role: wire.RoomRoleName(s.Role),
		ConnectedAt: s.Began, DisconnectedAt: s.Left, EndReason: wire.RoomSessionEndReason(s.Why),
	}
	if w.UserID = s.Subject; s.Guest {
		w.UserID, w.SeatID = "", s.Subject
	}
	return w
}
