package handlers

import (
	"time"

	"usher/handlers/wire"
	"usher/internal/audit"
)

func (a *api) auditOperations() map[string]handler {
	return map[string]handler{"listEvents": a.listEvents}
}

func (a *api) listEvents(c *call) (any, error) {
	events, next, err := a.Authority.ListEvents(c, c.who, audit.Filter{
		Type: audit.Type(c.param("type")), Actor: c.param("actorId"), Subject: c.param("subjectId"),
		Space: c.param("spaceId"), Room: c.param("roomId"), Since: c.instant("since"), Until: c.instant("until"),
	}, c.page())
	return wire.Events{Items: all(events, EventOf), Next: cursor(next)}, err
}

// instant is a parameter of the query that the contract has found to be one, or the zero time.
func (c *call) instant(name string) time.Time {
	t, _ := time.Parse(time.RFC3339, c.param(name))
	return t
}

// EventOf is an event in the words of the contract.
func EventOf(e audit.Event) wire.Event {
	return wire.Event{
		ID: e.ID, At: e.At, Type: string(e.Type), ActorKind: e.ActorKind, ActorID: e.Actor, SessionID: e.Session,
		SubjectID: e.Subject, SpaceID: e.Space, RoomID: e.Room, Role: e.Role, Reason: e.Reason,
		Address: e.Address, UserAgent: e.UserAgent, RequestID: e.RequestID,
	}
}
