package roles

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
)

// atOnce runs everything at the same time, and counts the outcomes.
func atOnce(do ...func() error) map[string]int {
	outcomes := make([]string, len(do))
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range do {
		all.Go(func() {
			<-start
			outcomes[i] = outcome(do[i]())
		})
	}
	close(start)
	all.Wait()
	counts := map[string]int{}
	for _, word := range outcomes {
		counts[word]++
	}
	return counts
}

// insisting repeats what was refused only because others change the same thing all the time.
func insisting(do func() error) func() error {
	return func() error {
		for {
			if err := do(); !errors.Is(err, auth.ErrContended) {
				return err
			}
		}
	}
}

func times(n int, do func() error) []func() error {
	all := make([]func() error, n)
	for i := range all {
		all[i] = insisting(do)
	}
	return all
}

// Two owners, who both leave fifty times over and at once: exactly one stays.
func TestOwnersLeaveAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		require.NoError(w, w.SetSpaceRole(ctx, w.as("owner"), p.space, w.id("host"), SpaceOwner, false))
		leave := func(name string) func() error {
			who := w.as(name)
			return func() error { return w.RemoveMember(ctx, who, p.space, who.ID, false) }
		}
		got := atOnce(append(times(50, leave("owner")), times(50, leave("host"))...)...)
		owners := 0
		for _, name := range []string{"owner", "host"} {
			st := w.inSpace(p, name)
			require.Equal(w, 1, st.Space.Owners)
			if st.Member.Role == SpaceOwner {
				owners++
			}
		}
		require.Equal(w, 1, owners)
		// Whoever stayed was refused each time. Whoever left did so once, or found his own leaving under way.
		require.Equal(w, 50, got["last"])
		require.GreaterOrEqual(w, got["yes"], 1)
		require.Equal(w, 50, got["yes"]+got["404"])
	})
}

// Owners who demote each other at once: never both.
func TestOwnersDemoteEachOther(t *testing.T) {
	onEach(t, func(w *world) {
		for range 5 {
			p, ctx := w.place(false, Private), w.Context()
			require.NoError(w, w.SetSpaceRole(ctx, w.as("owner"), p.space, w.id("host"), SpaceOwner, false))
			demote := func(by, whom string) func() error {
				who, user := w.as(by), w.id(whom)
				return insisting(func() error { return w.SetSpaceRole(ctx, who, p.space, user, SpaceUser, false) })
			}
			require.Equal(w, map[string]int{"yes": 1, "403": 1}, atOnce(demote("owner", "host"), demote("host", "owner")))
			require.Equal(w, 1, w.inSpace(p, "owner").Space.Owners)
		}
	})
}

// A moderator grants as often as he can, while his role is taken away: from the answer on, nobody has anything of him.
func TestGrantAgainstRevoke(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Private), w.Context()
		w.grant(p, "helper", RoomModerator)
		helper, host, friend := w.as("helper"), w.as("host"), w.id("friend")
		var revoked sync.WaitGroup
		revoked.Add(1)
		got := atOnce(append(
			times(20, func() error { return w.GrantRole(ctx, helper, p.space, p.room, friend, RoomModerator, false) }),
			func() error {
				defer revoked.Done()
				return insisting(func() error { return w.RevokeRole(ctx, host, p.space, p.room, helper.ID, false) })()
			},
			func() error {
				revoked.Wait()
				before := w.inRoom(p, "friend").Tenure
				err := w.GrantRole(ctx, helper, p.space, p.room, friend, RoomOwner, false)
				require.ErrorIs(w, err, ErrNotFound)
				require.NotEqual(w, RoomOwner, before.Role)
				return nil
			},
		)...)
		require.Equal(w, 22, got["yes"]+got["404"]+got["rank"])
		require.Equal(w, string(CodeNotInRoom), w.enters(p, "helper"))
	})
}

// interposed calls a function once, just before the next Apply: what happens between a reading and its writing.
type interposed struct {
	store.Store
	before func()
}

func (i *interposed) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	if before := i.before; before != nil {
		i.before = nil
		before()
	}
	return i.Store.Apply(ctx, tx)
}

