package roles

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
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

// A ban and a grant at once: whatever comes first, the user is banned, and has no role when it is over.
func TestBanAgainstGrant(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, host := w.place(true, Private), w.Context(), w.as("host")
		w.grant(p, "helper", RoomOwner)
		helper, friend, until := w.as("helper"), w.id("friend"), w.now().Add(time.Hour)
		for range 5 {
			got := atOnce(append(
				times(10, func() error { return w.GrantRole(ctx, helper, p.space, p.room, friend, RoomUser, false) }),
				insisting(func() error { return w.Ban(ctx, host, p.space, p.room, friend, &until, "") }),
			)...)
			require.Equal(w, 11, got["yes"]+got["409"])
			require.Equal(w, string(CodeBannedInRoom), w.enters(p, "friend"))
			require.Empty(w, w.inRoom(p, "friend").Tenure.Role)
			require.NoError(w, w.Unban(ctx, host, p.space, p.room, friend))
			require.Equal(w, string(CodeNotInRoom), w.enters(p, "friend"))
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
