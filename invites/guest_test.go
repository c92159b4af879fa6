package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/invites"
	"usher/roles"
)

// A seat key counts only together with its link, and one that Usher makes is as good as one's own.
func TestSeatKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		a, b := h.link(oneTime), h.link(oneTime)
		seat := h.seat(a, laptop)
		other := h.seat(b, laptop)
		require.NotEqual(t, seat.ID, other.ID)
		h.lives(seat)
		c := h.link(oneTime)
		made := h.seat(c, secret.String{})
		require.GreaterOrEqual(t, len(made.SeatKey.Reveal()), 22, "128 bits and more")
		require.NotEqual(t, made.SeatKey.Reveal(), h.seat(h.link(oneTime), secret.String{}).SeatKey.Reveal())
		require.Equal(t, made.ID, h.seat(c, made.SeatKey).ID)
		_, err := h.desk.Redeem(t.Context(), c.token, secret.String{}, noPIN)
		require.ErrorIs(t, err, invites.ErrLinkUsed)
	})
}

// What a guest holds ends with its link: its access token, its room token.
func TestNothingOutlivesTheLink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		g := h.seat(h.link(invites.NewLink{Username: "John", Role: "user", TTL: time.Minute}), laptop)
		require.Equal(t, time.Minute, g.ExpiresIn)
		pass, err := h.spaces.Join(t.Context(), g.who, h.space, h.room)
		require.NoError(t, err)
		require.False(t, pass.Expires.After(h.now().Add(time.Minute)))
		_, ends, err := h.desk.GetSeat(t.Context(), g.who)
		require.NoError(t, err)
		require.Equal(t, h.now().Add(time.Minute), ends)
		h.pass(30 * time.Second)
		tokens, err := h.refresh(g.RefreshToken)
		require.NoError(t, err)
		require.Equal(t, 30*time.Second, tokens.ExpiresIn)
		_, err = h.auth.Authenticate(t.Context(), tokens.AccessToken.Reveal())
		require.NoError(t, err)
		h.pass(30 * time.Second)
		_, err = h.auth.Authenticate(t.Context(), tokens.AccessToken.Reveal())
		require.ErrorIs(t, err, auth.ErrInvalidToken)
	})
}

// A token leads to its own link in its own room and space, and a guess leads nowhere.
func TestForgedTokens(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h, other := w.house(t), w.house(t)
		mine, theirs := h.link(oneTime).token.Reveal(), other.link(oneTime).token.Reveal()
		for name, token := range map[string]string{
			"another space":           theirs[:16] + mine[16:],
			"another room":            mine[:16] + theirs[16:32] + mine[32:],
			"another space and room":  theirs[:32] + mine[32:],
			"another link":            mine[:32] + theirs[32:48] + mine[48:],
			"another secret":          mine[:48] + theirs[48:],
			"another link and secret": mine[:32] + theirs[32:],
			"nothing":                 "",
			"a name":                  h.mod.ID,
		} {
			_, err := h.desk.Redeem(t.Context(), secret.New(token), laptop, noPIN)
			require.ErrorIs(t, err, invites.ErrLinkUnknown, name)
			_, err = h.desk.Preview(t.Context(), secret.New(token))
			require.ErrorIs(t, err, invites.ErrLinkUnknown, name)
		}
		_, err := h.desk.Redeem(t.Context(), secret.New(mine), laptop, noPIN)
		require.NoError(t, err)
	})
}

// A guest reads and joins its own room, reads its seat, refreshes, leaves; nothing else, whatever its role in the room.
func TestWhatAGuestMay(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		g := h.seat(h.link(invites.NewLink{Username: "Ms Jones", Role: "moderator", ExternalUserID: "t/1"}), laptop)
		require.Equal(t, auth.ByLink, g.who.How)
		pass, err := h.spaces.Join(t.Context(), g.who, h.space, h.room)
		require.NoError(t, err)
		require.EqualValues(t, roles.RoomModerator, pass.Role)
		seat, _, err := h.desk.GetSeat(t.Context(), g.who)
		require.NoError(t, err)
		require.Equal(t, g.Seat, seat)
		other := h.build(roles.Open)
		for name, call := range map[string]func() error{
			"another room": func() error { _, err := h.spaces.GetRoom(t.Context(), g.who, h.space, other); return err },
			"grant": func() error {
				return h.spaces.GrantRole(t.Context(), g.who, h.space, h.room, h.bob.ID, roles.RoomUser, false)
			},
			"kick":   func() error { return h.spaces.Kick(t.Context(), g.who, h.space, h.room, h.bob.ID) },
			"space":  func() error { _, err := h.spaces.GetSpace(t.Context(), g.who, h.space); return err },
			"update": func() error { return h.spaces.CloseRoom(t.Context(), g.who, h.space, h.room) },
		} {
			require.Error(t, call(), name)
		}
		_, _, err = h.desk.GetSeat(t.Context(), h.mod)
		require.ErrorIs(t, err, auth.ErrWrongToken)
		require.ErrorIs(t, h.desk.LeaveSeat(t.Context(), auth.Identity{}), auth.ErrWrongToken)
		h.lives(g)
	})
}

// Who leaves in one tab does not end what began in another meanwhile.
func TestLeavingEndsOnlyOnesOwnSession(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		old := h.seat(of, laptop)
		var later guest
		h.line.does(0, overtakes(func() { later = h.seat(of, laptop) }))
		require.NoError(t, h.desk.LeaveSeat(t.Context(), old.who))
		h.lives(later)
		h.dead(old)
	})
}
