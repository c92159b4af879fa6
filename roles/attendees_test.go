package roles

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
)

// meeting is a room in the default space, made by an API key with members.
func (w *world) meeting(access Access, members ...NewAttendee) place {
	w.Helper()
	room, err := w.CreateRoom(w.Context(), w.people["key"], w.first.Workspace, NewRoom{Name: "Algebra", Access: access, Members: members})
	require.NoError(w, err)
	return place{w.first.Workspace, room.ID, room.Alias}
}

// attending says who is a member of a room, as an API key sees it.
func (w *world) attending(at place) string {
	w.Helper()
	found, total, err := w.ListAttendees(w.Context(), w.people["key"], at.room, auth.Slice{Limit: 100})
	require.NoError(w, err)
	require.Len(w, found, total)
	names := map[string]string{}
	for _, a := range found {
		got, err := w.GetAttendee(w.Context(), w.people["key"], at.room, a.User)
		require.NoError(w, err)
		require.Equal(w, a, got)
		names[a.Name] = strings.TrimPrefix(string(a.Role), "role_room_")
		if a.Blocked {
			names[a.Name] += " blocked"
		}
	}
	return strings.TrimPrefix(fmt.Sprint(names), "map")
}

func TestARoomIsMadeWithItsMembers(t *testing.T) {
	onEach(t, func(w *world) {
		key, ctx, home := w.key("rooms:write"), w.Context(), w.first.Workspace
		w.people["key"] = key
		at := w.meeting(Private, NewAttendee{w.id("mentor"), RoomModerator, ""}, NewAttendee{w.id("mentee"), RoomUser, "Jay"}, NewAttendee{w.id("watcher"), RoomMonitor, ""})
		require.Equal(w, "[Jay:user mentor:moderator watcher:monitor]", w.attending(at))
		require.Equal(w, []string{string(RoomModerator), string(RoomUser), string(RoomMonitor), string(CodeNotInRoom)},
			[]string{w.enters(at, "mentor"), w.enters(at, "mentee"), w.enters(at, "watcher"), w.enters(at, "stranger")})
		require.Equal(w, []string{home + "/" + at.room}, w.entries(roomsOf(w.id("mentee"))))
		pass, err := w.Join(ctx, w.as("mentee"), at.space, at.room)
		require.NoError(w, err)
		require.Equal(w, "Jay", pass.Name)
		require.Equal(w, "Jay", w.onlyStay(at).Name)

		for _, wrong := range []NewAttendee{
			{w.auth.NewID(), RoomUser, ""},
			{"x", RoomUser, ""},
			{w.foreigner().ID, RoomUser, ""},
			{w.people["admin"].ID, RoomUser, ""},
			{w.id("stranger"), SpaceUser, ""},
			{w.id("stranger"), RoomUser, "\u202e"},
		} {
			writes := 0
			counting := w.on(func(s store.Store) store.Store { return writing{s, &writes} })
			_, err := counting.CreateRoom(ctx, key, home, NewRoom{Name: "n", Members: []NewAttendee{{w.id("mentor"), RoomUser, ""}, wrong}})
			require.Contains(w, []string{"whom?", "field"}, outcome(err))
			require.Zero(w, writes, "all or nothing")
		}
		_, err = w.CreateRoom(ctx, w.as("owner"), w.place(true, Open).space, NewRoom{Name: "n", Members: []NewAttendee{{w.id("mentor"), RoomUser, ""}}})
		require.ErrorIs(w, err, auth.ErrWrongToken)
		require.ErrorIs(w, w.GrantRole(ctx, key, at.space, at.room, w.people["admin"].ID, RoomUser, false), ErrUserNotFound, "for a key there is no administrator")
		require.NoError(w, w.DeleteUser(ctx, w.people["admin"], w.id("mentor")))
		require.Equal(w, "[Jay:user watcher:monitor]", w.attending(at))
	})
}

func TestMembersArePaged(t *testing.T) {
	onEach(t, func(w *world) {
		w.people["key"] = w.key("rooms:write")
		var members []NewAttendee
		for i := range 5 {
			members = append(members, NewAttendee{w.id(fmt.Sprint("pupil ", i)), RoomUser, ""})
		}
		at, seen := w.meeting(Public, members...), map[string]bool{}
		for offset := 0; offset < 6; offset += 2 {
			page, total, err := w.ListAttendees(w.Context(), w.people["key"], at.room, auth.Slice{Offset: offset, Limit: 2})
			require.NoError(w, err)
			require.Equal(w, 5, total)
			for _, a := range page {
				seen[a.User] = true
			}
		}
		require.Len(w, seen, 5)
		_, _, err := w.ListAttendees(w.Context(), w.people["admin"], at.room, auth.Slice{Limit: 2})
		require.ErrorIs(w, err, auth.ErrWrongToken)
	})
}

