package invites_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

// hall is a public space with an open room.
func (w *world) hall(t *testing.T) *house {
	t.Helper()
	h := w.house(t)
	h.public(true)
	h.room = h.build(roles.Open)
	h.grant(h.mod, roles.RoomModerator)
	return h
}

func (h *house) public(public bool) {
	h.Helper()
	_, err := h.spaces.UpdateSpace(h.Context(), h.owner, h.space, roles.SpaceUpdate{Name: "Year 7", Public: public})
	require.NoError(h, err)
}

func (h *house) access(access roles.Access) {
	h.Helper()
	_, err := h.spaces.UpdateRoom(h.Context(), h.owner, h.space, h.room, roles.NewRoom{Name: "Algebra", Access: access})
	require.NoError(h, err)
}

// enter goes through the open door.
func (h *house) enter(key secret.String) guest {
	h.Helper()
	seated, err := h.desk.JoinAsGuest(h.Context(), auth.Identity{}, h.space, h.room, "Passer-by", key)
	require.NoError(h, err)
	return guest{seated, h.identity(seated.Tokens)}
}

// An open room in a public space gives a seat to anyone; which rooms there are else, it doesn't say.
func TestWhoJoinsAsGuest(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h, other := w.hall(t), w.hall(t)
		nobody := auth.Identity{}
		left := other.enter(keyOf(7)).who
		require.NoError(t, w.desk.LeaveSeat(t.Context(), left))
		private := func(h *house) { h.access(roles.Private) }
		banned := &roles.BannedError{}
		for _, row := range []struct {
			name string
			set  func(h *house)
			who  auth.Identity
			want error
		}{
			{"nobody", nil, nobody, nil},
			{"a user", nil, h.bob, nil},
			{"a client", nil, auth.Identity{Kind: auth.Client, ID: w.client, Workspace: w.owner.Workspace}, nil},
			{"a guest of another room", nil, other.enter(phone).who, nil},
			{"a guest of another room who has left it", nil, left, auth.ErrInvalidToken},
			{"a client of another workspace", nil, auth.Identity{Kind: auth.Client, ID: w.client, Workspace: w.abroad().Workspace}, auth.ErrInvalidToken},
			{"a user of another workspace", nil, w.abroad(), roles.ErrNotFound},
			{"nobody, a public room", func(h *house) { h.access(roles.Public) }, nobody, roles.ErrNotFound},
			{"nobody, a private room", private, nobody, roles.ErrNotFound},
			{"nobody, a private space", func(h *house) { h.public(false) }, nobody, roles.ErrNotFound},
			{"a user, a private room", private, h.bob, roles.ErrNotFound},
			{"a moderator, a private room", private, h.mod, roles.ErrForbidden},
			{"nobody, a deleted room", func(h *house) {
				require.NoError(h, h.spaces.DeleteRoom(h.Context(), h.owner, h.space, h.room))
			}, nobody, roles.ErrNotFound},
			{"a banned user", func(h *house) {
				require.NoError(h, h.spaces.Ban(h.Context(), h.owner, h.space, h.room, h.bob.ID, nil, ""))
			}, h.bob, banned},
		} {
			t.Run(row.name, func(t *testing.T) {
				h := w.hall(t)
				if row.set != nil {
					row.set(h)
				}
				_, err := h.desk.JoinAsGuest(t.Context(), row.who, h.space, h.room, "Passer-by", laptop)
				if row.want == nil {
					require.NoError(t, err)
				} else {
					refused(t, row.want, err)
				}
			})
		}
		require.NoError(t, h.spaces.CloseRoom(t.Context(), h.owner, h.space, h.room))
		_, err := h.desk.JoinAsGuest(t.Context(), nobody, h.space, h.room, "Passer-by", laptop)
		var denied *roles.DeniedError
		require.ErrorAs(t, err, &denied)
		require.Equal(t, roles.CodeRoomClosed, denied.Decision.Code())
	})
}

// Who came without an account and without a link is marked so wherever he is met, whatever he calls himself.
func TestAnAnonymousSeat(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.hall(t)
		g := h.enter(laptop)
		require.Equal(t, auth.Anonymous, g.who.How)
		require.Empty(t, g.who.Link)
		h.lives(g)
		seat, ends, err := h.desk.GetSeat(t.Context(), g.who)
		require.NoError(t, err)
		require.Equal(t, invites.Seat{
			ID: g.ID, Username: "Passer-by", Role: "user", Created: h.now(), Ends: h.now().Add(day),
		}, seat)
		require.Equal(t, seat.Ends, ends)
		pass, err := h.spaces.Join(t.Context(), g.who, h.space, h.room)
		require.NoError(t, err)
		require.EqualValues(t, roles.RoomUser, pass.Role)
		tokens, err := h.refresh(g.RefreshToken)
		require.NoError(t, err)
		require.Equal(t, auth.Anonymous, h.identity(tokens).How)
		again := h.enter(laptop)
		require.Equal(t, g.ID, again.ID)
		h.lives(again)
		h.dead(g)
		require.NotEqual(t, g.ID, h.enter(phone).ID)
		require.NotEqual(t, h.enter(secret.String{}).ID, h.enter(secret.String{}).ID)
	})
}

