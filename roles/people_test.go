package roles

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
)

// Owners and moderators of a space find people by exactly what they are called.
func TestFindUser(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		w.as("friend")
		for _, by := range []string{"owner", "host"} {
			found, err := w.FindUser(ctx, w.as(by), "friend@example.com", "")
			require.NoError(w, err)
			require.Equal(w, w.id("friend"), found.ID)
			_, err = w.FindUser(ctx, w.as(by), "", "frien")
			require.ErrorIs(w, err, auth.ErrNotFound)
		}
		require.NoError(w, w.SetSpaceRole(ctx, w.as("owner"), p.space, w.id("host"), SpaceUser, false))
		_, err := w.FindUser(ctx, w.as("host"), "", "friend")
		require.ErrorIs(w, err, ErrForbidden)
		require.NoError(w, w.DeleteSpace(ctx, w.as("owner"), p.space))
		_, err = w.FindUser(ctx, w.as("owner"), "", "friend")
		require.ErrorIs(w, err, ErrForbidden)
	})
}

// A user is deleted out of every space and room; not while he alone owns a space.
func TestDeleteUser(t *testing.T) {
	onEach(t, func(w *world) {
		p, elsewhere, ctx, admin := w.place(false, Private), w.place(true, Public), w.Context(), w.people["admin"]
		w.grant(elsewhere, "speaker", RoomModerator)
		w.join(p.space, "speaker", SpaceModerator)
		w.grant(p, "speaker", RoomOwner)
		his, there := w.issues(p, "speaker"), w.issues(elsewhere, "speaker")
		own, err := w.CreateSpace(ctx, w.as("speaker"), SpaceDetails{Name: "His own"})
		require.NoError(w, err)
		require.Equal(w, &SoleOwnerError{[]string{own}}, w.DeleteUser(ctx, admin, w.id("speaker")))
		require.Equal(w, string(RoomOwner), w.enters(p, "speaker"))
		w.join(own, "owner", SpaceUser)
		require.NoError(w, w.SetSpaceRole(ctx, w.as("speaker"), own, w.id("owner"), SpaceOwner, false))
		require.NoError(w, w.DeleteUser(ctx, admin, w.id("speaker")))
		_, err = w.GetSpace(ctx, w.as("speaker"), p.space)
		require.ErrorIs(w, err, auth.ErrInvalidToken)
		inSpace, inRoom := w.holds(his)
		_, inOther := w.holds(there)
		require.False(w, inSpace || inRoom || inOther)
		for _, at := range []place{p, elsewhere} {
			require.NotContains(w, w.entries(index("s:"+at.space, "members")), w.id("speaker"))
			require.NotContains(w, w.entries(index("r:"+at.room, "roles")), w.id("speaker"))
		}
		require.ErrorIs(w, w.DeleteUser(ctx, admin, w.id("speaker")), auth.ErrNotFound)
	})
}

// What the token for the media server says.
func TestJoin(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Public), w.Context()
		w.grant(p, "watcher", RoomMonitor)
		for name, want := range map[string]auth.RoomClaims{
			"host":    {Role: string(RoomOwner), CanPublish: true},
			"pupil":   {Role: string(RoomUser), CanPublish: true},
			"watcher": {Role: string(RoomMonitor), Hidden: true},
		} {
			w.forward(time.Millisecond)
			want.Subject, want.Name, want.How = w.id(name), name, auth.ByAccount
			want.Workspace, want.Space, want.Room = w.first.Workspace, p.space, p.room
			pass, err := w.Join(ctx, w.as(name), p.space, p.room)
			require.NoError(w, err)
			want.Session, want.NotAfter = w.listed(p, StayFilter{})[0].ID, w.now().Add(w.auth.RoomTTL())
			require.Equal(w, want, pass.RoomClaims)
			require.NotEmpty(w, pass.Token)
			require.Equal(w, want.NotAfter.Truncate(time.Second), pass.Expires)
		}
	})
}

// Whoever may grant there is told why another may not enter.
func TestExplain(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		for _, by := range []auth.Identity{w.as("host"), w.as("owner"), w.people["admin"]} {
			d, err := w.Explain(ctx, by, p.space, p.room, w.id("friend"))
			require.NoError(w, err)
			require.Equal(w, Decision{Reasons: []Reason{{Code: CodeNotInSpace}}}, d)
			_, err = w.Explain(ctx, by, p.space, p.room, w.foreigner().ID)
			require.ErrorIs(w, err, ErrUserNotFound)
		}
		d, err := w.Explain(ctx, w.as("owner"), p.space, p.room, "")
		require.NoError(w, err)
		require.Equal(w, CodeNotInRoom, d.Code())
	})
}

// reading notes what is asked of a store.
type reading struct {
	store.Store
	keys *[]store.Key
}

func (r reading) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	*r.keys = append(*r.keys, keys...)
	return r.Store.Get(ctx, keys...)
}

// Who has a role in the workspace is hidden from keys alone, and so read for them alone.
func TestMembersAreListedWithoutTheirOffices(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Public), w.Context()
		w.join(p.space, "speaker", SpaceUser)
		var read []store.Key
		seen := w.on(func(s store.Store) store.Store { return reading{s, &read} })
		members, _, err := seen.ListMembers(ctx, w.as("owner"), p.space, first)
		require.NoError(w, err)
		require.Greater(w, len(members), 1)
		require.Contains(w, read, memberKey(p.space, w.id("speaker")))
		require.NotContains(w, read, auth.StaffKey(w.first.Workspace, w.id("speaker")))
	})
}
