package roles

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// between is the world in which something happens after a number of writes, before the next one.
func (w *world) between(writes int, do func()) *world {
	return w.on(func(s store.Store) store.Store { return &storetest.Interposed{Store: s, Writes: writes, Do: do} })
}

// Whatever someone does, taking his right away between his reading and his writing wins.
func TestTakingAwayWins(t *testing.T) {
	onEach(t, func(w *world) {
		revoked := func(p place) error {
			return w.RevokeRole(w.Context(), w.as("owner"), p.space, p.room, w.id("actor"), false)
		}
		removed := func(p place) error { return w.RemoveMember(w.Context(), w.as("owner"), p.space, w.id("actor"), false) }
		deletedSpace := func(p place) error { // and not swept yet
			broken := w.on(func(s store.Store) store.Store { return &storetest.Halting{Store: s, After: 1} })
			require.ErrorIs(w, broken.DeleteSpace(w.Context(), w.as("owner"), p.space), store.ErrUnavailable)
			return nil
		}
		deletedRoom := func(p place) error { return w.DeleteRoom(w.Context(), w.as("owner"), p.space, p.room) }
		rows := []struct {
			op   string
			take map[string]func(p place) error
		}{
			{"updateSpace", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"deleteSpace", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"createRoom", map[string]func(p place) error{"403": demoted(w), "404": deletedSpace}},
			{"setSpaceRole: pupil to moderator", map[string]func(p place) error{"403": demoted(w), "404": removed}},
			{"removeMember: pupil", map[string]func(p place) error{"403": demoted(w), "404": deletedSpace}},
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
				taken := false
				racing := w.between(0, func() { taken = true; require.NoError(w, take(p)) })
				require.Equal(w, want, outcome(doing(row.op)(w.Context(), try{racing, p, w.as("actor")})), row.op)
				require.True(w, taken, "%s wrote nothing", row.op)
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
	require.NoError(w, w.SpaceBan(ctx, w.as("owner"), p.space, w.id("culprit"), nil, ""))
	require.NoError(w, w.Ban(ctx, w.as("host"), p.space, p.room, w.id("culprit"), nil, ""))
	return p
}

// A grant that was decided before someone was put out of the space, and is written after, gives him nothing.
func TestSpaceBanAgainstGrant(t *testing.T) {
	onEach(t, func(w *world) {
		for _, out := range []func(p place) error{
			func(p place) error {
				return w.SpaceBan(w.Context(), w.as("owner"), p.space, w.id("friend"), new(w.now().Add(time.Minute)), "")
			},
			func(p place) error { return w.RemoveMember(w.Context(), w.as("owner"), p.space, w.id("friend"), false) },
		} {
			p := w.place(false, Private)
			w.join(p.space, "friend", SpaceUser)
			w.grant(p, "helper", RoomModerator)
			w.join(p.space, "helper", SpaceUser)
			racing := w.between(0, func() { require.NoError(w, out(p)) })
			require.NoError(w, racing.GrantRole(w.Context(), w.as("host"), p.space, p.room, w.id("friend"), RoomOwner, false))
			w.forward(time.Minute)
			w.join(p.space, "friend", SpaceUser)
			require.Equal(w, string(CodeNotInRoom), w.enters(p, "friend"))
			people, _, err := w.ListRoomRoles(w.Context(), w.as("host"), p.space, p.room, first)
			require.NoError(w, err)
			require.Len(w, people, 2) // the host and the helper, who outranks who has no role
			require.NoError(w, w.GrantRole(w.Context(), w.as("helper"), p.space, p.room, w.id("friend"), RoomUser, false))
			require.Equal(w, string(RoomUser), w.enters(p, "friend"))
		}
	})
}

// A room is made, and its space is deleted before any of the writes that this takes: there is no room.
func TestCreateAgainstDeleteStepByStep(t *testing.T) {
	onEach(t, func(w *world) {
		for writes := range 4 {
			p, ctx := w.place(true, Open), w.Context()
			var rooms []string
			racing := w.between(writes, func() {
				rooms = w.entries(index("s:"+p.space, "rooms"))
				require.NoError(w, w.DeleteSpace(ctx, w.as("owner"), p.space))
			})
			_, err := racing.CreateRoom(ctx, w.as("host"), p.space, NewRoom{Name: "n"})
			require.ErrorIs(w, err, ErrNotFound)
			require.Len(w, rooms, 1+writes/3)
			for _, room := range rooms {
				recs, err := w.auth.Store.Get(ctx, auth.RoomKey(room))
				require.NoError(w, err)
				require.NotEmpty(w, recs[0]["ended"])
				require.Empty(w, recs[0]["owner"])
			}
		}
	})
}

// Someone is banned, who meanwhile lost his role and got it again: what he issued since then is void too.
func TestBanAgainstNewTenure(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Private), w.Context(), w.as("host")
		w.grant(p, "helper", RoomModerator)
		var his issued
		racing := w.between(0, func() {
			require.NoError(w, w.RevokeRole(ctx, host, p.space, p.room, w.id("helper"), false))
			w.grant(p, "helper", RoomModerator)
			his = w.issues(p, "helper")
		})
		require.NoError(w, racing.Ban(ctx, host, p.space, p.room, w.id("helper"), nil, ""))
		_, inRoom := w.holds(his)
		require.False(w, inRoom)
	})
}