// An anonymous guest is out when the room is no longer open, at once and for good; his seat may also end as others do.
func TestWhatEndsAnAnonymousSession(t *testing.T) {
	rows := []struct {
		name  string
		end   func(h *house, g guest) error
		back  error
		again bool // the same seat
	}{
		{"leaving", func(h *house, g guest) error { return h.desk.LeaveSeat(h.Context(), g.who) }, nil, true},
		{"a day", func(h *house, _ guest) error { h.pass(day); return nil }, nil, true},
		{"a kick", func(h *house, g guest) error {
			return h.spaces.Kick(h.Context(), h.mod, h.space, h.room, g.ID)
		}, invites.ErrSeatBanned, false},
		{"a ban", func(h *house, g guest) error {
			return h.spaces.Ban(h.Context(), h.mod, h.space, h.room, g.ID, nil, "")
		}, invites.ErrSeatBanned, false},
		{"public instead of open", func(h *house, _ guest) error { h.access(roles.Public); return nil }, roles.ErrNotFound, false},
		{"private instead of open", func(h *house, _ guest) error { h.access(roles.Private); return nil }, roles.ErrNotFound, false},
		{"shut and opened again", func(h *house, _ guest) error {
			h.access(roles.Private)
			h.access(roles.Open)
			return nil
		}, nil, false},
		{"the room's deletion", func(h *house, _ guest) error {
			return h.spaces.DeleteRoom(h.Context(), h.owner, h.space, h.room)
		}, roles.ErrNotFound, false},
		{"the space's deletion", func(h *house, _ guest) error {
			return h.spaces.DeleteSpace(h.Context(), h.owner, h.space)
		}, roles.ErrNotFound, false},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				h := w.hall(t)
				g := h.enter(laptop)
				h.lives(g)
				require.NoError(t, row.end(h, g))
				h.dead(g)
				again, err := h.desk.JoinAsGuest(t.Context(), auth.Identity{}, h.space, h.room, "Passer-by", laptop)
				require.ErrorIs(t, err, row.back)
				if err == nil {
					require.Equal(t, row.again, again.ID == g.ID)
					h.lives(guest{again, h.identity(again.Tokens)})
					h.dead(g)
				}
			})
		}
	})
}

// What happens between the reading and the writing counts.
func TestAnOpenDoorThatMoves(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.hall(t)
		h.line.does(0, overtakes(func() { h.access(roles.Private) }))
		_, err := h.desk.JoinAsGuest(t.Context(), auth.Identity{}, h.space, h.room, "Passer-by", laptop)
		require.ErrorIs(t, err, roles.ErrNotFound)
		h.access(roles.Open)
		g := h.enter(laptop)
		h.line.does(0, overtakes(func() {
			require.NoError(t, h.spaces.Kick(t.Context(), h.mod, h.space, h.room, g.ID))
		}))
		_, err = h.desk.JoinAsGuest(t.Context(), auth.Identity{}, h.space, h.room, "Passer-by", laptop)
		require.ErrorIs(t, err, invites.ErrSeatBanned)
		g = h.enter(phone)
		h.line.does(0, overtakes(func() {
			require.NoError(t, h.spaces.Ban(t.Context(), h.mod, h.space, h.room, g.ID, nil, ""))
		}))
		_, err = h.desk.JoinAsGuest(t.Context(), auth.Identity{}, h.space, h.room, "Passer-by", phone)
		require.ErrorIs(t, err, invites.ErrSeatBanned)
		h.line.does(0, overtakes(func() {
			require.NoError(t, h.spaces.CloseRoom(t.Context(), h.mod, h.space, h.room))
		}))
		var denied *roles.DeniedError
		_, err = h.desk.JoinAsGuest(t.Context(), auth.Identity{}, h.space, h.room, "Passer-by", keyOf(1))
		require.ErrorAs(t, err, &denied)
	})
}

// A reply that is lost loses nothing.
func TestAnOpenDoorOnAShakyLine(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.hall(t)
		h.line.does(0, lost)
		_, err := h.desk.JoinAsGuest(t.Context(), auth.Identity{}, h.space, h.room, "Passer-by", phone)
		require.ErrorIs(t, err, store.ErrUnavailable)
		h.line.does(0, twice)
		h.lives(h.enter(phone))
	})
}
