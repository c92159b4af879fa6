package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

var keepable = invites.NewLink{Username: "Ann", Role: "moderator", AllowAccount: true}

func (h *house) keep(who auth.Identity, g guest) (invites.Kept, error) {
	return h.desk.KeepSeat(h.Context(), who, g.who)
}

// kept is how often the log says that a seat is kept, and the last of it.
func (h *house) kept() (n int, last audit.Event) {
	h.Helper()
	events, _, err := h.auth.ListEvents(h.Context(), h.admin, audit.Filter{Type: audit.SeatKept, Space: h.space}, auth.Page{Limit: 100})
	require.NoError(h, err)
	if len(events) > 0 {
		last = events[0]
	}
	return len(events), last
}

// A guest keeps the role with an account, once: he enters by himself then, and the seat is over.
func TestAGuestKeepsTheRoleWithAnAccount(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{Username: "Ann", Role: "moderator"})
		allow := true
		_, err := h.desk.UpdateLink(t.Context(), h.mod, h.space, h.room, of.ID, invites.LinkPatch{AllowAccount: &allow})
		require.NoError(t, err)
		g := h.seat(of, laptop)
		want := invites.Kept{Space: h.space, Room: h.room, Role: roles.RoomModerator, SpaceRole: roles.SpaceUser, Over: true}
		for range 2 {
			got, err := h.keep(h.ann, g)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		require.Equal(t, roles.SpaceUser, h.role(h.ann))
		pass, err := h.spaces.Join(t.Context(), h.ann, h.space, h.room)
		require.NoError(t, err)
		require.EqualValues(t, roles.RoomModerator, pass.Role)
		h.dead(g)
		n, e := h.kept()
		require.Equal(t, 1, n)
		require.Equal(t, []string{h.ann.ID, g.ID, h.room, string(roles.RoomModerator), "invited"}, []string{e.Actor, e.Subject, e.Room, e.Role, e.Reason})

		_, err = h.keep(h.bob, g)
		require.ErrorIs(t, err, invites.ErrSeatKept)
		for key, want := range map[secret.String]error{laptop: invites.ErrSeatKept, phone: invites.ErrLinkUsed} {
			_, err = h.desk.Redeem(t.Context(), of.token, key, noPIN)
			require.ErrorIs(t, err, want, "its place stays spent")
		}
		_, err = h.desk.UpdateLink(t.Context(), h.mod, h.space, h.room, of.ID, invites.LinkPatch{MoveSeat: g.ID})
		var wrong *auth.FieldError
		require.ErrorAs(t, err, &wrong)
		require.NoError(t, h.spaces.RemoveMember(t.Context(), h.owner, h.space, h.ann.ID, false))
		_, err = h.keep(h.ann, g)
		require.ErrorIs(t, err, invites.ErrSeatKept, "what was taken does not come back")
	})
}

// Of what a guest keeps, a user has what he lacked, and a higher role stays. Where he lacks nothing the seat goes on.
func TestAHigherRoleStays(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range []struct {
			name              string
			space, room, gets roles.Role
			kept              bool
		}{
			{"neither", "", "", roles.RoomUser, true},
			{"in the space", roles.SpaceModerator, "", roles.RoomUser, true},
			{"less in the room", roles.SpaceUser, roles.RoomMonitor, roles.RoomUser, true},
			{"more in the room alone", "", roles.RoomModerator, roles.RoomModerator, true},
			{"more in both", roles.SpaceUser, roles.RoomModerator, roles.RoomModerator, false},
		} {
			h := w.house(t)
			if row.space != "" {
				h.join(h.ann, row.space)
			}
			if row.room != "" {
				h.grant(h.ann, row.room)
			}
			g := h.seat(h.link(invites.NewLink{Username: "Ann", Role: "user", AllowAccount: true}), laptop)
			gains, err := h.desk.ConsiderKeep(t.Context(), h.ann, g.who)
			require.NoError(t, err, row.name)
			require.Equal(t, row.kept, gains, row.name)
			h.lives(g)
			got, err := h.keep(h.ann, g)
			require.NoError(t, err, row.name)
			require.Equal(t, row.gets, got.Role, row.name)
			require.Equal(t, h.role(h.ann), got.SpaceRole, row.name)
			_, err = h.spaces.Join(t.Context(), h.ann, h.space, h.room)
			require.NoError(t, err, row.name)
			if row.kept {
				h.dead(g)
			} else {
				h.lives(g)
			}
		}
	})
}