// Someone comes back, and gets new roles, while his removal is still being carried into the rooms: they are his to keep.
func TestComingBackDuringRemoval(t *testing.T) {
	onEach(t, func(w *world) {
		p, _ := w.twoRooms()
		rooms := w.entries(index("s:"+p.space, "rooms"))
		require.Len(w, rooms, 2)
		var since []issued
		racing := w.between(1, func() {
			w.join(p.space, "actor", SpaceUser)
			for _, room := range rooms {
				at := place{space: p.space, room: room}
				require.NoError(w, w.GrantRole(w.Context(), w.as("owner"), at.space, at.room, w.id("actor"), RoomModerator, false))
				since = append(since, w.issues(at, "actor"))
			}
		})
		require.NoError(w, racing.RemoveMember(w.Context(), w.as("owner"), p.space, w.id("actor"), false))
		for i, room := range rooms {
			require.Equal(w, string(RoomModerator), w.enters(place{space: p.space, room: room}, "actor"))
			inSpace, inRoom := w.holds(since[i])
			require.True(w, inSpace && inRoom)
		}
	})
}

// Nothing points to what was refused because its space or its room was deleted just then: it would do so for ever.
func TestNothingPointsToWhatWasNotMade(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, owner, friend := w.Context(), w.as("owner"), w.as("friend")
		for writes := range 4 { // the room is the fourth
			p := w.place(false, Private)
			racing := w.between(writes, func() { require.NoError(w, w.DeleteSpace(ctx, owner, p.space)) })
			room, err := racing.CreateRoom(ctx, w.as("host"), p.space, NewRoom{Name: "n"})
			require.Equal(w, "404", outcome(err))
			recs, err := w.auth.Store.Get(ctx, aliasKey(room.Alias))
			require.NoError(w, err)
			require.Nil(w, recs[0])
			require.Empty(w, w.entries(roomsOf(w.id("host"))))
			require.Empty(w, w.entries(index("s:"+p.space, "rooms")))
		}
		p := w.place(true, Private)
		racing := w.between(1, func() { require.NoError(w, w.DeleteRoom(ctx, owner, p.space, p.room)) })
		err := racing.GrantRole(ctx, w.as("host"), p.space, p.room, friend.ID, RoomUser, false)
		require.Equal(w, "404", outcome(err))
		require.Empty(w, w.entries(roomsOf(friend.ID)))

		st := w.inSpace(p, "friend")
		racing = w.between(1, func() { require.NoError(w, w.DeleteSpace(ctx, owner, p.space)) })
		require.ErrorIs(w, racing.Admit(ctx, st, SpaceUser, store.Tx{}), auth.ErrOvertaken)
		require.Empty(w, w.entries(spacesOf(friend.ID)))

		p = w.place(true, Private) // what is pointed to came to be by another hand
		racing = w.between(1, func() { w.join(p.space, "friend", SpaceUser) })
		require.ErrorIs(w, racing.Admit(ctx, w.inSpace(p, "friend"), SpaceUser, store.Tx{}), auth.ErrOvertaken)
		require.Equal(w, []string{p.space}, w.entries(spacesOf(friend.ID)))
	})
}

// A room comes to be while its space is being swept: whenever that is, nothing of it stays but its tombstone.
func TestARoomMadeDuringTheSweep(t *testing.T) {
	onEach(t, func(w *world) {
		made, refused := 0, 0
		for writes := range 4 {
			p, ctx := w.place(true, Open), w.Context()
			require.NoError(w, w.DeleteRoom(ctx, w.as("owner"), p.space, p.room))
			room := Room{ID: w.auth.NewID(), Space: p.space, Workspace: w.as("host").Workspace, Alias: w.newAlias(), CreatorID: w.id("host")}
			alias := aliasKey(room.Alias)
			require.NoError(w, w.auth.Change(ctx, store.Tx{Do: []store.Write{store.Set(alias, store.Record{"room": room.ID})}}))
			host := w.inSpace(p, "host")
			require.NoError(w, w.enlist(ctx, host, room))
			racing := w.between(writes, func() {
				err := w.build(ctx, &room, Open, map[string]Tenure{host.ID: {Role: RoomOwner}})
				if err == nil {
					made++
					return
				}
				require.ErrorIs(w, err, auth.ErrOvertaken)
				require.NoError(w, w.sweepRoom(ctx, room)) // so does whoever was about to make it
				refused++
			})
			require.NoError(w, racing.DeleteSpace(ctx, w.as("owner"), p.space))
			recs, err := w.auth.Store.Get(ctx, alias, auth.EpochKey("r:"+room.ID, room.Opening), auth.RoomKey(room.ID))
			require.NoError(w, err)
			require.Nil(w, recs[0])
			require.Nil(w, recs[1])
			require.NotEmpty(w, recs[2]["ended"])
		}
		require.Equal(w, []int{2, 2}, []int{made, refused})
	})
}
