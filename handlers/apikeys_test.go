package handlers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// apiKey makes an API key with these scopes through the API, as an administrator.
func (d *door) apiKey(admin, scopes string) (id, key string) {
	d.t.Helper()
	made := d.ok(201, admin, "POST", "/v1/api-keys", `{"name":"Import","scopes":["`+scopes+`"],"expiresIn":3600}`)
	return made.text("id"), made.text("key")
}

func (d *door) refused(status int, code string, r reply) {
	d.t.Helper()
	require.Equal(d.t, status, r.status, r.raw)
	require.Equal(d.t, code, r.text("code"))
}

// What a key may is its scopes, and the contract says which one each operation needs.
func TestAnAPIKeyMayWhatItsScopesSay(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		admin, _ := d.workspace("here")
		_, reads := d.apiKey(admin, "users:read")
		_, writes := d.apiKey(admin, "users:write")
		_, rooms := d.apiKey(admin, `rooms:write","access:write`)
		const ann = `{"email":"ann@here.test","username":"ann","password":"gmi28abc+gmi28abc"}`

		id := d.ok(201, writes, "POST", "/v1/users", ann).text("id")
		for _, key := range []string{reads, writes} {
			require.Len(t, d.ok(200, key, "GET", "/v1/users", "").body["items"], 1, "and not the administrator")
			require.Equal(t, "ann", d.ok(200, key, "GET", "/v1/users/"+id, "").text("username"))
		}
		for _, ask := range [][2]string{
			{"POST", "/v1/users"},
			{"PATCH", "/v1/users/" + id},
			{"PUT", "/v1/users/" + id + "/block"},
			{"DELETE", "/v1/users/" + id + "/block"},
			{"DELETE", "/v1/users/" + id},
		} {
			d.refused(403, "scope_missing", d.do(reads, ask[0], ask[1], ""))
			d.refused(403, "scope_missing", d.do(rooms, ask[0], ask[1], ""))
		}
		d.refused(403, "scope_missing", d.do(rooms, "GET", "/v1/users", ""))
		for _, ask := range [][2]string{
			{"GET", "/v1/users/me"},
			{"PUT", "/v1/users/" + id + "/role"},
			{"GET", "/v1/api-keys"},
			{"POST", "/v1/api-keys"},
			{"GET", "/v1/clients"},
			{"POST", "/v1/clients"},
			{"GET", "/v1/audit"},
			{"POST", "/v1/spaces"},
		} {
			d.refused(403, "wrong_token", d.do(writes, ask[0], ask[1], ""))
		}
		d.ok(204, writes, "DELETE", "/v1/users/"+id, "")
	})
}

// A key with the scopes for it owns the rooms of the default space, and finds no others.
func TestAnAPIKeyOwnsTheRoomsOfTheDefaultSpace(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		admin, c := d.workspace("here")
		_, rooms := d.apiKey(admin, "rooms:write")
		_, reads := d.apiKey(admin, "rooms:read")
		_, users := d.apiKey(admin, "users:write")
		home := "/v1/spaces/" + c.Workspace
		made := d.ok(201, rooms, "POST", home+"/rooms", `{"name":"Algebra","access":"private","maxMeetingSeconds":60}`)
		room := home + "/rooms/" + made.text("id")
		got := d.ok(200, reads, "GET", room, "")
		require.Equal(t, "role_room_owner", got.text("roleInRoom"))
		require.EqualValues(t, 60, got.body["maxMeetingSeconds"])
		require.Equal(t, got.raw, d.ok(200, reads, "GET", "/v1/spaces/room-by-alias/"+made.text("alias"), "").raw)
		require.Len(t, d.ok(200, reads, "GET", home+"/rooms", "").body["items"], 1)
		d.refused(403, "scope_missing", d.do(reads, "POST", home+"/rooms", `{"name":"n"}`))
		d.refused(403, "scope_missing", d.do(reads, "PUT", room, `{"name":"n"}`))
		d.refused(403, "scope_missing", d.do(users, "GET", room, ""))

		require.Equal(t, true, d.ok(200, rooms, "PUT", room, `{"name":"Geometry","isClosed":true}`).body["isClosed"])
		d.ok(204, rooms, "POST", room+"/close", "")
		require.Equal(t, false, d.ok(200, rooms, "PUT", room, `{"name":"Geometry","isClosed":false}`).body["isClosed"])
		ann := d.ok(201, users, "POST", "/v1/users", `{"email":"ann@here.test","username":"ann","password":"gmi28abc+gmi28abc"}`).text("id")
		d.ok(200, rooms, "POST", room+"/roles", `{"targetUserId":"`+ann+`","role":"role_room_owner"}`)
		require.Contains(t, d.ok(200, reads, "GET", room+"/roles", "").raw, ann)
		d.ok(204, rooms, "DELETE", room+"/roles/"+ann, "")
		d.ok(204, rooms, "PUT", room+"/bans/"+ann, `{}`)
		require.Contains(t, d.ok(200, reads, "GET", room+"/bans", "").raw, ann)
		d.ok(204, rooms, "DELETE", room+"/bans/"+ann, "")

		open := home + "/rooms/" + d.ok(201, rooms, "POST", home+"/rooms", `{"name":"Open day","access":"open"}`).text("id")
		guest := d.ok(200, "", "POST", open+"/join-as-guest", `{"name":"Passer-by"}`).text("access_token")
		d.ok(200, guest, "POST", open+"/join", "")
		require.Contains(t, d.ok(200, reads, "GET", open+"/sessions", "").raw, "Passer-by")

		space := d.ok(201, admin, "POST", "/v1/spaces", `{"name":"Own","isPublic":true}`).text("id")
		other := d.ok(201, admin, "POST", "/v1/spaces/"+space+"/rooms", `{"name":"Own","access":"open"}`).text("id")
		d.refused(404, "not_found", d.do(rooms, "GET", "/v1/spaces/"+space+"/rooms/"+other, ""))
		d.refused(404, "not_found", d.do(rooms, "POST", "/v1/spaces/"+space+"/rooms", `{"name":"n"}`))
		require.Contains(t, d.ok(200, admin, "GET", "/v1/spaces", "").raw, c.Workspace)
		d.refused(409, "default_space", d.do(admin, "DELETE", home, ""))
		d.ok(204, rooms, "DELETE", room, "")
		d.refused(404, "not_found", d.do(rooms, "GET", room, ""))
	})
}