func (h *house) publish() {
	h.Helper()
	_, err := h.spaces.UpdateSpace(h.Context(), h.owner, h.space, roles.SpaceUpdate{Name: "Year 7", Public: true})
	require.NoError(h, err)
}

// In a public space nobody needs a role to be let in, and none is given.
func TestAPublicSpaceNeedsNoRoleOfIts(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.publish()
		got, err := h.keep(h.ann, h.seat(h.link(keepable), laptop))
		require.NoError(t, err)
		require.Equal(t, invites.Kept{Space: h.space, Room: h.room, Role: roles.RoomModerator, Over: true}, got)
		require.Empty(t, h.role(h.ann))
	})
}

func TestWhoKeepsNothing(t *testing.T) {
	rows := []struct {
		name string
		do   func(*house, ticket)
		want error
	}{
		{"the link says so", func(*house, ticket) {}, invites.ErrAccountOff},
		{"paused", func(h *house, of ticket) { h.pause(of.ID, true) }, invites.ErrSeatOver},
		{"expired", func(h *house, _ ticket) { h.pass(10 * time.Minute) }, invites.ErrSeatOver},
		{"another came with the key", func(h *house, of ticket) { h.seat(of, laptop) }, invites.ErrSeatOver},
		{"the issuer fell", func(h *house, _ ticket) { h.grant(h.mod, roles.RoomUser) }, invites.ErrSeatOver},
		{"the issuer fell, but what he issued was kept", func(h *house, _ ticket) {
			require.NoError(h, h.spaces.GrantRole(h.Context(), h.owner, h.space, h.room, h.mod.ID, roles.RoomUser, true))
		}, invites.ErrIssuer},
		{"the issuer may not invite", func(h *house, _ ticket) {
			require.NoError(h, h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, true))
		}, invites.ErrIssuer},
		{"the room is closed", func(h *house, _ ticket) {
			require.NoError(h, h.spaces.CloseRoom(h.Context(), h.owner, h.space, h.room))
		}, roles.ErrRoomClosed},
		{"banned from the room", func(h *house, _ ticket) {
			require.NoError(h, h.spaces.Ban(h.Context(), h.owner, h.space, h.room, h.ann.ID, nil, ""))
		}, &roles.BannedError{}},
		{"banned from the space", func(h *house, _ ticket) {
			require.NoError(h, h.spaces.SpaceBan(h.Context(), h.owner, h.space, h.ann.ID, nil, ""))
		}, &roles.BannedError{}},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			h := w.house(t)
			in := invites.NewLink{Username: "Ann", Role: "moderator", TTL: 10 * time.Minute, AllowAccount: row.name != "the link says so"}
			of := h.link(in)
			g := h.seat(of, laptop)
			row.do(h, of)
			gains, err := h.desk.ConsiderKeep(t.Context(), h.ann, g.who)
			require.Equal(t, row.want, err, row.name)
			require.False(t, gains, row.name)
			_, err = h.keep(h.ann, g)
			require.Equal(t, row.want, err, row.name)
			require.Empty(t, h.role(h.ann), row.name)
			n, _ := h.kept()
			require.Zero(t, n, row.name)
		}

		h := w.house(t)
		g := h.seat(h.link(keepable), laptop)
		for name, who := range map[string]auth.Identity{"nobody": {}, "the guest": g.who} {
			_, err := h.keep(who, g)
			require.ErrorIs(t, err, auth.ErrWrongToken, name)
		}
		_, err := h.keep(h.abroad(), g)
		require.ErrorIs(t, err, roles.ErrNotFound)
		_, err = h.desk.KeepSeat(t.Context(), h.ann, h.bob)
		require.ErrorIs(t, err, invites.ErrSeatOver, "no guest")
		h.publish()
		h.room = h.build(roles.Open)
		seated, err := h.desk.JoinAsGuest(t.Context(), auth.Identity{}, h.space, h.room, "Ann", laptop)
		require.NoError(t, err)
		_, err = h.desk.KeepSeat(t.Context(), h.ann, h.identity(seated.Tokens))
		require.ErrorIs(t, err, invites.ErrAccountOff, "no link brought him")
	})
}

