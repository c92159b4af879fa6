package pagecall

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
)

func TestRooms(t *testing.T) {
	onEach(t, func(d *door) {
		made := d.ok("POST", "/rooms", `{"name":"Algebra","type":"public","record":true,"max_meeting_seconds":60,"members":null,"room_template_id":"x"}`)
		id := made.text("room", "id")
		at := time.UnixMilli(d.clock.Load()).UTC().Format("2006-01-02T15:04:05.999Z07:00")
		require.JSONEq(d, fmt.Sprintf(`{"room":{"id":%q,"application_id":%q,"type":"public","name":"Algebra","max_meeting_seconds":60,
			"meeting_time":0,"is_terminated":false,"created_at":%q,"updated_at":%q}}`, id, d.c.Workspace, at, at), made.raw)
		require.Equal(d, made.raw, d.ok("GET", "/rooms/"+id, "").raw)

		require.Equal(d, "Hello", d.ok("POST", "/rooms/"+id+"/message", `{"message":"Hello"}`).text("message"))
		require.Equal(d, "Geometry", d.ok("PUT", "/rooms/"+id, `{"name":"Geometry"}`).text("room", "name"))
		closed := d.ok("PUT", "/rooms/"+id, `{"is_terminated":true}`)
		require.Equal(d, []any{true, at, "Geometry"}, []any{closed.of("room", "is_terminated"), closed.of("room", "terminated_at"), closed.of("room", "name")})
		d.refused(400, "room_closed", "", "POST", "/rooms/"+id+"/message", `{"message":"Hello"}`)
		open := d.ok("PUT", "/rooms/"+id, `{"is_terminated":false,"application_id":"x"}`)
		require.Equal(d, []any{false, nil}, []any{open.of("room", "is_terminated"), open.of("room", "terminated_at")})

		require.Equal(d, open.raw, d.ok("DELETE", "/rooms/"+id, "").raw)
		for _, method := range []string{"GET", "DELETE"} {
			d.refused(404, "not_found", "", method, "/rooms/"+id, "")
			d.refused(404, "not_found", "", method, "/rooms/nothing", "")
		}
		d.refused(404, "not_found", "", "PUT", "/rooms/"+id, `{}`)
		d.refused(404, "not_found", "", "POST", "/rooms/"+id+"/message", `{"message":"Hello"}`)
		d.refused(400, "invalid", "/message", "POST", "/rooms/"+id+"/message", `{"message":""}`)
		for _, host := range []string{"10.0.0.1", "localhost", "a.localhost", "127.1", "[::1]"} {
			d.refused(400, "invalid", "/webhook/url", "POST", "/rooms", `{"name":"n","type":"open","webhook":{"url":"https://`+host+`/"}}`)
		}
		d.refused(400, "invalid", "/webhook/headers", "POST", "/rooms", `{"name":"n","type":"open","webhook":{"url":"https://a.test","headers":{"Host":"b"}}}`)
		d.refused(400, "invalid", "/type", "POST", "/rooms", `{"name":"n"}`)
		d.refused(400, "invalid", "/type", "POST", "/rooms", `{"name":"n","type":"secret"}`)
		d.refused(400, "invalid", "/name", "POST", "/rooms", `{"name":" ","type":"open"}`)
		d.refused(400, "invalid", "/max_meeting_seconds", "POST", "/rooms", `{"name":"n","type":"open","max_meeting_seconds":-1}`)
	})
}

func TestRoomsAreListed(t *testing.T) {
	onEach(t, func(d *door) {
		var ids []string
		for _, name := range []string{"A", "B", "A", "C"} {
			ids = append(ids, d.ok("POST", "/rooms", `{"type":"open","name":"`+name+`"}`).text("room", "id"))
			d.clock.Add(1000)
		}
		d.ok("PUT", "/rooms/"+ids[0], `{"is_terminated":true}`)
		names := func(query string) string {
			d.Helper()
			a := d.ok("GET", "/rooms"+query, "")
			return fmt.Sprint(strings.Join(a.list("rooms", "name"), ""), " of ", a.of("paging", "total"))
		}
		require.Equal(d, "CABA of 4", names(""))
		require.Equal(d, "ABAC of 4", names("?sort_by=%2Bcreated_at"))
		require.Equal(d, "AB of 4", names("?offset=1&limit=2"))
		require.Equal(d, "AA of 2", names("?name=A"))
		require.Equal(d, "A of 1", names("?name=A&is_terminated=true"))
		require.Equal(d, "CAB of 3", names("?is_terminated=false"))
		d.refused(400, "invalid", "is_terminated", "GET", "/rooms?is_terminated=perhaps", "")
		require.Equal(d, "CABA of 4", names("?layout=SixAll"))
	})
}

