package invites_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// A fall is a way to lose the right to issue. keep asks for what was issued to be kept.
type fall struct {
	name  string
	falls func(h *house, keep bool) error
	kept  bool // keep may be asked
	space bool // the invites that were issued are concerned
	why   roles.Cause
}

var falls = []fall{
	{"removed from the space", func(h *house, keep bool) error {
		return h.spaces.RemoveMember(h.Context(), h.owner, h.space, h.mod.ID, keep)
	}, true, true, roles.Removed},
	{"left the space", func(h *house, keep bool) error {
		return h.spaces.RemoveMember(h.Context(), h.mod, h.space, h.mod.ID, keep)
	}, true, true, roles.Left},
	{"demoted in the space", func(h *house, keep bool) error {
		return h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, keep)
	}, true, true, roles.Demoted},
	{"banned from the space", func(h *house, _ bool) error {
		return h.spaces.SpaceBan(h.Context(), h.owner, h.space, h.mod.ID, nil, "")
	}, false, true, roles.Banned},
	{"deleted", func(h *house, _ bool) error {
		return h.spaces.DeleteUser(h.Context(), h.admin, h.mod.ID)
	}, false, true, roles.Deleted},
	{"removed from the room", func(h *house, keep bool) error {
		return h.spaces.RevokeRole(h.Context(), h.owner, h.space, h.room, h.mod.ID, keep)
	}, true, false, roles.Removed},
	{"gave up the room", func(h *house, keep bool) error {
		return h.spaces.RevokeRole(h.Context(), h.mod, h.space, h.room, h.mod.ID, keep)
	}, true, false, roles.Left},
	{"demoted in the room", func(h *house, keep bool) error {
		return h.spaces.GrantRole(h.Context(), h.owner, h.space, h.room, h.mod.ID, roles.RoomUser, keep)
	}, true, false, roles.Demoted},
	{"banned from the room", func(h *house, _ bool) error {
		return h.spaces.Ban(h.Context(), h.owner, h.space, h.room, h.mod.ID, new(h.now().Add(time.Hour)), "")
	}, false, false, roles.Banned},
}

// Whoever falls takes with him, at once, all that he issued and is unspent or seated: links, seats and invites.
func TestLineage(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range falls {
			t.Run(row.name, func(t *testing.T) {
				h := w.house(t)
				h.mod = h.person("mod" + h.auth.NewID())
				h.join(h.mod, roles.SpaceModerator)
				h.grant(h.mod, roles.RoomModerator)
				empty, taken, in := h.link(oneTime), h.link(oneTime), h.invite(h.mod, roles.SpaceUser)
				g := h.seat(taken, laptop)
				require.NoError(t, row.falls(h, false))
				h.dead(g)
				h.is(empty, invites.Void)
				h.tells(row, empty, in)
				for _, of := range []ticket{empty, taken} {
					_, err := h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
					require.ErrorIs(t, err, invites.ErrLinkRevoked)
				}
				_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
				if row.space {
					require.ErrorIs(t, err, invites.ErrInviteVoid)
				} else {
					require.NoError(t, err)
				}
			})
		}
	})
}

// tells asserts that whoever manages a void link and invite sees who issued them, and how he lost the right to.
func (h *house) tells(row fall, of ticket, in invites.Invite) {
	h.Helper()
	link, err := h.desk.GetLink(h.Context(), h.owner, h.space, h.room, of.ID)
	require.NoError(h, err)
	loss := roles.Loss{Cause: row.why, From: "room", By: h.owner.ID, At: h.now()}
	switch row.why {
	case roles.Deleted:
		loss.By = h.admin.ID
	case roles.Left:
		loss.By = h.mod.ID
	}
	if row.space {
		loss.From = "space"
	}
	require.Equal(h, loss, link.Loss)
	found, err := h.desk.GetInvite(h.Context(), h.owner, h.space, in.ID)
	require.NoError(h, err)
	if !row.space {
		loss = roles.Loss{}
	}
	require.Equal(h, loss, found.Loss)
	for _, name := range []string{link.IssuerName, found.IssuerName} {
		require.Equal(h, row.why == roles.Deleted, name == "")
	}
}