// What was taken from somebody since does not come back by repeating it, whatever he was given anew; and the place of
// what was kept is not free again when its seat is put out.
func TestWhatWasKeptIsKeptOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{Username: "Ann", Role: "moderator", Permanent: true, AllowAccount: true})
		g := h.seat(of, laptop)
		_, err := h.keep(h.ann, g)
		require.NoError(t, err)
		require.NoError(t, h.spaces.Kick(t.Context(), h.owner, h.space, h.room, g.ID))
		h.taken(of, 1)
		require.NoError(t, h.spaces.RemoveMember(t.Context(), h.owner, h.space, h.ann.ID, false))
		h.grant(h.ann, roles.RoomUser)
		_, err = h.keep(h.ann, g)
		require.ErrorIs(t, err, invites.ErrSeatKept)
		require.Empty(t, h.role(h.ann))
	})
}

func TestOneOfAThousandUsersKeepsASeat(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		crowd, g := h.crowd(many), h.seat(h.link(keepable), laptop)
		got := atOnce(many, func(i int) error {
			_, err := h.keep(crowd[i], g)
			return err
		})
		require.Equal(t, 1, got[success], got)
		require.Equal(t, many, got[success]+got[invites.ErrSeatKept.Error()], got)
		members, _, err := h.spaces.ListMembers(t.Context(), h.owner, h.space, auth.Page{Limit: 100})
		require.NoError(t, err)
		require.Len(t, members, 3, "owner, moderator, and the one")
		n, _ := h.kept()
		require.Equal(t, 1, n)
	})
}

// Wherever it stops, and wherever a reply is lost, whoever repeats it completes it, and nobody else.
func TestKeepingASeatIsCompletedByItsRepetition(t *testing.T) {
	away := func(func() (store.Result, error)) (store.Result, error) { return store.Result{}, store.ErrUnavailable }
	everywhere(t, func(t *testing.T, w *world) {
		for name, trouble := range map[string]delivery{"stopped": away, "lost": lost} {
			for skip := range 5 {
				h := w.house(t)
				g := h.seat(h.link(keepable), laptop)
				before, _ := h.kept()
				h.line.does(skip, trouble)
				_, err := h.keep(h.ann, g)
				require.ErrorIs(t, err, store.ErrUnavailable, "%s at %d", name, skip)
				got, err := h.keep(h.ann, g)
				require.NoError(t, err, "%s at %d", name, skip)
				require.Equal(t, roles.SpaceUser, got.SpaceRole)
				require.Equal(t, roles.SpaceUser, h.role(h.ann))
				_, err = h.spaces.Join(t.Context(), h.ann, h.space, h.room)
				require.NoError(t, err)
				after, e := h.kept()
				require.Equal(t, before+1, after, "%s at %d", name, skip)
				require.Equal(t, "invited", e.Reason)
			}
		}
	})
}

// What ends the right meanwhile wins against the keeping.
func TestWhatEndsMeanwhileWinsAgainstTheKeeping(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for name, row := range map[string]struct {
			skip int
			do   func(h *house, of ticket, g guest) error
			want error
		}{
			"revoked": {1, func(h *house, of ticket, _ guest) error {
				return h.desk.RevokeLink(h.Context(), h.mod, h.space, h.room, of.ID)
			}, invites.ErrSeatOver},
			"left": {1, func(h *house, _ ticket, g guest) error { return h.desk.LeaveSeat(h.Context(), g.who) }, invites.ErrSeatOver},
			"the issuer fell": {1, func(h *house, _ ticket, _ guest) error {
				return h.spaces.RemoveMember(h.Context(), h.owner, h.space, h.mod.ID, false)
			}, invites.ErrSeatOver},
			"the issuer may not invite": {3, func(h *house, _ ticket, _ guest) error {
				return h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, true)
			}, invites.ErrIssuer},
			"kept by another": {1, func(h *house, _ ticket, g guest) error { _, err := h.keep(h.bob, g); return err }, invites.ErrSeatKept},
		} {
			h := w.house(t)
			of := h.link(keepable)
			g := h.seat(of, laptop)
			h.line.does(row.skip, overtakes(func() { require.NoError(t, row.do(h, of, g), name) }))
			_, err := h.keep(h.ann, g)
			require.ErrorIs(t, err, row.want, name)
			require.Empty(t, h.role(h.ann), name)
		}
	})
}
