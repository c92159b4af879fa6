package roles

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
)

// What a body says of who gets in, and what it makes of a room: isPublic is the older way to say access.
func TestNewRoomAccess(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, row := range []struct {
		was, asked Access
		public     *bool
		want       Access // empty: 422
	}{
		{"", "", nil, Private},
		{"", "", &yes, Public},
		{"", "", &no, Private},
		{"", Open, nil, Open},
		{"", Open, &yes, Open},
		{"", Open, &no, ""},
		{"", Public, &yes, Public},
		{"", Public, &no, ""},
		{"", Private, &yes, ""},
		{"", Private, &no, Private},
		{Open, "", nil, Open},
		{Open, "", &yes, Open},
		{Open, "", &no, Private},
		{Public, "", &yes, Public},
		{Private, "", &yes, Public},
		{Private, "", nil, Private},
		{Open, Private, nil, Private},
		{Open, Private, &yes, ""},
	} {
		got, err := NewRoom{Access: row.asked, Public: row.public}.access(row.was)
		require.Equal(t, row.want, got, "%+v", row)
		require.Equal(t, row.want == "", outcome(err) == "field", "%+v", row)
	}
}

// A new room is private and a lesson; its creator owns it, and finds it by id and by alias.
func TestCreateRoom(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, ""), w.Context()
		room, err := w.GetRoom(ctx, w.as("host"), p.space, p.room)
		require.NoError(w, err)
		want := Room{
			ID: p.room, RoomDetails: RoomDetails{Name: "Algebra", Type: Lesson, ScreenSharing: true, Chat: true},
			Space: p.space, Workspace: w.first.Workspace, Alias: p.alias, Access: Private, CreatorID: w.id("host"),
			Created: w.now(), Role: RoomOwner,
		}
		require.Equal(w, want, room)
		require.Len(w, room.Alias, 12)
		room, err = w.GetRoomByAlias(ctx, w.as("host"), p.alias)
		require.NoError(w, err)
		require.Equal(w, want, room)
	})
}

// What is not there, what is elsewhere and what one may not know of are the same; so is nonsense.
func TestNotFoundIsOne(t *testing.T) {
	onEach(t, func(w *world) {
		p, other, ctx := w.place(false, Private), w.place(false, Private), w.Context()
		foreigner := w.foreigner()
		abroad, err := w.CreateSpace(ctx, foreigner, SpaceDetails{Name: "Abroad", Public: true})
		require.NoError(w, err)
		for name, place := range map[string][2]string{
			"unknown room": {p.space, w.auth.NewID()}, "unknown space": {w.auth.NewID(), p.room},
			"room of another space": {other.space, p.room}, "space of another workspace": {abroad, p.room},
			"no ids": {"s:x", "../r"}, "nothing": {"", ""}, "a room that one may not know of": {p.space, p.room},
		} {
			_, err := w.GetRoom(ctx, w.as("stranger"), place[0], place[1])
			require.Equal(w, ErrNotFound, err, name)
			require.Equal(w, ErrNotFound, w.CloseRoom(ctx, w.as("stranger"), place[0], place[1]), name)
			if place == [2]string{p.space, p.room} {
				continue // whoever comes to the door of a room is told why it does not open
			}
			_, err = w.Join(ctx, w.as("stranger"), place[0], place[1])
			require.Equal(w, ErrNotFound, err, name)
			_, err = w.Explain(ctx, w.as("stranger"), place[0], place[1], "")
			require.Equal(w, ErrNotFound, err, name)
		}
		for _, alias := range []string{p.alias, "nosuchalias0", ""} {
			_, err := w.GetRoomByAlias(ctx, w.as("stranger"), alias)
			require.Equal(w, ErrNotFound, err)
		}
	})
}

// A refused caller is told nothing of the room beside the refusal.
func TestRefusalTellsNothing(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(false, Private), w.Context()
		room, err := w.GetRoom(ctx, w.as("stranger"), p.space, p.room)
		require.Error(w, err)
		require.Zero(w, room)
		space, err := w.GetSpace(ctx, w.as("stranger"), p.space)
		require.Error(w, err)
		require.Zero(w, space)
	})
}

