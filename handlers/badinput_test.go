package handlers_test

import (
	"strings"
	"testing"
)

// A wrong is a request that must be refused with this status and code, naming this field, and change nothing.
type wrong struct {
	name, actor, method, path, body string
	status                          int
	code, field                     string
}

const (
	links   = "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access"
	grants  = "/v1/spaces/{spaceId}/rooms/{roomId}/roles"
	invited = "/v1/spaces/{spaceId}/invites"
)

var wrongs = []wrong{
	{"no e-mail", "outsider", "POST", "/v1/users", `{"username":"n","password":"gmi28abc+x"}`, 422, "invalid", "/email"},
	{"no username", "outsider", "POST", "/v1/users", `{"email":"n@here.test","password":"gmi28abc+x"}`, 422, "invalid", "/username"},
	{"no password", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"n"}`, 422, "password_too_short", "/password"},
	{"empty e-mail", "outsider", "POST", "/v1/users", `{"email":"","username":"n","password":"gmi28abc+x"}`, 422, "invalid", "/email"},
	{"e-mail without @", "outsider", "POST", "/v1/users", `{"email":"here.test","username":"n","password":"gmi28abc+x"}`, 422, "invalid", "/email"},
	{"e-mail as a number", "outsider", "POST", "/v1/users", `{"email":7,"username":"n","password":"gmi28abc+x"}`, 422, "invalid", "/email"},
	{"a username with @", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"a@b","password":"gmi28abc+x"}`, 422, "invalid", "/username"},
	{"a username with a line feed", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"a\nb","password":"gmi28abc+x"}`, 422, "invalid", "/username"},
	{"a username of spaces", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"   ","password":"gmi28abc+x"}`, 422, "invalid", "/username"},
	{"a username in two scripts", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"аdmin","password":"gmi28abc+x"}`, 422, "invalid", "/username"},
	{"an unknown field", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"n","password":"gmi28abc+x","role":"admin"}`, 422, "invalid", "/role"},
	{"a field twice", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"n","password":"gmi28abc+x","username":"m"}`, 422, "invalid", "/username"},
	{"a short password", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"n","password":"gmi28ab"}`, 422, "", "/password"},
	{"a common password", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"n","password":"password1"}`, 422, "", "/password"},
	{"an e-mail that is taken, in capitals", "outsider", "POST", "/v1/users", `{"email":"PUPIL@HERE.TEST","username":"n","password":"gmi28abc+x"}`, 409, "email_taken", ""},
	{"a username that is taken, in capitals", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"PUPIL","password":"gmi28abc+x"}`, 409, "username_taken", ""},

	{"a room's role for an invite", "space owner", "POST", invited, `{"role":"role_room_user"}`, 422, "invalid", "/role"},
	{"an invite to be owner", "space owner", "POST", invited, `{"role":"role_space_owner"}`, 422, "invalid", "/role"},
	{"no role", "space owner", "POST", invited, `{}`, 422, "invalid", "/role"},
	{"role null", "space owner", "POST", invited, `{"role":null}`, 422, "invalid", "/role"},
	{"a space's role in a room", "room owner", "POST", grants, `{"targetUserId":"{userId}","role":"role_space_user"}`, 422, "invalid", "/role"},
	{"the id of nobody", "room owner", "POST", grants, `{"targetUserId":"ffffffffffffffffffffffff","role":"role_room_user"}`, 404, "user_not_found", ""},
	{"an id in capitals", "room owner", "POST", grants, `{"targetUserId":"FFFFFFFFFFFFFFFFFFFFFFFF","role":"role_room_user"}`, 422, "invalid", "/targetUserId"},
	{"an id that is short", "room owner", "POST", grants, `{"targetUserId":"ffff","role":"role_room_user"}`, 422, "invalid", "/targetUserId"},

	{"a ttl of 0", "room owner", "POST", links, `{"username":"A","role":"user","ttl":0}`, 422, "invalid", "/ttl"},
	{"a negative ttl", "room owner", "POST", links, `{"username":"A","role":"user","ttl":-60}`, 422, "invalid", "/ttl"},
	{"a ttl that is too long", "room owner", "POST", links, `{"username":"A","role":"user","ttl":432001}`, 422, "invalid", "/ttl"},
	{"a fractional ttl", "room owner", "POST", links, `{"username":"A","role":"user","ttl":60.5}`, 422, "invalid", "/ttl"},
	{"a ttl as text", "room owner", "POST", links, `{"username":"A","role":"user","ttl":"3600"}`, 422, "invalid", "/ttl"},
	{"a ttl beyond all numbers", "room owner", "POST", links, `{"username":"A","role":"user","ttl":1e400}`, 422, "invalid", "/ttl"},
	{"a guest who would be owner", "room owner", "POST", links, `{"username":"A","role":"owner"}`, 422, "invalid", "/role"},
	{"a guest without a name", "room owner", "POST", links, `{"username":"","role":"user"}`, 422, "invalid", "/username"},
	{"isPermanent as text", "room owner", "POST", links, `{"username":"A","role":"user","isPermanent":"yes"}`, 422, "invalid", "/isPermanent"},

	{"a room of another space", "room owner", "GET", "/v1/spaces/{other}/rooms/{roomId}", "", 404, "not_found", ""},
	{"a link through another space", "room owner", "POST", "/v1/spaces/{other}/rooms/{roomId}/generate-access", `{"username":"A","role":"user"}`, 404, "not_found", ""},
	{"an invite of another space", "outsider", "POST", "/v1/spaces/{other}/invites/{inviteId}/activate", "", 404, "", ""},
	{"an unknown link", "nobody", "POST", "/v1/access/redeem", `{"accessToken":"` + strings.Repeat("A", 91) + `"}`, 404, "link_unknown", ""},
	{"a room id in capitals", "room owner", "GET", "/v1/spaces/{spaceId}/rooms/ABCDEF0123456789ABCDEF01", "", 422, "invalid", "roomId"},
	{"a room id that is long", "room owner", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}0", "", 422, "invalid", "roomId"},

	{"access and isPublic that contradict", "space owner", "POST", "/v1/spaces/{spaceId}/rooms", `{"name":"R","access":"private","isPublic":true}`, 422, "invalid", "/isPublic"},
	{"a token in the query", "room owner", "GET", "/v1/users/me?accessToken=x", "", 422, "token_in_query", ""},
	{"a token in the query of redeem", "nobody", "POST", "/v1/access/redeem?accessToken=x", `{"accessToken":"x"}`, 422, "token_in_query", ""},
	{"half a character", "outsider", "POST", "/v1/users", `{"email":"n@here.test","username":"x\ud800","password":"gmi28abc+x"}`, 422, "invalid", "body"},
	{"a space that can't be seen", "outsider", "POST", "/v1/spaces", `{"name":"\u200b"}`, 422, "invalid", "/name"},
	{"a room that can't be seen", "space owner", "POST", "/v1/spaces/{spaceId}/rooms", `{"name":"\u2800"}`, 422, "invalid", "/name"},
	{"a guest who can't be seen", "room owner", "POST", links, `{"username":"\u3164","role":"user"}`, 422, "invalid", "/username"},
	{"a ban until the year 1", "room owner", "PUT", "/v1/spaces/{spaceId}/rooms/{roomId}/bans/{userId}", `{"until":"0001-01-01T00:00:00Z"}`, 422, "invalid", "/until"},
	{"a room behind an encoded slash", "space owner", "DELETE", "/v1/spaces/{spaceId}%2Frooms%2F{roomId}", "", 422, "invalid", "spaceId"},
	{"a secret in the query", "space owner", "GET", "/v1/users/me?Client-Secret=x", "", 422, "token_in_query", ""},
	{"a page of 0", "administrator", "GET", "/v1/users?limit=0", "", 422, "invalid", "limit"},
	{"a page too large", "administrator", "GET", "/v1/users?limit=101", "", 422, "invalid", "limit"},
	{"a body that is no JSON", "outsider", "POST", "/v1/spaces", `{"name":`, 422, "invalid", "body"},
	{"a body of 10 MB", "outsider", "POST", "/v1/spaces", `{"name":"` + strings.Repeat("x", 10<<20) + `"}`, 413, "", ""},
	{"a name that is too long", "outsider", "POST", "/v1/spaces", `{"name":"` + strings.Repeat("x", 1000) + `"}`, 422, "invalid", "/name"},
}

func TestBadInputChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		sc.keep("other", sc.as("room owner", "POST", "/v1/spaces", `{"name":"Other"}`), "id")
		for _, w := range wrongs {
			sc.refuses(t, w)
		}
	})
}

func (sc *scene) refuses(t *testing.T, w wrong) {
	t.Helper()
	before := sc.applies.Load()
	r := sc.ask(w.actor, w.method, w.path, w.body)
	if r.status != w.status || w.code != "" && r.text("code") != w.code || w.field != "" && r.text("field") != w.field {
		t.Errorf("%s: %d %s %s, want %d %s %s\n%s", w.name,
			r.status, r.text("code"), r.text("field"), w.status, w.code, w.field, r.raw)
	}
	if strings.Contains(r.raw, "gmi28") || strings.Contains(r.raw, "AAAA") || strings.Contains(r.raw, "xxxx") {
		t.Errorf("%s: the answer repeats what came: %s", w.name, r.raw)
	}
	if wrote := sc.applies.Load() - before; wrote != 0 && w.status != 409 { // a taken name is found by trying to take it
		t.Errorf("%s: %d transactions", w.name, wrote)
	}
}

// TestOneRolePerPersonAndPlace: a new role replaces the one before it.
func TestOneRolePerPersonAndPlace(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		for _, role := range []string{"role_room_moderator", "role_room_monitor"} {
			sc.as("room owner", "POST", grants, `{"targetUserId":"{userId}","role":"`+role+`"}`)
		}
		list := sc.as("room owner", "GET", grants, "").raw
		if n := strings.Count(list, sc.id["userId"]); n != 1 {
			t.Errorf("the pupil has %d roles:\n%s", n, list)
		}
		got := sc.as("pupil", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", "").text("role")
		if got != "role_room_monitor" {
			t.Errorf("enters as %s", got)
		}
	})
}