func TestAnAPIKeyThatIsNone(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		admin, _ := d.workspace("here")
		other, _ := d.workspace("other")
		id, key := d.apiKey(admin, "users:read")
		_, elsewhere := d.apiKey(other, "users:write")
		user := d.ok(201, admin, "POST", "/v1/users", `{"email":"ann@here.test","username":"ann","password":"gmi28abc+gmi28abc"}`).text("id")

		d.refused(404, "not_found", d.do(elsewhere, "GET", "/v1/users/"+user, ""))
		require.Nil(t, d.ok(200, elsewhere, "GET", "/v1/users", "").body["next"])
		mistyped := d.do(key[:len(key)-1], "GET", "/v1/users", "")
		d.refused(401, "key_mistyped", mistyped)
		require.Equal(t, `Bearer error="invalid_token"`, mistyped.header.Get("WWW-Authenticate"))
		d.refused(422, "token_in_query", d.do("", "GET", "/v1/users?api_key="+key, ""))

		d.refused(401, "no_token", d.do("", "GET", "/v1/users", "", "Cookie", "accessToken="+key))
		listed := d.ok(200, admin, "GET", "/v1/api-keys", "").raw
		require.Contains(t, listed, id)
		require.NotContains(t, listed, key[31:])
		d.refused(404, "not_found", d.do(other, "DELETE", "/v1/api-keys/"+id, ""))
		d.ok(200, key, "GET", "/v1/users", "")
		d.ok(204, admin, "DELETE", "/v1/api-keys/"+id, "")
		d.refused(401, "invalid_token", d.do(key, "GET", "/v1/users", ""))
		_, expires := d.apiKey(admin, "users:read")
		d.clock.Add(3600e3)
		d.refused(401, "invalid_token", d.do(expires, "GET", "/v1/users", ""))
		log := d.log.Take()
		for _, secret := range []string{key, elsewhere, expires} {
			require.False(t, strings.Contains(log, secret[31:]), "a key is in the log")
		}
	})
}

func TestADeletedClientIsOverAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		admin, _ := d.workspace("here")
		made := d.ok(201, admin, "POST", "/v1/clients", `{"name":"Portal","public":true}`)
		require.NotContains(t, made.body, "client_secret")
		id := made.text("client_id")
		token := d.signIn(id, "admin@here.test")
		d.ok(200, token, "GET", "/v1/users/me", "")
		require.Contains(t, d.ok(200, admin, "GET", "/v1/clients", "").raw, id)
		d.ok(204, admin, "DELETE", "/v1/clients/"+id, "")
		d.refused(401, "invalid_token", d.do(token, "GET", "/v1/users/me", ""))
		require.NotContains(t, d.ok(200, admin, "GET", "/v1/clients", "").raw, id)
	})
}