// Whatever someone does, taking his right away between his reading and his writing wins.
func TestTakingAwayWins(t *testing.T) {
	onEach(t, func(w *world) {
		revoked := func(p place) error {
			return w.RevokeRole(w.Context(), w.as("owner"), p.space, p.room, w.id("actor"), false)
		}
		removed := func(p place) error { return w.RemoveMember(w.Context(), w.as("owner"), p.space, w.id("actor"), false) }
		deletedSpace := func(p place) error { return w.DeleteSpace(w.Context(), w.as("owner"), p.space) }
		deletedRoom := func(p place) error { return w.DeleteRoom(w.Context(), w.as("owner"), p.space, p.room) }
		rows := []struct {
			op   string
			take map[string]func(p place) error
		}{
			{"updateSpace", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"deleteSpace", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"createRoom", map[string]func(p place) error{"403": demoted(w), "404": deletedSpace}},
			{"setSpaceRole: pupil to moderator", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"removeMember: pupil", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"spaceBan: friend", map[string]func(p place) error{"403": demoted(w), "404": deletedSpace}},
			{"spaceUnban: culprit", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"updateRoom", map[string]func(p place) error{"404": revoked}},
			{"updateRoom: access", map[string]func(p place) error{"404": removed}},
			{"closeRoom", map[string]func(p place) error{"404": revoked}},
			{"deleteRoom", map[string]func(p place) error{"404": revoked}},
			{"grantRole: user to friend", map[string]func(p place) error{"404": deletedRoom}},
			{"grantRole: owner to friend", map[string]func(p place) error{"404": removed}},
			{"revokeRole: pupil's", map[string]func(p place) error{"404": revoked}},
			{"kick: pupil", map[string]func(p place) error{"404": revoked}},
			{"kick: a moderator's seat", map[string]func(p place) error{"404": removed}},
			{"ban: pupil", map[string]func(p place) error{"404": revoked}},
			{"unban: culprit", map[string]func(p place) error{"404": deletedRoom}},
		}
		for _, row := range rows {
			for want, take := range row.take {
				p := w.office(row.op)
				between := &interposed{before: func() { require.NoError(w, take(p)) }}
				racing := w.on(func(s store.Store) store.Store { between.Store = s; return between })
				require.Equal(w, want, outcome(doing(row.op)(w.Context(), try{racing, p, w.as("actor")})), row.op)
				require.Nil(w, between.before, "%s wrote nothing", row.op)
			}
		}
	})
}

func doing(name string) func(context.Context, try) error {
	for _, op := range operations {
		if op.name == name {
			return op.do
		}
	}
	panic("no such operation: " + name)
}

func demoted(w *world) func(p place) error {
	return func(p place) error {
		return w.SetSpaceRole(w.Context(), w.as("owner"), p.space, w.id("actor"), SpaceUser, false)
	}
}

// office is a place with an actor who owns the room, and moderates the space, or owns it where an operation needs that.
func (w *world) office(op string) place {
	w.Helper()
	p, ctx := w.place(false, Private), w.Context()
	for _, name := range []string{"actor", "pupil"} {
		w.join(p.space, name, SpaceUser)
	}
	role := SpaceModerator
	if op == "updateSpace" || op == "deleteSpace" {
		role = SpaceOwner
	}
	require.NoError(w, w.SetSpaceRole(ctx, w.as("owner"), p.space, w.id("actor"), role, false))
	w.grant(p, "actor", RoomOwner)
	w.grant(p, "pupil", RoomUser)
	w.people["guest moderator"] = w.seat(p, "moderator")
	w.as("friend")
	require.NoError(w, w.SpaceBan(ctx, w.as("owner"), p.space, w.id("culprit"), time.Time{}, ""))
	require.NoError(w, w.Ban(ctx, w.as("host"), p.space, p.room, w.id("culprit"), time.Time{}, ""))
	return p
}