// A back end that asks for what is new sees each change of a room, and none where nothing changed.
func TestARoomSaysWhenItChanged(t *testing.T) {
	onEach(t, func(d *door) {
		id := d.ok("POST", "/rooms", `{"name":"Algebra","type":"private"}`).text("room", "id")
		d.ok("POST", "/users", `{"user_id":"u-1"}`)
		d.clock.Add(1000)
		for _, change := range []string{`{"name":"Geometry"}`, `{"is_terminated":true}`, `{"is_terminated":false}`} {
			changed := d.ok("PUT", "/rooms/"+id, change)
			require.Equal(d, time.UnixMilli(d.clock.Load()).UTC().Format("2006-01-02T15:04:05.999Z07:00"), changed.text("room", "updated_at"))
			d.clock.Add(1000)
			require.Equal(d, changed.raw, d.ok("PUT", "/rooms/"+id, change).raw)
			d.ok("POST", "/rooms/"+id+"/members", `{"user_id":"u-1"}`)
			require.Equal(d, changed.raw, d.ok("GET", "/rooms/"+id, "").raw)
		}
	})
}

// A room comes with all its members, or not at all.
func TestARoomWithMembers(t *testing.T) {
	onEach(t, func(d *door) {
		for id, is := range map[string]string{"mentor": "host", "mentee": "guest", "watcher": "monitor"} {
			d.ok("POST", "/users", fmt.Sprintf(`{"user_id":%q,"default_member_type":%q}`, id, is))
		}
		d.refused(400, "invalid", "/members/1/user_id", "POST", "/rooms", `{"name":"n","type":"private","members":[{"user_id":"mentor"},{"user_id":"nobody"}]}`)
		d.refused(400, "invalid", "/members/0/type", "POST", "/rooms", `{"name":"n","type":"private","members":[{"user_id":"mentor","type":"owner"}]}`)
		require.Empty(d, d.ok("GET", "/rooms", "").list("rooms", "id"))
		room := d.ok("POST", "/rooms", `{"name":"n","type":"private","members":[
			{"user_id":"mentor"},{"user_id":"mentee","type":null,"name":"Jay"},{"user_id":"watcher","type":"host"}]}`).text("room", "id")
		types := map[string]string{}
		members := d.ok("GET", "/rooms/"+room+"/members", "")
		for i, id := range members.list("members", "user_id") {
			types[id] = members.list("members", "type")[i] + " " + members.list("members", "name")[i]
		}
		require.Equal(d, map[string]string{"mentor": "host mentor", "mentee": "guest Jay", "watcher": "host watcher"}, types)
		require.Equal(d, 3., members.of("paging", "total"))
		require.Len(d, d.ok("GET", "/rooms/"+room+"/members?limit=2&offset=2", "").list("members", "id"), 1)
	})
}

