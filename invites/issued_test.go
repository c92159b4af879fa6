package invites_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// Before somebody's role is taken, one sees what falls with it: exactly that then falls, or, kept, exactly that stays,
// and what others have issued is neither counted nor touched.
func TestWhatFallsWithARole(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range falls {
			if !row.kept {
				continue
			}
			for _, keep := range []bool{false, true} {
				h := w.house(t)
				here := *h.world
				other := &house{&here, h.space, h.room}
				other.mod = h.owner
				foreign, visitor := other.link(oneTime), other.seat(other.link(oneTime), laptop)
				foreignInvite := h.invite(h.owner, roles.SpaceUser)
				empty, taken, many := h.link(oneTime), h.link(oneTime), h.link(permanent)
				guests := []guest{h.seat(taken, laptop), h.seat(many, laptop), h.seat(many, phone)}
				in := h.invite(h.mod, roles.SpaceUser)
				over := h.link(oneTime)
				require.NoError(t, h.desk.RevokeLink(t.Context(), h.mod, h.space, h.room, over.ID))
				elsewhere := *h
				elsewhere.room = h.build(roles.Private)
				elsewhere.grant(h.mod, roles.RoomModerator)
				second := elsewhere.link(oneTime)

				inSpace, err := h.desk.IssuedInSpace(t.Context(), h.owner, h.space, h.mod.ID)
				require.NoError(t, err)
				require.Equal(t, invites.Issued{Links: 3, Invites: 1, Seats: 3}, inSpace)
				inRoom, err := h.desk.IssuedInRoom(t.Context(), h.owner, h.space, h.room, h.mod.ID)
				require.NoError(t, err)
				require.Equal(t, invites.Issued{Links: 2, Seats: 3}, inRoom)

				require.NoError(t, row.falls(h, keep))
				left := func(alive bool) invites.State {
					if alive {
						return invites.Live
					}
					return invites.Void
				}
				h.is(empty, left(keep))
				h.is(many, left(keep))
				elsewhere.is(second, left(keep || !row.space))
				for _, g := range guests {
					if keep {
						h.lives(g)
					} else {
						h.dead(g)
					}
				}
				found, err := h.desk.GetInvite(t.Context(), h.owner, h.space, in.ID)
				require.NoError(t, err)
				require.Equal(t, keep || !row.space, found.State == invites.Pending)
				h.is(foreign, invites.Live)
				h.lives(visitor)
				found, err = h.desk.GetInvite(t.Context(), h.owner, h.space, foreignInvite.ID)
				require.NoError(t, err)
				require.Equal(t, invites.Pending, found.State)
			}
		}
	})
}

// Whoever may take the role may ask what falls with it, and he himself; nobody else.
func TestWhoAsksWhatFalls(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.join(h.ann, roles.SpaceUser)
		for _, row := range []struct {
			who, of     auth.Identity
			space, room error
		}{
			{h.owner, h.mod, nil, nil},
			{h.mod, h.mod, nil, nil},
			{h.mod, h.owner, roles.ErrRank, roles.ErrRank},
			{h.ann, h.mod, roles.ErrForbidden, roles.ErrNotFound},
			{h.bob, h.mod, roles.ErrNotFound, roles.ErrNotFound},
			{h.owner, h.bob, roles.ErrNotMember, roles.ErrNoRole},
			{h.admin, h.mod, roles.ErrNotFound, roles.ErrNotFound},
		} {
			_, err := h.desk.IssuedInSpace(t.Context(), row.who, h.space, row.of.ID)
			require.ErrorIs(t, err, row.space)
			_, err = h.desk.IssuedInRoom(t.Context(), row.who, h.space, h.room, row.of.ID)
			require.ErrorIs(t, err, row.room)
		}
	})
}
