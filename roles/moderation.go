package roles

import (
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// Ban keeps a user or a seat out of a room. A user loses his role there, a seat its session, at once.
func (s *Spaces) Ban(ctx context.Context, who auth.Identity, space, room, subject string, until *time.Time, reason string) error {
	ban, err := s.newBan(who, subject, until, reason)
	if err != nil {
		return err
	}
	err = auth.Settle(func() error {
		t, err := s.moderated(ctx, who, space, room, subject)
		if err != nil {
			return err
		}
		writes := ban.write("r:"+room, t.ban, t.Now)
		if t.seat != nil {
			return s.changeSeat(ctx, t, store.Record{"sid": ""}, writes...)
		}
		return s.changeRole(ctx, t, "", false, s.loss(Banned, fromRoom, who.ID), writes...)
	})
	if err == nil {
		err = s.putOut(ctx, room, subject, GoneBanned)
	}
	return s.auth.Recorded(ctx, who, audit.Event{Type: audit.Banned, Subject: subject, Space: space, Room: room}, err)
}

// Kick puts a user or a seat out of a room now. A seat does not come back. A user is kept out for as long as the room
// token in his hand may live, so that he cannot have got another one by then; his role stays.
func (s *Spaces) Kick(ctx context.Context, who auth.Identity, space, room, subject string) error {
	err := auth.Settle(func() error {
		t, err := s.moderated(ctx, who, space, room, subject)
		if err != nil {
			return err
		}
		if t.seat != nil {
			return s.kickSeat(ctx, t)
		}
		kick := Ban{Subject: subject, Ends: t.Now.Add(s.auth.RoomTTL()), By: who.ID, Kick: true}
		if t.ban.Ends.After(kick.Ends) {
			return nil
		}
		return s.auth.Change(ctx, store.Tx{If: t.unchanged(), Do: kick.write("r:"+room, t.ban, t.Now)})
	})
	if err == nil {
		err = s.putOut(ctx, room, subject, GoneKicked)
	}
	return s.auth.Recorded(ctx, who, audit.Event{Type: audit.Kicked, Subject: subject, Space: space, Room: room}, err)
}

// kickSeat puts a seat out for good. On a permanent link, whose places are counted, that frees one, unless an account
// has kept the seat: then the place went with the role.
func (s *Spaces) kickSeat(ctx context.Context, t target) error {
	if t.seat["ended"] != "" {
		return nil
	}
	var frees []store.Write
	if t.seat["permanent"] != "" && t.seat["account"] == "" {
		frees = []store.Write{store.Add(auth.LinkKey(t.Room.ID, t.seat["link"]), "left", 1)}
	}
	return s.changeSeat(ctx, t, store.Record{"sid": "", "ended": store.Millis(t.Now)}, frees...)
}

// changeSeat ends the session on a seat.
func (s *Spaces) changeSeat(ctx context.Context, t target, seat store.Record, more ...store.Write) error {
	key := auth.SeatKey(t.Room.ID, t.subject)
	return s.auth.Change(ctx, store.Tx{
		If: append(t.unchanged(), store.Present(key), store.Equal(key, "ended", t.seat["ended"]), store.Equal(key, "account", t.seat["account"])),
		Do: append(more, store.Set(key, seat)),
	})
}

// Unban lets a user or a seat in again. The role that a user had does not come back.
func (s *Spaces) Unban(ctx context.Context, who auth.Identity, space, room, subject string) error {
	tried := false
	e := audit.Event{ID: s.auth.NewID(), Type: audit.Unbanned, Subject: subject, Space: space, Room: room}
	return auth.Settle(func() error {
		t, err := s.moderated(ctx, who, space, room, subject)
		if err != nil {
			return err
		}
		again := tried
		tried = true
		return s.lift(ctx, who, e, "r:"+room, t.ban, t.InOffice(), again)
	})
}