// A list holds the rooms that one may enter or administer, and no others, on pages of any size.
func TestListRooms(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Private), w.Context()
		rooms := map[string]string{p.room: "private"}
		for _, access := range []Access{Public, Open, Private} {
			room, err := w.CreateRoom(ctx, w.as("owner"), p.space, NewRoom{Name: string(access), Access: access})
			require.NoError(w, err)
			rooms[room.ID] = "owner's " + room.Name
		}
		w.grant(p, "pupil", RoomMonitor)
		for name, want := range map[string][]string{
			"stranger": {"owner's open", "owner's public"},
			"pupil":    {"owner's open", "owner's public", "private"},
			"host":     {"owner's open", "owner's public", "private"},
			"owner":    {"owner's open", "owner's private", "owner's public", "private"},
		} {
			for _, limit := range []int{1, 100} {
				var got []string
				for page := (auth.Page{Limit: limit}); ; {
					some, next, err := w.ListRooms(ctx, w.as(name), p.space, page)
					require.NoError(w, err)
					for _, room := range some {
						got = append(got, rooms[room.ID])
					}
					if page.After = next; next == "" {
						break
					}
				}
				slices.Sort(got)
				require.Equal(w, want, got, name)
			}
		}
	})
}

// Details are for moderators, who gets in is for the owner. What is left out stays.
func TestUpdateRoom(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx, no := w.place(true, Public), w.Context(), false
		w.grant(p, "helper", RoomModerator)
		room, err := w.UpdateRoom(ctx, w.as("helper"), p.space, p.room, NewRoom{Name: "Geometry", Type: Webinar, Chat: &no, Access: Public})
		require.NoError(w, err)
		require.Equal(w, RoomDetails{Name: "Geometry", Type: Webinar, ScreenSharing: true}, room.RoomDetails)
		_, err = w.UpdateRoom(ctx, w.as("helper"), p.space, p.room, NewRoom{Name: "Geometry", Access: Open})
		require.ErrorIs(w, err, ErrForbidden)
		room, err = w.UpdateRoom(ctx, w.as("host"), p.space, p.room, NewRoom{Name: "Geometry", Access: Open})
		require.NoError(w, err)
		require.Equal(w, RoomDetails{Name: "Geometry", Type: Webinar, ScreenSharing: true}, room.RoomDetails)
		stored, err := w.GetRoom(ctx, w.as("host"), p.space, p.room)
		require.NoError(w, err)
		require.Equal(w, room, stored)
	})
}

// Those who came through an open room's door hang on that opening: it ends with it, and the next one is another.
func TestOpenings(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Open), w.Context()
		stands := func(opening string) bool {
			recs, err := w.auth.Store.Get(ctx, auth.EpochKey("r:"+p.room, opening))
			require.NoError(w, err)
			return recs[0] != nil
		}
		set := func(access Access) string {
			room, err := w.UpdateRoom(ctx, w.as("host"), p.space, p.room, NewRoom{Name: "n", Access: access})
			require.NoError(w, err)
			return room.Opening
		}
		monday := set(Open)
		require.True(w, stands(monday))
		require.Empty(w, set(Private))
		require.False(w, stands(monday))
		tuesday := set(Open)
		require.True(w, stands(tuesday) && !stands(monday))
		var wednesday string
		racing := w.between(0, func() { set(Private); wednesday = set(Open) })
		_, err := racing.UpdateRoom(ctx, w.as("host"), p.space, p.room, NewRoom{Name: "n", Access: Private})
		require.NoError(w, err)
		require.False(w, stands(tuesday) || stands(wednesday))
		thursday := set(Open)
		require.NoError(w, w.DeleteRoom(ctx, w.as("host"), p.space, p.room))
		require.False(w, stands(thursday))
	})
}

// Nobody enters a closed room; it is seen and administered on, and never opens again.
func TestCloseRoom(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Open), w.Context()
		guest := w.seat(p, "user")
		require.NoError(w, w.CloseRoom(ctx, w.as("host"), p.space, p.room))
		closed := w.now()
		w.forward(w.auth.RoomTTL())
		require.NoError(w, w.CloseRoom(ctx, w.as("host"), p.space, p.room))
		for _, who := range []auth.Identity{w.as("host"), w.as("stranger"), guest} {
			_, err := w.Join(ctx, who, p.space, p.room)
			require.Equal(w, &DeniedError{Decision{Reasons: []Reason{{Code: CodeRoomClosed}}}}, err)
			room, err := w.GetRoom(ctx, who, p.space, p.room)
			require.NoError(w, err)
			require.Equal(w, closed, room.Closed)
		}
		w.grant(p, "friend", RoomModerator)
		require.NoError(w, w.DeleteRoom(ctx, w.as("host"), p.space, p.room))
	})
}

