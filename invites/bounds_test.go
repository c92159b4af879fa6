package invites_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/invites"
)

// What a link is asked for is kept or refused, by the field.
func TestTheBoundsOfALink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		now := h.now()
		for _, row := range []struct {
			in    invites.NewLink
			field string
		}{
			{invites.NewLink{MaxUses: 1000}, ""},
			{invites.NewLink{MaxUses: 1001}, "/maxUses"},
			{invites.NewLink{MaxUses: -1}, "/maxUses"},
			{invites.NewLink{MaxUses: 1, Permanent: true}, "/maxUses"},
			{invites.NewLink{NotBefore: now.Add(90 * day)}, ""},
			{invites.NewLink{NotBefore: now.Add(90*day + time.Millisecond)}, "/notBefore"},
			{invites.NewLink{Note: strings.Repeat("𝔘", 200)}, ""},
			{invites.NewLink{Note: strings.Repeat("𝔘", 201)}, "/note"},
			{invites.NewLink{Note: "two\nlines"}, "/note"},
			{invites.NewLink{Note: "turned \u202e around"}, "/note"},
			{invites.NewLink{PIN: secret.New("0000")}, ""},
			{invites.NewLink{PIN: secret.New("123456789012")}, ""},
			{invites.NewLink{PIN: secret.New("123")}, "/pin"},
			{invites.NewLink{PIN: secret.New("1234567890123")}, "/pin"},
			{invites.NewLink{PIN: secret.New("12345x")}, "/pin"},
			{invites.NewLink{PIN: secret.New("١٢٣٤")}, "/pin"},
		} {
			row.in.Username, row.in.Role = "John Smith", "user"
			link, _, err := h.desk.GenerateAccess(t.Context(), h.mod, h.space, h.room, row.in)
			if row.field != "" {
				var wrong *auth.FieldError
				require.ErrorAs(t, err, &wrong, "%+v", row.in)
				require.Equal(t, row.field, wrong.Field)
				continue
			}
			require.NoError(t, err, "%+v", row.in)
			stored, err := h.desk.GetLink(t.Context(), h.owner, h.space, h.room, link.ID)
			require.NoError(t, err)
			require.Equal(t, link, stored)
			require.Equal(t, row.in.Note, stored.Note)
		}
	})
}

// As many seats as were asked for, each to its key; whoever is put out has used his.
func TestALinkForThree(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{MaxUses: 3})
		var first guest
		for i := range 3 {
			first = h.seat(of, keyOf(i))
			require.Equal(t, i+1, h.read(of).Taken())
		}
		require.ErrorIs(t, h.comes(of, keyOf(3), noPIN), invites.ErrLinkUsed)
		require.NoError(t, h.spaces.Kick(t.Context(), h.owner, h.space, h.room, first.ID))
		require.ErrorIs(t, h.comes(of, keyOf(3), noPIN), invites.ErrLinkUsed)
		h.lives(h.seat(of, keyOf(0)))
	})
}

// Nobody takes a seat before a link is valid; who comes too soon is told when. Its life counts from then.
func TestALinkBeforeItsTime(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		start := h.now().Add(3 * day)
		of := h.link(invites.NewLink{NotBefore: start, TTL: time.Hour})
		require.Equal(t, start.Add(time.Hour), of.Ends)
		require.Equal(t, invites.Early, of.State)
		h.is(of, invites.Early)
		h.pass(3*day - time.Millisecond)
		err := h.comes(of, laptop, noPIN)
		require.ErrorIs(t, err, invites.ErrLinkEarly)
		var wait *invites.WaitError
		require.ErrorAs(t, err, &wait)
		require.Equal(t, start, wait.Until)
		h.pass(time.Millisecond)
		g := h.seat(of, laptop)
		h.pass(time.Hour - time.Millisecond)
		h.lives(g)
		h.pass(time.Millisecond)
		h.dead(g)

		postponed := h.link(invites.NewLink{MaxUses: 2, TTL: day})
		g = h.seat(postponed, laptop)
		h.patched(postponed, invites.LinkPatch{NotBefore: new(h.now().Add(time.Hour))})
		require.ErrorIs(t, h.comes(postponed, phone, noPIN), invites.ErrLinkEarly)
		h.lives(g)
		h.lives(h.seat(postponed, laptop))
		require.True(t, h.link(invites.NewLink{NotBefore: h.now()}).NotBefore.IsZero(), "what is past is as good as none")
	})
}