func TestMembers(t *testing.T) {
	onEach(t, func(d *door) {
		user := d.ok("POST", "/users", `{"user_id":"u-1","name":"Ann","default_member_type":"monitor"}`).text("user", "id")
		room := d.ok("POST", "/rooms", `{"name":"n","type":"private"}`).text("room", "id")
		open := d.ok("POST", "/rooms", `{"name":"n","type":"open","members":[{"user_id":"u-1"}]}`).text("room", "id")
		at := "/rooms/" + room + "/members"
		d.refused(404, "no_role", "", "GET", at+"/u-1", "")
		d.refused(400, "invalid", "/user_id", "POST", at, `{"user_id":"u-2"}`)
		made := d.ok("POST", at, `{"user_id":"u-1"}`)
		require.Equal(d, []string{user, "u-1", room, "monitor", "Ann"}, []string{
			made.text("member", "id"), made.text("member", "user_id"), made.text("member", "room_id"), made.text("member", "type"), made.text("member", "name"),
		})
		require.Equal(d, "guest", d.ok("POST", at, `{"user_id":"u-1","type":"guest"}`).text("member", "type"))
		for _, id := range []string{"u-1", user} {
			require.Equal(d, "u-1", d.ok("GET", at+"/"+id, "").text("member", "user_id"))
			for _, blocked := range []bool{true, true, false} {
				is := d.ok("PUT", at+"/"+id, fmt.Sprintf(`{"name":"A.","type":"host","is_blocked":%v}`, blocked))
				require.Equal(d, []any{"A.", "host", blocked}, []any{is.of("member", "name"), is.of("member", "type"), is.of("member", "is_blocked")})
				require.Equal(d, is.raw, d.ok("PUT", at+"/"+id, `{}`).raw)
			}
		}
		d.ok("PUT", at+"/u-1", `{"is_blocked":true}`)
		d.refused(400, "user_banned", "", "POST", at, `{"user_id":"u-1"}`)
		d.refused(400, "not_private", "", "PUT", "/rooms/"+open+"/members/u-1", `{"is_blocked":true}`)
		d.refused(404, "no_role", "", "PUT", at+"/u-2", `{}`)
		d.refused(404, "not_found", "", "GET", "/rooms/"+user+"/members", "")
		d.ok("DELETE", "/users/u-1", "")
		require.Empty(d, d.ok("GET", at, "").list("members", "id"))
	})
}

func TestSessions(t *testing.T) {
	onEach(t, func(d *door) {
		room, ctx := d.ok("POST", "/rooms", `{"name":"n","type":"public"}`).text("room", "id"), d.Context()
		d.ok("POST", "/users", `{"user_id":"u-1"}`)
		admin := d.signIn(d.c.PublicClient, "admin")
		_, err := d.auth.CreateUser(ctx, admin, auth.NewUser{Email: "ann@a.test", Username: "ann", Password: secret.New(goodPass)})
		require.NoError(d, err)
		ann := d.signIn(d.c.PublicClient, "ann")
		pass, err := d.spaces.Join(ctx, ann, d.c.Workspace, room)
		require.NoError(d, err)
		d.clock.Add(2000)
		require.NoError(d, d.spaces.Leave(ctx, ann, d.c.Workspace, room))
		_, err = d.spaces.Join(ctx, ann, d.c.Workspace, room)
		require.NoError(d, err)

		at := "/rooms/" + room + "/sessions"
		all := d.ok("GET", at, "")
		require.Equal(d, 2., all.of("paging", "total"))
		require.Equal(d, pass.Session, all.list("sessions", "id")[1])
		require.Equal(d, []string{ann.ID, ann.ID}, all.list("sessions", "member_id"))
		require.Equal(d, []bool{true, false}, []bool{all.list("sessions", "disconnected_at")[0] == "", all.list("sessions", "disconnected_at")[1] == ""})
		require.Equal(d, pass.Session, d.ok("GET", at+"?sort_by=+connected_at&limit=1", "").list("sessions", "id")[0])
		require.Equal(d, []string{pass.Session}, d.ok("GET", at+"?is_connecting=false", "").list("sessions", "id"))
		require.Len(d, d.ok("GET", at+"?is_connecting=true", "").list("sessions", "id"), 1)
		for _, id := range []string{"u-1", "u-2"} {
			require.Equal(d, 0., d.ok("GET", at+"?user_id="+id, "").of("paging", "total"))
		}
		d.refused(404, "not_found", "", "GET", "/rooms/"+ann.ID+"/sessions", "")
	})
}

// A room has the webhook that it was made with, whose headers nobody is shown.
func TestARoomHasAWebhook(t *testing.T) {
	onEach(t, func(d *door) {
		made := d.ok("POST", "/rooms", `{"name":"n","type":"open","webhook":{"url":"https://a.test/hook","headers":{"X-Key":"s3cret"}}}`)
		require.NotContains(d, made.raw, "s3cret")
		key, err := d.auth.Authenticate(d.Context(), d.key)
		require.NoError(d, err)
		told, err := d.spaces.GetWebhook(d.Context(), key, d.c.Workspace, made.text("room", "id"))
		require.NoError(d, err)
		require.Equal(d, []string{"https://a.test/hook", "X-Key"}, append([]string{told.URL}, told.Headers...))
	})
}