// A ban and a grant at once: whatever comes first, the user is banned, and has no role when it is over.
func TestBanAgainstGrant(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Private), w.Context(), w.as("host")
		w.grant(p, "helper", RoomOwner)
		helper, friend, until := w.as("helper"), w.id("friend"), w.now().Add(time.Hour)
		for range 5 {
			got := atOnce(append(
				times(10, func() error { return w.GrantRole(ctx, helper, p.space, p.room, friend, RoomUser, false) }),
				insisting(func() error { return w.Ban(ctx, host, p.space, p.room, friend, until, "") }),
			)...)
			require.Equal(w, 11, got["yes"]+got["conflict"])
			require.Equal(w, string(CodeBannedInRoom), w.enters(p, "friend"))
			require.Empty(w, w.inRoom(p, "friend").Tenure.Role)
			require.NoError(w, w.Unban(ctx, host, p.space, p.room, friend))
			require.Equal(w, string(CodeNotInRoom), w.enters(p, "friend"))
		}
	})
}

// A grant that was decided before someone was put out of the space, and is written after, gives him nothing.
func TestSpaceBanAgainstGrant(t *testing.T) {
	onEach(t, func(w *world) {
		for _, out := range []func(p place) error{
			func(p place) error {
				return w.SpaceBan(w.Context(), w.as("owner"), p.space, w.id("friend"), w.now().Add(time.Minute), "")
			},
			func(p place) error { return w.RemoveMember(w.Context(), w.as("owner"), p.space, w.id("friend"), false) },
		} {
			p := w.place(false, Private)
			w.join(p.space, "friend", SpaceUser)
			between := &interposed{before: func() { require.NoError(w, out(p)) }}
			racing := w.on(func(s store.Store) store.Store { between.Store = s; return between })
			require.NoError(w, racing.GrantRole(w.Context(), w.as("host"), p.space, p.room, w.id("friend"), RoomOwner, false))
			w.forward(time.Minute)
			w.join(p.space, "friend", SpaceUser)
			require.Equal(w, string(CodeNotInRoom), w.enters(p, "friend"))
			people, _, err := w.ListRoomRoles(w.Context(), w.as("host"), p.space, p.room, first)
			require.NoError(w, err)
			require.Len(w, people, 1) // the host
			w.grant(p, "friend", RoomUser)
			require.Equal(w, string(RoomUser), w.enters(p, "friend"))
		}
	})
}

// Rooms are made while their space is deleted: none is left.
func TestCreateAgainstDelete(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host, owner := w.place(true, Open), w.Context(), w.as("host"), w.as("owner")
		var made sync.Map
		got := atOnce(append(
			times(20, func() error {
				room, err := w.CreateRoom(ctx, host, p.space, NewRoom{Name: "n"})
				if err == nil {
					made.Store(room.ID, true)
				}
				return err
			}),
			func() error { return w.DeleteSpace(ctx, owner, p.space) },
		)...)
		require.Equal(w, 21, got["yes"]+got["404"])
		require.Empty(w, w.entries(index("s:"+p.space, "rooms")))
		made.Range(func(room, _ any) bool {
			recs, err := w.auth.Store.Get(ctx, auth.RoomKey(room.(string)))
			require.NoError(w, err)
			require.NotEmpty(w, recs[0]["ended"])
			return true
		})
	})
}

// Access is changed from all sides: what stands in the end is one opening, or none.
func TestOpeningsRace(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Open), w.Context(), w.as("host")
		var openings sync.Map
		set := func(access Access) func() error {
			return func() error {
				room, err := w.UpdateRoom(ctx, host, p.space, p.room, NewRoom{Name: "n", Access: access})
				openings.Store(room.Opening, true)
				return err
			}
		}
		openings.Store(w.inRoom(p, "host").Room.Opening, true)
		got := atOnce(append(times(15, set(Open)), times(15, set(Private))...)...)
		require.Equal(w, map[string]int{"yes": 30}, got)
		openings.Range(func(opening, _ any) bool {
			recs, err := w.auth.Store.Get(ctx, auth.EpochKey("r:"+p.room, opening.(string)))
			require.NoError(w, err)
			stands := opening != "" && opening == w.inRoom(p, "host").Room.Opening
			require.Equal(w, stands, recs[0] != nil)
			return true
		})
	})
}
