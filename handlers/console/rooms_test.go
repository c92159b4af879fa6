package console_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/roles"
)

// room makes one through the console, for the users named, and gives its id.
func (r reader) room(name string, users ...string) string {
	r.Helper()
	fields := []string{"name", name, "access", "private", "do", ""}
	for _, user := range users {
		fields = append(fields, "member", r.id[user])
	}
	got := r.sends("/rooms/new", fields...)
	require.Equal(r, 303, got.status, got.text)
	return regexp.MustCompile(`/rooms/([0-9a-f]{24})`).FindStringSubmatch(got.location)[1]
}

// external makes a user whom the school knows by an id of its own.
func (w *world) external(id string, may auth.MemberType) {
	w.Helper()
	u, err := w.CreateExternal(w.Context(), w.admin, id, auth.ExternalPatch{MemberType: &may})
	require.NoError(w, err)
	w.id[id] = u.ID
}

// roleIn is what somebody is in a room.
func (w *world) roleIn(room, user string) roles.Role {
	w.Helper()
	places, _, err := w.spaces.RoomsOf(w.Context(), w.admin, w.id[user], auth.Page{Limit: 9})
	require.NoError(w, err)
	for _, at := range places {
		if at.Room.ID == room {
			return at.Room.Role
		}
	}
	return ""
}

// A room is made with whoever was chosen, each with the permission that is his own; what is chosen stays chosen over a
// search, and where something is refused no room is made.
func TestCreateRoom(t *testing.T) {
	onEach(t, func(w *world) {
		w.external("T-1", auth.HostMember)
		w.external("S-1", auth.GuestMember)
		w.external("S-2", auth.MonitorMember)
		ann := w.reader("ann")
		require.Contains(w, ann.sees(200, "/rooms"), "There is no room yet.")
		require.Contains(w, ann.sees(200, "/rooms/new"), `value="private" checked`)
		got := ann.sends("/rooms/new", "name", "Physics", "access", "private", "member", w.id["T-1"], "q", "s-", "do", "search")
		require.Equal(w, 200, got.status)
		for _, part := range []string{`value="Physics"`, `value="s-"`, `value="` + w.id["T-1"] + `" checked`, `value="` + w.id["S-1"] + `"> S-1`} {
			require.Contains(w, got.text, part)
		}
		require.NotContains(w, got.text, w.id["marie"])
		require.Equal(w, 422, ann.sends("/rooms/new", "name", "", "access", "private").status)
		require.Contains(w, ann.sees(200, "/rooms"), "There is no room yet.")

		room := ann.room("Physics <b>", "T-1", "S-1", "S-2", "marie")
		for user, role := range map[string]roles.Role{"T-1": roles.RoomModerator, "S-1": roles.RoomUser, "S-2": roles.RoomMonitor, "marie": roles.RoomUser, "ann": ""} {
			require.Equal(w, role, w.roleIn(room, user), user)
		}
		page := ann.sees(200, "/rooms/"+room+"?done=roomCreated")
		for _, part := range []string{"The room is created.", "Physics &lt;b&gt;", `scope="col"><span class="unseen">Change</span></th>`, "Specified users only", `data-label="Permission">Host`, "Marie Curie"} {
			require.Contains(w, page, part)
		}
		require.Contains(w, ann.sees(200, "/rooms"), room)
		_, err := w.spaces.Join(w.Context(), w.signedIn("marie@school.test"), w.admin.Workspace, room)
		require.NoError(w, err)
		require.Contains(w, ann.sees(200, "/rooms/"+room), `data-label="Since"`)
		_, err = w.spaces.Join(w.Context(), w.signedIn("ann@school.test"), w.admin.Workspace, room)
		require.Error(w, err, "who manages a room is not let in by that")
	})
}

