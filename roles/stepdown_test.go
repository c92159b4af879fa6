package roles

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Whoever steps down in a space, and is stopped anywhere, completes that himself, though he has lost the right to it.
func TestStepDownIsCompleted(t *testing.T) {
	onEach(t, func(w *world) {
		for _, keep := range []bool{false, true} { // on completing: it was not asked to keep anything
			for _, late := range []bool{false, true} {
				for after, done := 0, false; !done; after++ {
					p, his := w.twoRooms()
					h := &storetest.Halting{After: after, Late: late}
					broken := w.on(func(s store.Store) store.Store { h.Store = s; return h })
					actor := w.as("actor")
					if err := broken.SetSpaceRole(w.Context(), actor, p.space, actor.ID, SpaceUser, false); err != nil {
						require.ErrorIs(w, err, store.ErrUnavailable)
						left := w.inSpace(p, "actor").Member
						err = w.SetSpaceRole(w.Context(), actor, p.space, actor.ID, SpaceUser, keep && left.Role == SpaceUser)
						if left.Role == SpaceModerator || left.Fall != "" {
							require.NoError(w, err)
						} else {
							require.ErrorIs(w, err, ErrForbidden, "there is nothing left to complete")
						}
					} else {
						done = true
					}
					require.Equal(w, SpaceUser, w.inSpace(p, "actor").Member.Role)
					require.Empty(w, w.inSpace(p, "actor").Member.Fall)
					w.allVoid(his)
					require.NotZero(w, w.recorded(audit.SpaceRoleChanged, p, actor.ID))
				}
			}
		}
	})
}

// A step-down that is under way opens nothing else to him who has stepped down.
func TestStepDownOpensNothing(t *testing.T) {
	onEach(t, func(w *world) {
		p, _ := w.twoRooms()
		actor, ctx := w.as("actor"), w.Context()
		broken := w.on(func(s store.Store) store.Store { return &storetest.Halting{Store: s, After: 2} })
		require.ErrorIs(w, broken.SetSpaceRole(ctx, actor, p.space, actor.ID, SpaceUser, false), store.ErrUnavailable)
		require.NotEmpty(w, w.inSpace(p, "actor").Member.Fall)
		for _, role := range []Role{SpaceOwner, SpaceModerator} {
			require.ErrorIs(w, w.SetSpaceRole(ctx, actor, p.space, actor.ID, role, false), ErrForbidden)
		}
		require.ErrorIs(w, w.SetSpaceRole(ctx, actor, p.space, w.id("host"), SpaceUser, false), ErrForbidden)
		require.ErrorIs(w, w.SetSpaceRole(ctx, w.as("stranger"), p.space, actor.ID, SpaceUser, false), ErrNotFound)
	})
}

// Whoever was removed, and completes that himself, keeps nothing of what falls by it.
func TestRemovedKeepsNothing(t *testing.T) {
	onEach(t, func(w *world) {
		p, his := w.stoppedRemoval()
		require.NoError(w, w.RemoveMember(w.Context(), w.as("actor"), p.space, w.id("actor"), true))
		w.allVoid(his)
	})
}

// Nor does whoever leaves while his demotion has not reached his rooms.
func TestDemotedKeepsNothing(t *testing.T) {
	onEach(t, func(w *world) {
		p, his := w.twoRooms()
		broken := w.on(func(s store.Store) store.Store { return &storetest.Halting{Store: s, After: 1} })
		err := broken.SetSpaceRole(w.Context(), w.as("owner"), p.space, w.id("actor"), SpaceUser, false)
		require.ErrorIs(w, err, store.ErrUnavailable)
		require.NoError(w, w.RemoveMember(w.Context(), w.as("actor"), p.space, w.id("actor"), true))
		w.allVoid(his)
	})
}