// Who is blocked is out at once, and comes in again with the role that he had.
func TestAMemberIsBlocked(t *testing.T) {
	onEach(t, func(w *world) {
		ctx := w.Context()
		w.people["key"] = w.key("rooms:write")
		at := w.meeting(Private, NewAttendee{w.id("host"), RoomModerator, ""}, NewAttendee{w.id("pupil"), RoomUser, ""})
		set := func(name string, in AttendeeChange) (Attendee, error) {
			return w.UpdateAttendee(ctx, w.people["key"], at.room, w.id(name), in)
		}
		block, unblock := AttendeeChange{Blocked: new(true)}, AttendeeChange{Blocked: new(false)}
		w.enter(at, w.as("host"))
		his := w.issues(at, "host")
		for range 2 {
			got, err := set("host", block)
			require.NoError(w, err)
			require.True(w, got.Blocked)
			require.Equal(w, string(CodeBannedInRoom), w.enters(at, "host"))
		}
		require.Equal(w, "[host:moderator blocked pupil:user]", w.attending(at))
		stay := w.onlyStay(at)
		require.Equal(w, GoneBanned, stay.Why)
		_, inRoom := w.holds(his)
		require.False(w, inRoom)
		require.ErrorIs(w, w.GrantRole(ctx, w.people["key"], at.space, at.room, w.id("host"), RoomUser, false), ErrUserBanned)

		got, err := set("host", AttendeeChange{Role: RoomMonitor, Name: new("Ann"), Blocked: new(true)})
		require.NoError(w, err)
		require.Equal(w, []any{"Ann", RoomMonitor, true}, []any{got.Name, got.Role, got.Blocked})
		for range 2 {
			_, err = set("host", unblock)
			require.NoError(w, err)
			require.Equal(w, string(RoomMonitor), w.enters(at, "host"))
		}
		got, err = set("host", AttendeeChange{Name: new("")})
		require.NoError(w, err)
		require.Equal(w, Attendee{Room: at.room, User: w.id("host"), Name: "host", Role: RoomMonitor, Since: noon}, got)

		require.NoError(w, w.Kick(ctx, w.people["key"], at.space, at.room, w.id("pupil")))
		require.Equal(w, "[host:monitor pupil:user]", w.attending(at), "for a moment only")
		_, err = set("pupil", block)
		require.NoError(w, err)
		w.forward(24 * time.Hour)
		require.Equal(w, string(CodeBannedInRoom), w.enters(at, "pupil"))
		require.NoError(w, w.Unban(ctx, w.people["key"], at.space, at.room, w.id("pupil")))
		require.Equal(w, string(RoomUser), w.enters(at, "pupil"))
		e, _, err := w.auth.ListEvents(ctx, w.people["admin"], audit.Filter{Type: audit.Banned, Subject: w.id("pupil")}, first)
		require.NoError(w, err)
		require.Len(w, e, 1)
	})
}

// An administrator blocks by his office as an API key does, each may unblock whom the other has blocked, and support
// looks on.
func TestAMemberIsBlockedByAnOffice(t *testing.T) {
	onEach(t, func(w *world) {
		ctx, office := w.Context(), officer(w.people["admin"])
		w.people["key"] = w.key("rooms:write")
		at := w.meeting(Private, NewAttendee{w.id("pupil"), RoomUser, ""})
		require.NoError(w, w.auth.SetWorkspaceRole(ctx, w.people["admin"], w.id("looker"), auth.Support))
		block := AttendeeChange{Blocked: new(true), Reason: "Noise"}
		_, err := w.UpdateAttendee(ctx, officer(w.as("looker")), at.room, w.id("pupil"), block)
		require.ErrorIs(w, err, ErrForbidden)
		_, err = w.UpdateAttendee(ctx, officer(w.as("stranger")), at.room, w.id("pupil"), block)
		require.ErrorIs(w, err, ErrNotFound)
		_, err = w.UpdateAttendee(ctx, office, at.room, w.id("pupil"), AttendeeChange{Blocked: new(true), Reason: strings.Repeat("x", 501)})
		require.Equal(w, "field", outcome(err))
		require.Equal(w, "[pupil:user]", w.attending(at))

		got, err := w.UpdateAttendee(ctx, office, at.room, w.id("pupil"), block)
		require.NoError(w, err)
		require.True(w, got.Blocked)
		require.Equal(w, "[pupil:user blocked]", w.attending(at))
		bans, _, err := w.ListBans(ctx, office, at.space, at.room, auth.Page{Limit: 9})
		require.NoError(w, err)
		require.Equal(w, "Noise", bans[0].Reason)
		_, err = w.UpdateAttendee(ctx, w.people["key"], at.room, w.id("pupil"), AttendeeChange{Blocked: new(false)})
		require.NoError(w, err)
		require.Equal(w, string(RoomUser), w.enters(at, "pupil"))

		require.NoError(w, w.GrantRole(ctx, office, at.space, at.room, office.ID, RoomUser, false))
		_, err = w.UpdateAttendee(ctx, office, at.room, office.ID, block)
		require.ErrorIs(w, err, ErrRank, "nobody lets himself in again")
	})
}