// A room is renamed, closed, opened again and deleted; its users are changed, blocked and let in again.
func TestARoom(t *testing.T) {
	onEach(t, func(w *world) {
		w.external("S-1", auth.GuestMember)
		ann := w.reader("ann")
		room := ann.room("Physics", "marie")
		at := "/rooms/" + room
		require.Contains(w, ann.does(at+"/edit", "name", "Chemistry", "access", "public"), "<h1>Chemistry</h1>")
		require.Contains(w, ann.does(at+"/members", "member", w.id["S-1"], "role", "role_room_monitor"), "Monitoring")
		require.Equal(w, roles.RoomMonitor, w.roleIn(room, "S-1"))
		marie := at + "/members/" + w.id["marie"]
		require.Contains(w, ann.sees(200, marie), `value="role_room_user" selected`)
		ann.does(marie, "role", "role_room_moderator")
		require.Equal(w, roles.RoomModerator, w.roleIn(room, "marie"))
		require.Contains(w, ann.sees(200, "/users/"+w.id["marie"]), `href="https://usher.test/console`+at+`">Chemistry</a>`)
		_, err := w.spaces.Join(w.Context(), w.signedIn("marie@school.test"), w.admin.Workspace, room)
		require.NoError(w, err)

		page := ann.does(marie+"/block", "reason", "Noise <b>")
		for _, part := range []string{"blocked in this room", "Noise &lt;b&gt;", "for good", marie + "/unblock"} {
			require.Contains(w, page, part)
		}
		require.Empty(w, w.roleIn(room, "marie"))
		require.Contains(w, page, `id="present-found">`+"\n"+`<p class="empty">Nobody.</p>`)
		require.Equal(w, 409, ann.sends(marie, "role", "role_room_user").status)
		require.Contains(w, ann.sees(200, marie+"/unblock"), "The permission that there was does not come back.")
		require.Contains(w, ann.does(marie+"/unblock"), "Nobody is blocked in this room.")
		ann.does(at + "/members/" + w.id["S-1"] + "/remove")
		require.Empty(w, w.roleIn(room, "S-1"))
		require.Equal(w, 404, ann.sends(at+"/members/"+w.id["S-1"]+"/remove").status)

		require.Contains(w, ann.sees(200, "/users/"+w.id["ann"]), "No role in any room.")
		require.Contains(w, ann.sees(200, "/rooms"), `data-label="State">Open</td>`)
		require.Contains(w, ann.does(at+"/close"), "<dd> <mark>Closed</mark></dd>")
		require.Contains(w, ann.sees(200, "/rooms?state=closed"), "Chemistry")
		require.NotContains(w, ann.sees(200, "/rooms?state=open"), "Chemistry")
		require.Contains(w, ann.does(at+"/reopen"), "<dd>Open</dd>")
		require.Contains(w, ann.does(at+"/delete"), "The room is deleted.")
		ann.sees(404, at)
	})
}

// Whoever is blocked in a private room keeps his permission there for when he is not any more, as in the API.
func TestAMemberOfAPrivateRoomIsBlocked(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		room := ann.room("Physics", "marie")
		marie := "/rooms/" + room + "/members/" + w.id["marie"]
		require.Contains(w, ann.does(marie+"/block", "reason", "Noise"), "Noise")
		require.Equal(w, roles.RoomUser, w.roleIn(room, "marie"))
		_, err := w.spaces.Join(w.Context(), w.signedIn("marie@school.test"), w.admin.Workspace, room)
		var banned *roles.BannedError
		require.ErrorAs(w, err, &banned)
		require.Contains(w, ann.sees(200, marie+"/unblock"), "with the permission that there was: Guest.")
		require.Contains(w, ann.does(marie+"/unblock"), "Nobody is blocked in this room.")
		_, err = w.spaces.Join(w.Context(), w.signedIn("marie@school.test"), w.admin.Workspace, room)
		require.NoError(w, err)
	})
}

// Rooms come the newest first, page by page.
func TestTheListOfRooms(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		for i := range 27 {
			w.ahead.Add(int64(time.Second))
			ann.room("Room " + string(rune('A'+i)))
		}
		first := ann.sees(200, "/rooms")
		require.Contains(w, first, "rooms-from=25")
		require.NotContains(w, first, ">Room A<")
		second := ann.sees(200, "/rooms?rooms-from=25")
		require.Contains(w, second, ">Room A<")
		require.Contains(w, second, "rooms-from=0")
		require.NotContains(w, second, `rel="next"`)
		ann.sees(200, "/rooms?rooms-from=-9999999999999999999")
		require.Contains(w, ann.sees(200, "/rooms?rooms-from=50"), "Nothing on this page.")
		require.Contains(w, ann.sees(200, "/rooms?state=closed"), "No room is closed.")
		require.Contains(w, ann.sees(200, "/users?users-after=fg"), "Nothing on this page.", "behind the last")
	})
}

