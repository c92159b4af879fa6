package pagecall

import (
	"errors"
	"fmt"

	"usher/auth"
	"usher/handlers"
	"usher/handlers/pagecall/wire"
	"usher/roles"
)

func (p *api) roomOperations() map[string]handlers.Operation {
	return map[string]handlers.Operation{
		"listRooms":    p.listRooms,
		"createRoom":   handlers.With(p.createRoom),
		"getRoom":      p.getRoom,
		"updateRoom":   handlers.With(p.updateRoom),
		"deleteRoom":   p.deleteRoom,
		"listSessions": p.listSessions,
		"sendMessage":  handlers.With(p.sendMessage),
		"listPages":    notOffered,
		"createPages":  notOffered,
	}
}

func notOffered(*handlers.Call) (any, error) { return nil, handlers.ErrNotOffered }

// described are rooms with what goes on in them.
func (p *api) described(c *handlers.Call, rooms ...roles.Room) ([]wire.Room, error) {
	ids := make([]string, len(rooms))
	for i, r := range rooms {
		ids[i] = r.ID
	}
	meetings, err := p.spaces.Meetings(c, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]wire.Room, len(rooms))
	for i, r := range rooms {
		out[i] = wire.Room{
			ID: r.ID, ApplicationID: r.Workspace, Type: wire.RoomType(r.Access), Name: r.Name,
			MaxMeetingSeconds: r.MaxMeeting, MeetingTime: int(meetings[i].Time.Seconds()), StartedAt: meetings[i].Started,
			IsTerminated: !r.Closed.IsZero(), TerminatedAt: r.Closed, CreatedAt: r.Created,
			UpdatedAt: r.LastChanged(),
		}
	}
	return out, nil
}

func (p *api) answer(c *handlers.Call, room roles.Room, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	rooms, err := p.described(c, room)
	if err != nil {
		return nil, err
	}
	return wire.RoomAnswer{Room: rooms[0]}, nil
}

func (p *api) listRooms(c *handlers.Call) (any, error) {
	part := window(c)
	rooms, total, err := p.spaces.FindRooms(c, c.Who(), roles.RoomFilter{
		Name: c.Param("name"), Closed: flag(c, "is_terminated"),
	}, part)
	if err != nil {
		return nil, err
	}
	described, err := p.described(c, rooms...)
	return wire.Rooms{Rooms: described, Paging: paging(part, total)}, err
}

func (p *api) createRoom(c *handlers.Call, in wire.NewRoom) (any, error) {
	members, err := p.attendees(c, in.Members)
	if err != nil {
		return nil, err
	}
	wanted := roles.NewRoom{
		Name: in.Name, Access: roles.Access(in.Type), MaxMeeting: in.MaxMeetingSeconds, Members: members,
	}
	if in.Webhook != nil {
		wanted.Webhook = &roles.Webhook{URL: in.Webhook.URL, Headers: in.Webhook.Headers}
	}
	room, err := p.spaces.CreateRoom(c, c.Who(), c.Who().Workspace, wanted)
	return p.answer(c, room, err)
}

// attendees are those who are to be members of a new room. It is an auth.FieldError that names the first who is no user.
func (p *api) attendees(c *handlers.Call, in []wire.FirstMember) ([]roles.NewAttendee, error) {
	var members []roles.NewAttendee
	for i, m := range in {
		user, err := p.auth.ExternalUser(c, c.Who().Workspace, m.UserID)
		if errors.Is(err, auth.ErrNotFound) {
			err = &auth.FieldError{Field: fmt.Sprintf("members/%d/user_id", i), Reason: "no such user"}
		}
		if err != nil {
			return nil, err
		}
		members = append(members, roles.NewAttendee{User: user.ID, Role: roleIn(m.Type, user), Name: m.Name})
	}
	return members, nil
}

func (p *api) getRoom(c *handlers.Call) (any, error) {
	room, err := p.spaces.GetRoom(c, c.Who(), c.Who().Workspace, c.ID("room_id"))
	return p.answer(c, room, err)
}

func (p *api) updateRoom(c *handlers.Call, in wire.RoomChange) (any, error) {
	room, err := p.spaces.UpdateRoom(c, c.Who(), c.Who().Workspace, c.ID("room_id"), roles.NewRoom{
		Name: in.Name, Closed: in.IsTerminated,
	})
	return p.answer(c, room, err)
}

func (p *api) deleteRoom(c *handlers.Call) (any, error) {
	room, err := p.spaces.GetRoom(c, c.Who(), c.Who().Workspace, c.ID("room_id"))
	gone, err := p.answer(c, room, err)
	if err != nil {
		return nil, err
	}
	return gone, p.spaces.DeleteRoom(c, c.Who(), room.Space, room.ID)
}

func (p *api) listSessions(c *handlers.Call) (any, error) {
	part, f := window(c), roles.StayFilter{Connected: flag(c, "is_connecting")}
	if id := c.Param("user_id"); id != "" {
		user, err := p.auth.ExternalUser(c, c.Who().Workspace, id)
		if errors.Is(err, auth.ErrNotFound) {
			user.ID, err = auth.Hash(id), nil // nobody's
		}
		if err != nil {
			return nil, err
		}
		f.User = user.ID
	}
	stays, total, err := p.spaces.FindStays(c, c.Who(), c.ID("room_id"), f, part)
	return wire.Sessions{Sessions: all(stays, sessionOf), Paging: paging(part, total)}, err
}

func (p *api) sendMessage(c *handlers.Call, in wire.Message) (any, error) {
	sent, err := p.spaces.SendMessage(c, c.Who(), c.Who().Workspace, c.ID("room_id"), in.Message)
	return wire.Message{Message: sent.Text}, err
}

func sessionOf(s roles.Stay) wire.Session {
	return wire.Session{
		ID: s.ID, MemberID: s.Subject, UserID: s.ExternalID, ConnectedAt: s.Began, DisconnectedAt: s.Left,
	}
}
