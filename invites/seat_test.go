package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

// Looking at a link spends nothing, however often; mail scanners do.
func TestPreviewSpendsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{Username: "John Smith", Role: "moderator", ExternalUserID: "pupil/17"})
		for range 20 {
			p, err := h.desk.Preview(t.Context(), of.token)
			require.NoError(t, err)
			require.Equal(t, invites.Live, p.Link.State)
			require.Equal(t, []string{"John Smith", "moderator", "Algebra", h.space},
				[]string{p.Link.Username, p.Link.Role, p.Room.Name, p.Room.Space})
		}
		h.lives(h.seat(of, laptop))
	})
}

// One time means one seat, not one click.
func TestOneTimeIsOneSeat(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{Username: "John Smith", Role: "user", ExternalUserID: "pupil/17"})
		first := h.seat(of, laptop)
		require.Equal(t, invites.Seat{
			ID: first.ID, Username: "John Smith", Role: "user", ExternalUserID: "pupil/17", Link: of.ID, Created: h.now(),
		}, first.Seat)
		require.Equal(t, []string{h.space, h.room, laptop.Reveal()}, []string{first.Space, first.Room, first.SeatKey.Reveal()})
		h.lives(first)
		h.pass(time.Hour)
		second := h.seat(of, laptop)
		require.Equal(t, first.Seat, second.Seat, "the same seat")
		h.lives(second)
		h.dead(first)
		_, err := h.desk.Redeem(t.Context(), of.token, phone, noPIN)
		require.ErrorIs(t, err, invites.ErrLinkUsed)
		h.lives(second)
		link, err := h.desk.GetLink(t.Context(), h.mod, h.space, h.room, of.ID)
		require.NoError(t, err)
		require.Equal(t, 1, link.Taken())
	})
}

// A permanent link gives any number of seats, each to its key; beyond the cap it is used, but for those who sit.
func TestPermanentIsManySeats(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(permanent)
		require.Equal(t, 10_000, of.Left)
		one, two := h.seat(of, laptop), h.seat(of, phone)
		require.NotEqual(t, one.ID, two.ID)
		again := h.seat(of, laptop)
		require.Equal(t, one.Seat, again.Seat)
		h.lives(again)
		h.lives(two)
		link, err := h.desk.GetLink(t.Context(), h.mod, h.space, h.room, of.ID)
		require.NoError(t, err)
		require.Equal(t, 2, link.Taken())
		h.left(of, 0)
		_, err = h.desk.Redeem(t.Context(), of.token, secret.New("another-another-another"), noPIN)
		require.ErrorIs(t, err, invites.ErrLinkUsed)
		h.lives(h.seat(of, phone))

		// The cap is on those that live: whoever is put out, however often, makes room for one.
		for range 2 {
			require.NoError(t, h.spaces.Kick(t.Context(), h.owner, h.space, h.room, one.ID))
		}
		h.seat(of, secret.New("another-another-another"))
		_, err = h.desk.Redeem(t.Context(), of.token, secret.New("yet-another-yet-another"), noPIN)
		require.ErrorIs(t, err, invites.ErrLinkUsed)
	})
}

// A seat key that could be guessed is refused, and spends nothing.
func TestSeatKeysAreLong(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		var wrong *auth.FieldError
		_, err := h.desk.Redeem(t.Context(), of.token, secret.New("123456789012345678901"), noPIN)
		require.ErrorAs(t, err, &wrong)
		require.Equal(t, "seatKey", wrong.Field)
		h.lives(h.seat(of, secret.New("1234567890123456789012")))
	})
}

// left sets how many seats a link has yet to give.
func (h *house) left(of ticket, seats int) {
	h.Helper()
	_, err := h.auth.Apply(h.Context(), store.Tx{Do: []store.Write{
		store.Set(auth.LinkKey(h.room, of.ID), store.Fields(struct {
			Left int `store:"left"`
		}{seats})),
	}})
	require.NoError(h, err)
}