// A link is made by who is a host of the room himself, since it falls with his role, and is shown once.
func TestMakeALink(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		room := ann.room("Physics")
		at := "/rooms/" + room
		require.Contains(w, ann.sees(200, at+"/link"), "you need to be a host of this room yourself")
		require.Equal(w, 404, ann.sends(at+"/link", "username", "John", "role", "user", "hours", "24").status)
		ann.does(at+"/members/"+w.id["ann"], "role", "role_room_moderator")
		require.Equal(w, 422, ann.sends(at+"/link", "username", "", "role", "user", "hours", "24").status)
		require.Equal(w, 422, ann.sends(at+"/link", "username", "John", "role", "user", "hours", "-1").status)
		got := ann.sends(at+"/link", "username", "John <b>", "role", "user", "hours", "24")
		require.Equal(w, 200, got.status)
		for _, part := range []string{"John &lt;b&gt;", "accessToken=", "<svg", "nobody can see it again"} {
			require.Contains(w, got.text, part)
		}
		require.NotContains(w, ann.sees(200, at), "accessToken=")
	})
}

// Whoever was chosen and is deleted before the form is sent is left out, and nothing else of what was typed is lost.
func TestAUserWhoIsGoneMeanwhile(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		room := ann.room("Physics")
		gone := []string{strings.Repeat("0", 24), strings.Repeat("1", 24)}
		for _, to := range []string{"/rooms/new", "/rooms/" + room + "/members"} {
			fields := []string{"name", "Chemistry", "access", "public", "role", "role_room_monitor", "q", "sue", "searched", "sue", "member", w.id["marie"], "member", gone[0]}
			for _, said := range []string{"Of those whom you chose, 1 is not there any more.", "Of those whom you chose, 2 are not there any more."} {
				got := ann.sends(to, fields...)
				require.Equal(w, 422, got.status, to)
				require.Contains(w, got.text, `<small class="wrong">`+said, to)
				require.Contains(w, got.text, `value="`+w.id["marie"]+`" checked`, to)
				require.Contains(w, got.text, `value="`+w.id["sue"]+`"> Sue`, to)
				require.NotContains(w, got.text, gone[0], to)
				require.Regexp(w, `name="name" value="Chemistry"|value="role_room_monitor" selected`, got.text, to)
				fields = append(fields, "member", gone[1])
			}
			require.Equal(w, 200, ann.sends(to, append(fields, "do", "search")...).status, to)
			for i := range 499 {
				fields = append(fields, "member", fmt.Sprintf("%024x", i))
			}
			got := ann.sends(to, fields...)
			require.Equal(w, 422, got.status, to)
			require.Contains(w, got.text, `<small class="wrong">More than 500 at once.`, to)
			require.Contains(w, got.text, `value="`+w.id["marie"]+`" checked`, to)
		}
		require.NotContains(w, ann.sees(200, "/rooms"), "Chemistry")
		require.Empty(w, w.roleIn(room, "marie"))
	})
}

// Whoever is in a room already is not found for it once more, and where somebody cannot be let in, nobody is: he is named.
func TestWhoCannotBeChosen(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		for i := range 60 {
			w.external(fmt.Sprint("S-", i), auth.GuestMember)
		}
		var all []string
		for i := range 55 {
			all = append(all, fmt.Sprint("S-", i))
		}
		room := ann.room("Physics", all...)
		to := "/rooms/" + room + "/members"
		found := ann.sends(to, "q", "s-", "do", "search").text
		require.Equal(w, 5, strings.Count(found, `type="checkbox" name="member"`))
		require.NotContains(w, found, w.id["S-1"])
		require.Contains(w, ann.sends("/rooms/new", "q", "s-1", "do", "search").text, w.id["S-1"])

		ann.does(to + "/" + w.id["marie"] + "/block")
		ann.does(to+"/"+w.id["S-1"], "role", "role_room_moderator")
		for name, said := range map[string]string{
			"marie": "Nobody was added, because these are blocked here: Marie Curie.",
			"S-1":   "Nobody was added, because these have another permission here already: S-1.",
		} {
			got := ann.sends(to, "role", "", "member", w.id["S-57"], "member", w.id[name], "member", w.id["S-2"])
			require.Equal(w, 422, got.status)
			require.Contains(w, got.text, `<small class="wrong">`+said)
			require.Contains(w, got.text, `value="`+w.id[name]+`" checked`)
			require.Empty(w, w.roleIn(room, "S-57"))
		}
		require.Equal(w, roles.RoomModerator, w.roleIn(room, "S-1"))
		ann.does(to, "role", "", "member", w.id["S-57"], "member", w.id["S-2"])
		require.Equal(w, roles.RoomUser, w.roleIn(room, "S-57"))
	})
}
