package handlers_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/mail"
	"usher/internal/secret"
	"usher/internal/store"
)

// A doomed session is going to end.
type doomed struct {
	*scene
	access, refresh string
	name, other     string // a user's, and the access token of another session of his
	link, seatKey   string // a guest's
}

// userEndings are the ways in which a user's session ends.
var userEndings = []struct {
	how string
	end func(doomed)
}{
	{"logout", func(s doomed) { s.ok(204, s.access, "POST", "/v1/auth/logout", "") }},
	{"its refresh token is revoked", func(s doomed) { s.revoke(s.refresh) }},
	{"its access token is revoked", func(s doomed) { s.revoke(s.access) }},
	{"it is ended from another one", func(s doomed) {
		s.ok(204, s.other, "DELETE", "/v1/auth/sessions/"+claims(s.scene, s.access).text("sid"), "")
	}},
	{"all others are ended", func(s doomed) { s.ok(204, s.other, "DELETE", "/v1/auth/sessions", "") }},
	{"the password is changed", func(s doomed) {
		s.ok(200, s.other, "POST", "/v1/users/me/password", `{"oldPassword":"`+goodPass+`","newPassword":"another horse 8 battery"}`)
	}},
	{"the password is changed by itself", func(s doomed) {
		s.ok(200, s.access, "POST", "/v1/users/me/password", `{"oldPassword":"`+goodPass+`","newPassword":"another horse 8 battery"}`)
	}},
	{"the operator gives another password", func(s doomed) {
		_, err := s.auth.ResetAdmin(s.t.Context(), claims(s.scene, s.access).text("wId"), s.name+"@here.test", secret.New("another horse 8 battery"))
		must(s.t, err)
	}},
	{"the user is blocked", func(s doomed) { s.as("administrator", "PUT", "/v1/users/{"+s.name+"}/block", "") }},
	{"the user was blocked", func(s doomed) {
		s.as("administrator", "PUT", "/v1/users/{"+s.name+"}/block", "")
		s.as("administrator", "DELETE", "/v1/users/{"+s.name+"}/block", "")
	}},
	{"the user is deleted", func(s doomed) { s.as("administrator", "DELETE", "/v1/users/{"+s.name+"}", "") }},
	{"the user deletes himself", func(s doomed) { s.ok(204, s.other, "DELETE", "/v1/users/me", `{"password":"`+goodPass+`"}`) }},
	{"a forgotten password is reset", func(s doomed) {
		must(s.t, s.auth.ForgotPassword(s.t.Context(), s.id["web"], s.name+"@here.test"))
		s.mailed("lost", mail.Reset, s.name)
		s.as("nobody", "POST", "/v1/auth/password/reset", `{"token":"{lost}","newPassword":"another horse 8 battery"}`)
	}},
	{"a change of the address is undone", func(s doomed) {
		s.moved(s.name, "undo", s.name+"@moved.test")
		s.as("nobody", "POST", "/v1/auth/email/undo", `{"token":"{undo}","newPassword":"another horse 8 battery"}`)
	}},
	{"a refresh token comes twice", func(s doomed) { s.steal() }},
	{"it was not refreshed for too long", func(s doomed) { s.late() }},
	{"the client is deleted", func(s doomed) { s.as("administrator", "DELETE", "/v1/clients/{doomed client}", "") }},
}

// guestEndings are the ways in which a seat's session ends. Each guest sits in a room of his own, which the space's
// moderator owns.
var guestEndings = []struct {
	how string
	end func(doomed)
}{
	{"logout", func(s doomed) { s.ok(204, s.access, "POST", "/v1/auth/logout", "") }},
	{"the seat is left", func(s doomed) { s.ok(204, s.access, "DELETE", "/v1/access/seat", "") }},
	{"its refresh token is revoked", func(s doomed) { s.revoke(s.refresh) }},
	{"its access token is revoked", func(s doomed) { s.revoke(s.access) }},
	{"a refresh token comes twice", func(s doomed) { s.steal() }},
	{"the link is redeemed again", func(s doomed) {
		s.ok(200, "", "POST", "/v1/access/redeem", `{"accessToken":"`+s.link+`","seatKey":"`+s.seatKey+`"}`)
	}},
	{"the guest is kicked", func(s doomed) { s.as("space moderator", "POST", inRoom+"/kick", `{"seatId":"{doomed}"}`) }},
	{"the guest is banned", func(s doomed) { s.as("space moderator", "PUT", inRoom+"/bans/{doomed}", `{}`) }},
	{"the link is paused", func(s doomed) { s.as("space moderator", "PATCH", inRoom+"/access-links/{linkId}", `{"paused":true}`) }},
	{"the link is revoked", func(s doomed) { s.as("space moderator", "DELETE", inRoom+"/access-links/{linkId}", "") }},
	{"who issued the link loses the right to", func(s doomed) {
		s.as("space moderator", "DELETE", inRoom+"/roles/{room user}", "")
	}},
	{"the link expires", func(s doomed) { s.late() }},
	{"the room is deleted", func(s doomed) { s.as("space moderator", "DELETE", inRoom, "") }},
	{"the space is deleted", func(s doomed) { s.as("space owner", "DELETE", "/v1/spaces/{spaceId}", "") }},
}