// Whatever ends a session ends it at once, for every endpoint and for good; what one who then comes again is told is
// back, and whether he may come again once it is over.
func TestWhatEndsASession(t *testing.T) {
	rows := []struct {
		name string
		end  func(h *house, g guest, of ticket) error
		back error // what redeeming again says
		undo func(h *house, g guest, of ticket) error
	}{
		{"leaving", func(h *house, g guest, _ ticket) error { return h.desk.LeaveSeat(h.Context(), g.who) }, nil, nil},
		{"a new session", func(h *house, _ guest, of ticket) error { h.seat(of, laptop); return nil }, nil, nil},
		{"a theft", func(h *house, g guest, _ ticket) error {
			_, err := h.refresh(g.RefreshToken)
			require.NoError(h, err)
			h.pass(time.Minute)
			_, err = h.refresh(g.RefreshToken)
			require.ErrorIs(h, err, auth.ErrInvalidGrant)
			return nil
		}, nil, nil},
		{"revocation", func(h *house, _ guest, of ticket) error {
			return h.desk.RevokeLink(h.Context(), h.owner, h.space, h.room, of.ID)
		}, invites.ErrLinkRevoked, nil},
		{
			"a pause", func(h *house, _ guest, of ticket) error { h.pause(of.ID, true); return nil }, invites.ErrLinkPaused,
			func(h *house, _ guest, of ticket) error { h.pause(of.ID, false); return nil },
		},
		{
			"the link's end", func(h *house, _ guest, _ ticket) error { h.pass(day); return nil }, invites.ErrLinkExpired,
			func(h *house, _ guest, of ticket) error { h.extend(of.ID, time.Hour); return nil },
		},
		{"a kick", func(h *house, g guest, _ ticket) error {
			return h.spaces.Kick(h.Context(), h.owner, h.space, h.room, g.ID)
		}, invites.ErrSeatBanned, nil},
		{"a ban", func(h *house, g guest, _ ticket) error {
			return h.spaces.Ban(h.Context(), h.owner, h.space, h.room, g.ID, nil, "")
		}, invites.ErrSeatBanned, func(h *house, g guest, _ ticket) error {
			return h.spaces.Unban(h.Context(), h.owner, h.space, h.room, g.ID)
		}},
		{"a ban for an hour", func(h *house, g guest, _ ticket) error {
			return h.spaces.Ban(h.Context(), h.owner, h.space, h.room, g.ID, new(h.now().Add(time.Hour)), "")
		}, invites.ErrSeatBanned, func(h *house, _ guest, _ ticket) error { h.pass(time.Hour); return nil }},
		{"the room's deletion", func(h *house, _ guest, _ ticket) error {
			return h.spaces.DeleteRoom(h.Context(), h.owner, h.space, h.room)
		}, invites.ErrLinkUnknown, nil},
		{"the space's deletion", func(h *house, _ guest, _ ticket) error {
			return h.spaces.DeleteSpace(h.Context(), h.owner, h.space)
		}, invites.ErrLinkUnknown, nil},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				h := w.house(t)
				of := h.link(oneTime)
				g, sister := h.seat(of, laptop), h.seat(h.link(permanent), laptop)
				h.lives(g)
				require.NoError(t, row.end(h, g, of))
				h.dead(g)
				if row.back != nil {
					_, err := h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
					require.ErrorIs(t, err, row.back)
				}
				if row.undo != nil {
					require.NoError(t, row.undo(h, g, of))
					h.dead(g) // what ended does not come back
				}
				if row.back == nil || row.undo != nil {
					again := h.seat(of, laptop)
					require.Equal(t, g.ID, again.ID)
					h.lives(again)
					h.dead(g)
				}
				if row.name == "a kick" || row.name == "a ban" {
					h.lives(sister)
				}
			})
		}
	})
}

// A closed room lets nobody in; who sits there keeps his seat, and may not join.
func TestAClosedRoom(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		g := h.seat(of, laptop)
		require.NoError(t, h.spaces.CloseRoom(t.Context(), h.owner, h.space, h.room))
		for _, key := range []secret.String{laptop, phone} {
			_, err := h.desk.Redeem(t.Context(), of.token, key, noPIN)
			require.ErrorIs(t, err, roles.ErrRoomClosed)
		}
		_, err := h.spaces.Join(t.Context(), g.who, h.space, h.room)
		var denied *roles.DeniedError
		require.ErrorAs(t, err, &denied)
		require.Equal(t, roles.CodeRoomClosed, denied.Decision.Code())
	})
}

// Revoked is final, and said before anything else.
func TestRevokedIsFinal(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		for range 2 {
			require.NoError(t, h.desk.RevokeLink(t.Context(), h.mod, h.space, h.room, of.ID))
		}
		ttl, no := time.Hour, false
		for _, patch := range []invites.LinkPatch{{TTL: &ttl}, {Paused: &no}, {}} {
			_, err := h.desk.UpdateLink(t.Context(), h.mod, h.space, h.room, of.ID, patch)
			require.ErrorIs(t, err, invites.ErrLinkRevoked)
		}
		h.pass(day)
		_, err := h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
		require.ErrorIs(t, err, invites.ErrLinkRevoked)
	})
}

// A link may be prolonged and shortened, within the bounds of a new one; a session of a link that lives goes on.
func TestUpdatingALink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(permanent)
		g := h.seat(of, laptop)
		h.pass(time.Hour)
		require.Equal(t, h.now().Add(5*day), h.extend(of.ID, 5*day).Ends)
		h.lives(g)
		require.Equal(t, h.now().Add(time.Minute), h.extend(of.ID, time.Minute).Ends)
		h.lives(g)
		h.pass(time.Minute - time.Millisecond)
		h.lives(g)
		h.pass(time.Millisecond)
		h.dead(g)
		for _, ttl := range []time.Duration{0, time.Minute - 1, 5*day + 1, -day} {
			var wrong *auth.FieldError
			_, err := h.desk.UpdateLink(t.Context(), h.mod, h.space, h.room, of.ID, invites.LinkPatch{TTL: &ttl})
			require.ErrorAs(t, err, &wrong, ttl)
		}
		yes, ttl := true, time.Hour
		link, err := h.desk.UpdateLink(t.Context(), h.mod, h.space, h.room, of.ID, invites.LinkPatch{TTL: &ttl, Paused: &yes})
		require.NoError(t, err)
		require.Equal(t, invites.Paused, link.State)
		_, err = h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
		require.ErrorIs(t, err, invites.ErrLinkPaused)
	})
}
