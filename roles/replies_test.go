package roles

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// Whatever is done while every reply is lost once, is done once, and answered as if nothing had been.
func TestLostReplies(t *testing.T) {
	onEach(t, func(w *world) {
		for _, op := range []string{
			"createSpace", "updateSpace", "deleteSpace", "setSpaceRole: pupil to moderator", "setSpaceRole: pupil to owner",
			"removeMember: pupil", "removeMember: oneself", "spaceBan: friend", "spaceUnban: culprit", "createRoom", "updateRoom",
			"updateRoom: access", "closeRoom", "deleteRoom", "grantRole: owner to friend", "grantRole: monitor to oneself",
			"revokeRole: pupil's", "revokeRole: one's own", "kick: pupil", "kick: a moderator's seat", "ban: pupil",
			"unban: culprit", "deleteUser: friend",
		} {
			p := w.office("updateSpace")
			who := w.as("actor")
			if op == "deleteUser: friend" {
				who = w.people["admin"]
			}
			slow := w.on(func(s store.Store) store.Store { return storetest.Interrupted{Store: s} })
			require.Equal(w, "yes", outcome(doing(op)(w.Context(), try{slow, p, who})), op)
			owners := map[string]int{"setSpaceRole: pupil to owner": 3, "removeMember: oneself": 1}[op]
			if owners == 0 {
				owners = 2
			}
			recs, err := w.auth.Store.Get(w.Context(), store.Key{Partition: "s:" + p.space, Kind: "space", ID: p.space})
			require.NoError(w, err)
			require.EqualValues(w, owners, recs[0].Int("owners"), op)
		}
	})
}

// An operation that is stopped anywhere, and repeated, ends as if it had not been.
func TestStoppedHalfWay(t *testing.T) {
	onEach(t, func(w *world) {
		owner, ctx := w.as("owner"), w.Context()
		gone := func(p place, his []issued) {
			require.Equal(w, string(CodeNotInSpace), w.enters(p, "actor"))
			w.allVoid(his)
			w.join(p.space, "actor", SpaceUser)
			require.Equal(w, string(CodeNotInRoom), w.enters(p, "actor"))
		}
		rows := []struct {
			name string
			do   func(w *world, p place) error
			done func(p place, his []issued)
		}{
			{"removal", func(w *world, p place) error { return w.RemoveMember(ctx, owner, p.space, w.id("actor"), false) }, gone},
			{"leaving", func(w *world, p place) error {
				return w.RemoveMember(ctx, w.as("actor"), p.space, w.id("actor"), false)
			}, gone},
			{"ban", func(w *world, p place) error {
				return w.SpaceBan(ctx, owner, p.space, w.id("actor"), new(w.now().Add(time.Minute)), "")
			}, func(p place, his []issued) {
				require.Equal(w, string(CodeBannedInSpace), w.enters(p, "actor"))
				w.forward(time.Minute)
				gone(p, his)
			}},
			{"demotion", func(w *world, p place) error {
				return w.SetSpaceRole(ctx, owner, p.space, w.id("actor"), SpaceUser, false)
			}, func(p place, his []issued) {
				require.Equal(w, string(RoomOwner), w.enters(p, "actor"))
				w.allVoid(his)
			}},
			{"grant", func(w *world, p place) error {
				return w.GrantRole(ctx, owner, p.space, p.room, w.id("actor"), RoomUser, false)
			}, func(p place, _ []issued) { require.Equal(w, string(RoomUser), w.enters(p, "actor")) }},
			{"new room", func(w *world, p place) error {
				_, err := w.CreateRoom(ctx, w.as("actor"), p.space, NewRoom{Name: "n"})
				return err
			}, func(p place, _ []issued) {
				rooms, _, err := w.ListRooms(ctx, w.as("actor"), p.space, first)
				require.NoError(w, err)
				require.Contains(w, []int{3, 4}, len(rooms)) // whoever repeats it after a lost reply gets a second one
			}},
			{"end of the space", func(w *world, p place) error { return w.DeleteSpace(ctx, owner, p.space) }, func(p place, _ []issued) {
				_, err := w.GetRoom(ctx, w.as("actor"), p.space, p.room)
				require.ErrorIs(w, err, ErrNotFound)
			}},
		}
		for _, row := range rows {
			for _, late := range []bool{false, true} {
				for after, done := 0, false; !done; after++ {
					p, his := w.twoRooms()
					h := &storetest.Halting{After: after, Late: late}
					broken := w.on(func(s store.Store) store.Store { h.Store = s; return h })
					if err := row.do(broken, p); err != nil {
						require.ErrorIs(w, err, store.ErrUnavailable)
						require.Contains(w, []string{"yes", "404", "no member"}, outcome(row.do(w, p)), row.name)
					} else {
						done = true
					}
					row.done(p, his)
				}
			}
		}
	})
}

// twoRooms is a place with an actor who moderates the space and owns both its rooms, and what he issued in them.
func (w *world) twoRooms() (place, []issued) {
	w.Helper()
	p := w.place(false, Private)
	w.join(p.space, "actor", SpaceModerator)
	w.grant(p, "actor", RoomOwner)
	second, err := w.CreateRoom(w.Context(), w.as("actor"), p.space, NewRoom{Name: "Geometry"})
	require.NoError(w, err)
	other := place{p.space, second.ID, second.Alias}
	return p, []issued{w.issues(p, "actor"), w.issues(other, "actor")}
}

func (w *world) allVoid(his []issued) {
	w.Helper()
	for _, i := range his {
		inSpace, inRoom := w.holds(i)
		require.False(w, inSpace || inRoom)
	}
}

// A removal that was stopped, and not repeated, is completed where he comes back.
func TestStoppedAndBack(t *testing.T) {
	onEach(t, func(w *world) {
		p, his := w.stoppedRemoval()
		w.join(p.space, "actor", SpaceUser)
		w.allVoid(his)
		require.Empty(w, w.inSpace(p, "actor").Member.Fall)
	})
}

// Whoever has carried one fall to its end does not take another one for done.
func TestFallsApart(t *testing.T) {
	onEach(t, func(w *world) {
		p, _ := w.stoppedRemoval()
		earlier := Tenure{Fall: "an earlier one"}
		require.NoError(w, w.sweep(w.Context(), p.space, w.id("actor"), earlier, false))
		require.NotEmpty(w, w.inSpace(p, "actor").Member.Fall)
	})
}

// stoppedRemoval is a place whose actor has just been removed, of which the rooms have not heard yet.
func (w *world) stoppedRemoval() (place, []issued) {
	w.Helper()
	p, his := w.twoRooms()
	broken := w.on(func(s store.Store) store.Store { return &storetest.Halting{Store: s, After: 1} })
	err := broken.RemoveMember(w.Context(), w.as("owner"), p.space, w.id("actor"), false)
	require.ErrorIs(w, err, store.ErrUnavailable)
	return p, his
}