const inRoom = "/v1/spaces/{spaceId}/rooms/{roomId}"

func (s doomed) revoke(token string) {
	s.t.Helper()
	s.ok(200, "", "POST", "/v1/auth/revoke", `{"token":"`+token+`"}`)
}

// steal presents a refresh token whose successor has been presented.
func (s doomed) steal() {
	s.t.Helper()
	mine, _ := json.Marshal(map[string]string{"grant_type": "refresh_token", "refresh_token": s.refresh})
	next := s.ok(200, "", "POST", "/v1/auth/token", string(mine)).text("refresh_token")
	s.ok(200, "", "POST", "/v1/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+next+`"}`)
	s.ok(400, "", "POST", "/v1/auth/token", string(mine))
}

// late puts an end to a session that a refresh would have moved on: its access token is as fresh as ever.
func (s doomed) late() {
	s.t.Helper()
	said := claims(s.scene, s.access)
	key := auth.SessionKey(said.text("sub"), said.text("sid"))
	if said.text("aud") == "guest" {
		key = auth.LinkKey(said.text("roomId"), said.text("linkId"))
	}
	_, err := s.auth.Apply(s.t.Context(), store.Tx{Do: []store.Write{
		store.Set(key, store.Record{"ends": store.Millis(time.UnixMilli(s.clock.Load()))}),
	}})
	must(s.t, err)
}

// However a session ends, every operation of the contract that takes its kind of token refuses the access token from
// that moment, and no refresh token brings it back.
func TestEveryOperationRefusesAnEndedSession(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		for _, row := range userEndings {
			t.Run("user, "+row.how, func(t *testing.T) { sc.in(t).doomedUser(row.how).ends("user", "/v1/users/me", row.end) })
		}
		sc = d.newScene(t, "true", "open")
		for _, row := range guestEndings {
			t.Run("guest, "+row.how, func(t *testing.T) { sc.in(t).doomedGuest().ends("guest", "/v1/access/seat", row.end) })
		}
	})
}

// ends ends a session that lives until then.
func (s doomed) ends(kind, own string, end func(doomed)) {
	s.t.Helper()
	s.token["doomed"] = s.access
	s.as("doomed", "GET", own, "")
	end(s)
	all, asked := operations(s.t), 0
	for _, row := range rows {
		if !slices.Contains(all[row.operation].callers, kind) {
			continue
		}
		asked++
		r := s.ask("doomed", row.method, row.path, row.body)
		if r.status != 401 || r.text("code") != "invalid_token" {
			s.t.Errorf("%s: %d %s", row.operation, r.status, r.raw)
		}
	}
	if asked < 6 {
		s.t.Errorf("only %d operations", asked)
	}
	s.ok(400, "", "POST", "/v1/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+s.refresh+`"}`)
}

func (sc *scene) doomedUser(how string) doomed {
	sc.t.Helper()
	s := doomed{scene: sc, name: "doomed-" + auth.Hash(how)}
	sc.user(s.name, sc.id["web"])
	s.other = sc.token[s.name]
	sc.keep("doomed client", sc.as("administrator", "POST", "/v1/clients", `{"name":"Portal","public":true}`), "client_id")
	pair := sc.fill("POST", "nobody", "/v1/auth/token", `{"grant_type":"password","client_id":"{doomed client}","username":"`+s.name+`","password":"`+goodPass+`"}`)
	s.access, s.refresh = pair.text("access_token"), pair.text("refresh_token")
	return s
}

func (sc *scene) doomedGuest() doomed {
	sc.t.Helper()
	s := doomed{scene: sc, seatKey: "a-key-of-22-characters"}
	room := sc.as("space moderator", "POST", "/v1/spaces/{spaceId}/rooms", `{"name":"Chemistry","access":"open"}`)
	sc.keep("roomId", room, "id")
	sc.keep("alias", room, "alias")
	sc.as("space moderator", "POST", inRoom+"/roles", `{"targetUserId":"{room user}","role":"role_room_moderator"}`)
	link := sc.as("room user", "POST", links, `{"username":"Ann","role":"moderator","isPermanent":true}`)
	sc.keep("linkId", link, "id")
	s.link = tokenOf(link)
	seat := sc.ok(200, "", "POST", "/v1/access/redeem", `{"accessToken":"`+s.link+`","seatKey":"`+s.seatKey+`"}`)
	sc.keep("doomed", seat, "seatId")
	s.access, s.refresh = seat.text("access_token"), seat.text("refresh_token")
	return s
}