// A deleted room is gone for everyone at once, and so is what lay in it, with all pointers.
func TestDeleteRoom(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Open), w.Context()
		w.grant(p, "pupil", RoomUser)
		guest := w.seat(p, "user")
		require.NoError(w, w.DeleteRoom(ctx, w.as("owner"), p.space, p.room))
		for _, name := range []string{"owner", "host", "pupil", "stranger"} {
			_, err := w.GetRoom(ctx, w.as(name), p.space, p.room)
			require.ErrorIs(w, err, ErrNotFound)
		}
		_, err := w.GetRoom(ctx, guest, p.space, p.room)
		require.ErrorIs(w, err, auth.ErrInvalidToken)
		_, err = w.GetRoomByAlias(ctx, w.as("owner"), p.alias)
		require.ErrorIs(w, err, ErrNotFound)
		require.ErrorIs(w, w.DeleteRoom(ctx, w.as("owner"), p.space, p.room), ErrNotFound)
		for _, list := range []store.Key{
			index("s:"+p.space, "rooms"), index("r:"+p.room, "roles"), roomsOf(w.id("host")), roomsOf(w.id("pupil")),
		} {
			require.Empty(w, w.entries(list), list)
		}
	})
}

// A deleted space is gone for everyone at once, with its rooms and its guests.
func TestDeleteSpace(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Open), w.Context()
		w.join(p.space, "left", SpaceUser)
		require.NoError(w, w.RemoveMember(ctx, w.as("left"), p.space, w.id("left"), false))
		guest := w.seat(p, "user")
		require.NoError(w, w.DeleteSpace(ctx, w.as("owner"), p.space))
		for _, name := range []string{"owner", "host", "stranger"} {
			_, err := w.GetSpace(ctx, w.as(name), p.space)
			require.ErrorIs(w, err, ErrNotFound)
			_, err = w.GetRoom(ctx, w.as(name), p.space, p.room)
			require.ErrorIs(w, err, ErrNotFound)
		}
		_, err := w.Join(ctx, guest, p.space, p.room)
		require.ErrorIs(w, err, auth.ErrInvalidToken)
		for _, list := range []store.Key{
			index("s:"+p.space, "rooms"), index("s:"+p.space, "members"), index("r:"+p.room, "roles"),
			spacesOf(w.id("owner")), spacesOf(w.id("host")), spacesOf(w.id("left")), roomsOf(w.id("host")),
		} {
			require.Empty(w, w.entries(list), list)
		}
	})
}

func (w *world) entries(list store.Key) []string {
	w.Helper()
	entries, err := w.auth.Store.List(w.Context(), list, store.Page{Limit: 1000})
	require.NoError(w, err)
	return entries
}

// What one may do ends with one's session.
func TestEndedSession(t *testing.T) {
	onEach(t, func(w *world) {
		p, ctx := w.place(true, Open), w.Context()
		require.NoError(w, w.auth.BlockUser(ctx, w.people["admin"], w.id("host")))
		for name, err := range map[string]error{
			"close":  w.CloseRoom(ctx, w.as("host"), p.space, p.room),
			"remove": w.RemoveMember(ctx, w.as("host"), p.space, w.id("host"), false),
			"alias":  func() error { _, err := w.GetRoomByAlias(ctx, w.as("host"), p.alias); return err }(),
			"none":   func() error { _, err := w.GetRoomByAlias(ctx, w.as("host"), "nosuchalias0"); return err }(),
			"list":   func() error { _, _, err := w.ListSpaces(ctx, w.as("host"), first); return err }(),
			"create": func() error { _, err := w.CreateSpace(ctx, w.as("host"), SpaceDetails{Name: "n"}); return err }(),
			"find":   func() error { _, err := w.FindUser(ctx, w.as("host"), "", "owner"); return err }(),
			"seat":   func() error { _, err := w.Join(ctx, w.as("host"), p.space, p.room); return err }(),
		} {
			require.ErrorIs(w, err, auth.ErrInvalidToken, name)
		}
	})
}
