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