// Coming back revives nothing.
func TestLineageDoesNotComeBack(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of, in := h.link(oneTime), h.invite(h.mod, roles.SpaceUser)
		g := h.seat(of, laptop)
		require.NoError(t, h.spaces.RemoveMember(t.Context(), h.owner, h.space, h.mod.ID, false))
		h.join(h.mod, roles.SpaceModerator)
		h.grant(h.mod, roles.RoomModerator)
		h.dead(g)
		h.is(of, invites.Void)
		_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteVoid)
		h.lives(h.seat(h.link(oneTime), laptop))
	})
}

// A request may ask to keep what was issued; then it lives as if nothing had been. A rise, or a repetition, voids
// nothing either.
func TestKeepingWhatWasIssued(t *testing.T) {
	rows := []fall{
		{"promoted in the space", func(h *house, _ bool) error {
			return h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceOwner, false)
		}, true, true, ""},
		{"promoted in the room", func(h *house, _ bool) error {
			return h.spaces.GrantRole(h.Context(), h.owner, h.space, h.room, h.mod.ID, roles.RoomOwner, false)
		}, true, false, ""},
		{"granted the same again", func(h *house, _ bool) error {
			return h.spaces.GrantRole(h.Context(), h.owner, h.space, h.room, h.mod.ID, roles.RoomModerator, false)
		}, true, false, ""},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range append(rows, falls...) {
			if !row.kept {
				continue
			}
			t.Run(row.name, func(t *testing.T) {
				h := w.house(t)
				empty, taken, in := h.link(oneTime), h.link(oneTime), h.invite(h.mod, roles.SpaceUser)
				g := h.seat(taken, laptop)
				require.NoError(t, row.falls(h, true))
				h.lives(g)
				h.lives(h.seat(empty, laptop))
				_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
				require.NoError(t, err)
			})
		}
	})
}

// Whoever falls while he issues, changes or takes back has not done it.
func TestAnIssuerWhoFallsMeanwhile(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		other, _, err := h.desk.GenerateAccess(t.Context(), h.owner, h.space, h.room, invites.NewLink{Username: "John", Role: "user"})
		require.NoError(t, err)
		for _, op := range h.operations(h.mod, h.room, other.ID) {
			if op.name == "list" || op.name == "get" {
				continue
			}
			h.grant(h.mod, roles.RoomModerator)
			h.line.does(0, overtakes(func() { h.grant(h.mod, roles.RoomUser) }))
			require.ErrorIs(t, op.call(), roles.ErrForbidden, op.name)
			links, _, err := h.desk.ListLinks(t.Context(), h.owner, h.space, h.room, auth.Page{Limit: 10})
			require.NoError(t, err)
			require.Equal(t, []invites.Link{other}, links, op.name)
		}
		in := h.invite(h.owner, roles.SpaceUser)
		before := h.invited(10)
		for _, call := range []func() error{
			func() error {
				_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser})
				return err
			},
			func() error { return h.desk.RevokeInvite(t.Context(), h.mod, h.space, in.ID) },
		} {
			require.NoError(t, h.spaces.SetSpaceRole(t.Context(), h.owner, h.space, h.mod.ID, roles.SpaceModerator, false))
			h.line.does(0, overtakes(func() {
				require.NoError(t, h.spaces.SetSpaceRole(t.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, false))
			}))
			require.ErrorIs(t, call(), roles.ErrForbidden)
			found, err := h.desk.GetInvite(t.Context(), h.owner, h.space, in.ID)
			require.NoError(t, err)
			require.Equal(t, in, found)
		}
		require.NoError(t, h.spaces.SetSpaceRole(t.Context(), h.owner, h.space, h.mod.ID, roles.SpaceModerator, false))
		require.Equal(t, before, h.invited(10))
	})
}