func TestWhoIsNotBlocked(t *testing.T) {
	onEach(t, func(w *world) {
		ctx := w.Context()
		w.people["key"] = w.key("rooms:write")
		at := w.meeting(Public, NewAttendee{w.id("host"), RoomOwner, ""}, NewAttendee{w.id("pupil"), RoomUser, ""})
		set := func(name string, in AttendeeChange) error {
			_, err := w.UpdateAttendee(ctx, w.people["key"], at.room, w.id(name), in)
			return err
		}
		block := AttendeeChange{Blocked: new(true)}
		require.ErrorIs(w, set("pupil", block), ErrNotPrivate)
		_, err := w.UpdateRoom(ctx, w.people["key"], at.space, at.room, NewRoom{Access: Private})
		require.NoError(w, err)
		require.ErrorIs(w, set("host", block), ErrRank)
		require.ErrorIs(w, set("stranger", block), ErrNoRole)
		require.Equal(w, "field", outcome(set("pupil", AttendeeChange{Role: SpaceOwner})))
		require.Equal(w, "field", outcome(set("pupil", AttendeeChange{Name: new("\u202e")})))
		_, err = w.UpdateAttendee(ctx, w.people["admin"], at.room, w.id("pupil"), block)
		require.ErrorIs(w, err, auth.ErrWrongToken)
		require.Equal(w, "[host:owner pupil:user]", w.attending(at))
	})
}

func TestStaysAreFound(t *testing.T) {
	onEach(t, func(w *world) {
		ctx := w.Context()
		w.people["key"] = w.key("rooms:write")
		at := w.meeting(Public)
		for range 3 {
			w.enter(at, w.as("pupil"))
			w.forward(time.Second)
			require.NoError(w, w.Leave(ctx, w.as("pupil"), at.space, at.room))
		}
		w.enter(at, w.as("pupil"))
		w.forward(time.Second)
		w.enter(at, w.as("friend"))
		for _, row := range []struct {
			f      StayFilter
			in     [2]int
			n, all int
		}{
			{StayFilter{}, [2]int{0, 9}, 5, 5},
			{StayFilter{}, [2]int{3, 9}, 2, 5},
			{StayFilter{Connected: new(true)}, [2]int{0, 1}, 1, 2},
			{StayFilter{Connected: new(false)}, [2]int{1, 9}, 2, 3},
			{StayFilter{User: w.id("pupil")}, [2]int{0, 3}, 3, 4},
			{StayFilter{User: w.id("pupil"), Connected: new(false)}, [2]int{2, 3}, 1, 3},
			{StayFilter{User: w.id("pupil"), Connected: new(true)}, [2]int{0, 3}, 1, 1},
			{StayFilter{User: w.id("pupil"), Connected: new(true)}, [2]int{7, 3}, 0, 1},
		} {
			for _, oldest := range []bool{false, true} {
				stays, total, err := w.FindStays(ctx, w.people["key"], at.room, row.f, auth.Slice{Offset: row.in[0], Limit: row.in[1], Descending: !oldest})
				require.NoError(w, err)
				require.Equal(w, []int{row.n, row.all}, []int{len(stays), total}, row)
				if len(stays) > 1 {
					require.Equal(w, oldest, !stays[0].Began.After(stays[1].Began))
				}
			}
		}
		_, _, err := w.FindStays(ctx, w.people["admin"], at.room, StayFilter{}, auth.Slice{Limit: 9})
		require.ErrorIs(w, err, auth.ErrWrongToken)
	})
}

// onlyStay is the only stay in a room, as an API key sees it.
func (w *world) onlyStay(at place) Stay {
	w.Helper()
	stays, total, err := w.FindStays(w.Context(), w.people["key"], at.room, StayFilter{}, auth.Slice{Limit: 9})
	require.NoError(w, err)
	require.Equal(w, []int{1, 1}, []int{len(stays), total})
	return stays[0]
}
