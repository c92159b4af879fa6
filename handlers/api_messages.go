package handlers

import (
	"context"
	"strconv"

	"usher/handlers/wire"
	"usher/roles"
)

func (a *api) messageOperations() map[string]handler {
	return map[string]handler{"sendRoomMessage": with(a.sendRoomMessage), "roomEvents": a.roomEvents}
}

func (a *api) sendRoomMessage(c *call, in wire.NewRoomMessage) (any, error) {
	sent, err := a.Spaces.SendMessage(c, c.who, c.id("spaceId"), c.id("roomId"), in.Text)
	return roomMessageOf(sent), err
}

// roomEvents answers with the messages to the room as they come.
func (a *api) roomEvents(c *call) (any, error) {
	leave, err := a.streams.enter(caller(c))
	if err != nil {
		return nil, err
	}
	l, err := a.Spaces.Listen(c, c.who, c.id("spaceId"), c.id("roomId"), c.lastEvent())
	if err != nil {
		leave()
		return nil, err
	}
	next := func(ctx context.Context) ([]event, error) {
		messages, err := l.Next(ctx)
		return all(messages, func(m roles.Message) event { return event{messageID(m.Number), roomMessageOf(m)} }), err
	}
	return stream{last: messageID(l.Last()), wake: l.Wake, next: next, close: func() { l.Close(); leave() }}, nil
}

func roomMessageOf(m roles.Message) wire.RoomMessage {
	return wire.RoomMessage{ID: messageID(m.Number), Text: m.Text, Name: m.Name, SentAt: m.At}
}

func messageID(number int64) string { return strconv.FormatInt(number, 10) }
