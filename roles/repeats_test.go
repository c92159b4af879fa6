package roles

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// recorded is how many events of a type there are about somebody in a space.
func (w *world) recorded(what audit.Type, p place, subject string) int {
	w.Helper()
	events, _, err := w.auth.ListEvents(w.Context(), w.people["admin"], audit.Filter{Type: what, Subject: subject, Space: p.space}, first)
	require.NoError(w, err)
	return len(events)
}

// Every change of a role has its event, also where the log was away at first and whoever changed it has, by the change,
// lost the right or the rank for it.
func TestChangesOfRolesHaveTheirEvents(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		away := new(atomic.Bool)
		w, ctx := newWorld(t, storetest.Deaf{Store: s, Away: away}), t.Context()
		inSpace := func(role Role, keep bool) func(place, auth.Identity, string) error {
			return func(p place, who auth.Identity, user string) error {
				return w.SetSpaceRole(ctx, who, p.space, user, role, keep)
			}
		}
		inRoom := func(role Role) func(place, auth.Identity, string) error {
			return func(p place, who auth.Identity, user string) error {
				return w.GrantRole(ctx, who, p.space, p.room, user, role, false)
			}
		}
		moderator, pupil := "actor", "pupil"
		for name, row := range map[string]struct {
			do   func(p place, who auth.Identity, user string) error
			user string
			what audit.Type
		}{
			"a moderator of the space makes one":    {inSpace(SpaceModerator, false), pupil, audit.SpaceRoleChanged},
			"one steps down in the space":           {inSpace(SpaceUser, false), moderator, audit.SpaceRoleChanged},
			"one steps down, and what is his stays": {inSpace(SpaceUser, true), moderator, audit.SpaceRoleChanged},
			"a moderator of the room makes one":     {inRoom(RoomModerator), pupil, audit.RoleGranted},
			"one steps down in the room":            {inRoom(RoomUser), moderator, audit.RoleGranted},
		} {
			p := w.place(false, Private)
			w.join(p.space, moderator, SpaceModerator)
			w.join(p.space, pupil, SpaceUser)
			w.grant(p, moderator, RoomModerator)
			user, before := w.id(row.user), w.recorded(row.what, p, w.id(row.user))
			away.Store(true)
			require.ErrorIs(w, row.do(p, w.as(moderator), user), store.ErrUnavailable, name)
			away.Store(false)
			require.NoError(w, row.do(p, w.as(moderator), user), name)
			require.Equal(w, before+1, w.recorded(row.what, p, user), name)
		}
	})
}

// Nothing that is refused leaves an event.
func TestRefusedStepDownHasNoEvent(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, owner := w.place(false, Private), w.Context(), w.as("owner")
		require.ErrorIs(w, w.SetSpaceRole(ctx, owner, p.space, owner.ID, SpaceUser, false), ErrLastOwner)
		require.Zero(w, w.recorded(audit.SpaceRoleChanged, p, owner.ID))
	})
}

// Who gives a role that is there already changes nothing, and needs the rank to give it.
func TestGivenTwice(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		for _, name := range []string{"actor", "other"} {
			w.join(p.space, name, SpaceModerator)
			w.grant(p, name, RoomModerator)
		}
		actor, other := w.as("actor"), w.id("other")
		member, tenure := w.inSpace(p, "other").Member, w.inRoom(p, "other").Tenure
		require.NoError(w, w.SetSpaceRole(ctx, actor, p.space, other, SpaceModerator, false))
		require.NoError(w, w.GrantRole(ctx, actor, p.space, p.room, other, RoomModerator, false))
		require.Equal(w, member, w.inSpace(p, "other").Member)
		require.Equal(w, tenure, w.inRoom(p, "other").Tenure)

		for _, role := range []Role{RoomUser, RoomMonitor, RoomOwner} {
			require.ErrorIs(w, w.GrantRole(ctx, actor, p.space, p.room, other, role, false), ErrRank, role)
		}
		require.ErrorIs(w, w.GrantRole(ctx, actor, p.space, p.room, w.id("host"), RoomOwner, false), ErrRank)
		require.ErrorIs(w, w.RevokeRole(ctx, actor, p.space, p.room, other, false), ErrRank)
		require.ErrorIs(w, w.SetSpaceRole(ctx, actor, p.space, other, SpaceUser, false), ErrRank)
		require.ErrorIs(w, w.SetSpaceRole(ctx, actor, p.space, w.id("owner"), SpaceOwner, false), ErrRank)
		require.ErrorIs(w, w.RemoveMember(ctx, actor, p.space, other, false), ErrRank)
	})
}
