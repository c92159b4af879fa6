package handlers_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/qrcode"
)

// TestEveryFieldArrives: what a caller says in a field is what is answered where one asks for it.
func TestEveryFieldArrives(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		sc.usersFields()
		sc.spacesFields()
		sc.roomsFields()
		sc.invitesFields()
		sc.linksFields()
		sc.moderationFields()
	})
}

// says requires these values in an answer, which the pairs name.
func (sc *scene) says(r reply, pairs ...any) {
	sc.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, _ := pairs[i].(string); r.body[name] != pairs[i+1] {
			sc.t.Errorf("%s is %v, want %v\n%s", name, r.body[name], pairs[i+1], r.raw)
		}
	}
}

func (sc *scene) usersFields() {
	sc.t.Helper()
	sc.keep("new", sc.as("outsider", "POST", "/v1/users", `{"email":"Ann@here.test","username":"Ann B","password":"gmi28abc+x",
		"phone":"+7 967 1234567","name":"Ann","profileUrl":"https://here.test/a.png"}`), "id")
	sc.says(sc.as("administrator", "GET", "/v1/users/{new}", ""), "email", "Ann@here.test", "username", "Ann B", "phone", "+7 967 1234567",
		"name", "Ann", "profileUrl", "https://here.test/a.png", "emailVerified", false, "isBlocked", false)
	patch := `{"username":"Ben","phone":"","name":"B","profileUrl":"https://here.test/b.png"`
	for actor, path := range map[string]string{"pupil": "/v1/users/me", "administrator": "/v1/users/{userId}"} {
		sc.says(sc.as(actor, "PATCH", path, patch+`}`), "username", "Ben", "phone", nil, "name", "B", "profileUrl", "https://here.test/b.png")
	}
	sc.says(sc.as("administrator", "PATCH", "/v1/users/{userId}", `{"email":"ben@here.test","emailVerified":true}`),
		"email", "ben@here.test", "emailVerified", true, "username", "Ben")
	sc.as("administrator", "PUT", "/v1/users/{new}/block", "")
	sc.says(sc.as("administrator", "GET", "/v1/users/{new}", ""), "isBlocked", true)
	sc.says(sc.as("space owner", "GET", "/v1/users/find?email=BEN@here.test", ""), "id", sc.id["userId"], "name", "B")
}

func (sc *scene) spacesFields() {
	sc.t.Helper()
	sc.keep("mine", sc.as("outsider", "POST", "/v1/spaces",
		`{"name":"Mine","isPublic":true,"description":"Every Tuesday","logo":"https://here.test/l.png"}`), "id")
	sc.says(sc.as("outsider", "GET", "/v1/spaces/{mine}", ""), "name", "Mine", "isPublic", true, "description", "Every Tuesday",
		"logo", "https://here.test/l.png", "roleInSpace", "role_space_owner", "creatorId", sc.id["outsider"])
	sc.says(sc.as("outsider", "PUT", "/v1/spaces/{mine}", `{"name":"Yours","isPublic":false}`),
		"name", "Yours", "isPublic", false, "description", "Every Tuesday", "logo", "https://here.test/l.png")
	sc.says(sc.as("outsider", "PUT", "/v1/spaces/{mine}", `{"name":"Yours","isPublic":false,"description":"","logo":""}`),
		"description", nil, "logo", nil)
}

func (sc *scene) roomsFields() {
	sc.t.Helper()
	const rooms = "/v1/spaces/{spaceId}/rooms"
	sc.keep("webinar", sc.as("space owner", "POST", rooms,
		`{"name":"W","type":"webinar","access":"open","isChatAllowed":false,"isScreensharingAllowed":false}`), "id")
	sc.says(sc.as("space owner", "GET", rooms+"/{webinar}", ""), "name", "W", "type", "webinar", "access", "open", "isPublic", true,
		"isChatAllowed", false, "isScreensharingAllowed", false, "roleInRoom", "role_room_owner", "isClosed", false)
	sc.says(sc.as("space owner", "PUT", rooms+"/{webinar}", `{"name":"X"}`), "name", "X", "type", "webinar", "access", "open",
		"isChatAllowed", false, "isScreensharingAllowed", false)
	sc.says(sc.as("space owner", "PUT", rooms+"/{webinar}", `{"name":"X","isPublic":true}`), "access", "open")
	sc.says(sc.as("space owner", "PUT", rooms+"/{webinar}",
		`{"name":"X","type":"lesson","isPublic":false,"isChatAllowed":true,"isScreensharingAllowed":true}`),
		"type", "lesson", "access", "private", "isPublic", false, "isChatAllowed", true, "isScreensharingAllowed", true)
	sc.as("space owner", "POST", rooms+"/{webinar}/close", "")
	sc.says(sc.as("space owner", "GET", rooms+"/{webinar}", ""), "isClosed", true)
}

func (sc *scene) invitesFields() {
	sc.t.Helper()
	sc.keep("short", sc.as("space owner", "POST", invited, `{"role":"role_space_user","expiresIn":3600}`), "id")
	r := sc.as("space owner", "GET", invited+"/{short}", "")
	sc.says(r, "role", "role_space_user", "state", "pending", "issuedBy", sc.id["space owner"])
	if got := instant(sc, r, "expiresAt").Sub(instant(sc, r, "createdAt")); got != time.Hour {
		sc.t.Errorf("it waits for %v", got)
	}
	sc.as("outsider", "POST", invited+"/{short}/activate", "")
	sc.says(sc.as("space owner", "GET", invited+"/{short}", ""), "state", "used", "usedBy", sc.id["outsider"], "maxUses", 1.0, "uses", 1.0)

	sc.keep("bound", sc.as("space owner", "POST", invited,
		`{"role":"role_space_user","email":"New@there.test","name":"Ms New","note":"Hello,\nand welcome!","send":true}`), "id")
	sc.says(sc.as("space moderator", "GET", invited+"/{bound}", ""), "email", "New@there.test", "name", "Ms New", "note", "Hello,\nand welcome!")
	sc.says(sc.ask("space owner", "POST", invited, `{"role":"role_space_user","email":"new@there.test"}`), "code", "invite_pending", "inviteId", sc.id["bound"])
	sc.deliver()
	for m := range slices.Values(sc.post.sent) {
		if at := publicURL + "/invite/" + sc.id["spaceId"] + "/" + sc.id["bound"]; m.To == "New@there.test" && m.Link.Reveal() != at {
			sc.t.Errorf("the mail leads to %s", m.Link.Reveal())
		}
	}
	for body, code := range map[string]string{`"email":"other@there.test"`: "invite_not_for_you", `"domain":"here.test"`: "email_unverified"} {
		sc.keep("bound", sc.as("space owner", "POST", invited, `{"role":"role_space_moderator","maxUses":1,`+body+`}`), "id")
		sc.says(sc.ask("room user", "POST", invited+"/{bound}/activate", ""), "code", code)
	}
	sc.says(sc.as("space owner", "GET", invited+"/"+sc.as("space owner", "POST", invited,
		`{"role":"role_space_user","domain":"Here.test","maxUses":9}`).text("id"), ""), "domain", "here.test", "maxUses", 9.0, "uses", 0.0, "state", "pending")
}

func instant(sc *scene, r reply, field string) time.Time {
	sc.t.Helper()
	at, err := time.Parse(time.RFC3339, r.text(field))
	must(sc.t, err)
	return at
}

func (sc *scene) linksFields() {
	sc.t.Helper()
	const all = "/v1/spaces/{spaceId}/rooms/{roomId}/access-links"
	link := sc.as("room owner", "POST", links, `{"username":"John Smith","role":"moderator","externalUserId":"pupil/17","ttl":3600,"isPermanent":true}`)
	sc.keep("link", link, "id")
	sc.says(sc.as("room owner", "GET", all+"/{link}", ""), "username", "John Smith", "role", "moderator", "externalUserId", "pupil/17",
		"isPermanent", true, "state", "live", "issuedBy", sc.id["room owner"], "seats", 0.0, "expiresAt", link.text("expiresAt"))
	sc.says(sc.as("room owner", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/explain?linkId={link}", ""), "allowed", true, "role", "role_room_moderator")
	redeem := `{"accessToken":"` + tokenOf(link) + `","seatKey":"a-key-of-22-characters"}`
	seat := sc.as("nobody", "POST", "/v1/access/redeem", redeem)
	sc.says(seat, "participantName", "John Smith", "role", "moderator", "seatKey", "a-key-of-22-characters",
		"spaceId", sc.id["spaceId"], "roomId", sc.id["roomId"])
	sc.token["john"] = seat.text("access_token")
	sc.says(sc.as("john", "GET", "/v1/access/seat", ""), "externalUserId", "pupil/17", "linkId", sc.id["link"], "isAnonymous", false,
		"seatId", seat.text("seatId"), "participantName", "John Smith", "expiresAt", link.text("expiresAt"))
	pass := sc.as("john", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", "")
	sc.says(claims(sc, pass.text("roomToken")), "externalUserId", "pupil/17", "name", "John Smith", "role", "role_room_moderator",
		"how", "link", "sub", seat.text("seatId"), "aud", "room", "canPublish", true, "hidden", false)

	sc.guardedFields(all)
	sc.changedFields(all)

	sc.says(sc.as("space owner", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/roles/{room owner}/issued", ""),
		"links", 4.0, "invites", 0.0, "seats", 1.0, "more", false)
	sc.says(sc.as("room owner", "GET", all+"/{link}", ""), "issuerName", "room-owner", "voidReason", nil)

	// Paused, nobody sits there and nobody gets in; resumed, the same key finds the same seat.
	sc.says(sc.as("room owner", "PATCH", all+"/{link}", `{"paused":true}`), "state", "paused", "seats", 1.0)
	if got := sc.ask("john", "GET", "/v1/access/seat", "").status; got != 401 {
		sc.t.Errorf("on a paused link: %d", got)
	}
	sc.says(sc.ask("nobody", "POST", "/v1/access/redeem", redeem), "code", "link_paused")
	sc.says(sc.as("room owner", "PATCH", all+"/{link}", `{"paused":false,"ttl":7200}`), "state", "live")
	sc.says(sc.as("nobody", "POST", "/v1/access/redeem", redeem), "seatId", seat.text("seatId"))
}

// guardedFields: what a link is asked for besides shows to those who manage it, and to a guest what he has to know.
func (sc *scene) guardedFields(all string) {
	sc.t.Helper()
	start := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	early := sc.as("room owner", "POST", links, `{"username":"Ann","role":"user","ttl":60,"notBefore":"`+start+`"}`)
	sc.keep("early", early, "id")
	sc.says(sc.as("room owner", "GET", all+"/{early}", ""), "notBefore", start, "maxUses", 1.0, "state", "not_yet_valid", "hasPin", nil)
	token := `{"accessToken":"` + tokenOf(early) + `"`
	sc.says(sc.as("nobody", "POST", "/v1/access/preview", token+`}`), "notBefore", start, "state", "not_yet_valid", "needsPin", nil)
	sc.says(sc.ask("nobody", "POST", "/v1/access/redeem", token+`}`), "status", 403.0, "code", "link_not_yet_valid", "until", start)

	class := sc.as("room owner", "POST", links, `{"username":"Ann","role":"user","maxUses":30,"note":"For Tuesday","pin":"0042"}`)
	sc.keep("class", class, "id")
	token = `{"accessToken":"` + tokenOf(class) + `"`
	sc.says(sc.as("nobody", "POST", "/v1/access/preview", token+`}`), "state", "live", "needsPin", true, "note", nil, "pin", nil)
	sc.says(sc.ask("nobody", "POST", "/v1/access/redeem", token+`}`), "status", 403.0, "code", "pin_required")
	for range 10 {
		sc.says(sc.ask("nobody", "POST", "/v1/access/redeem", token+`,"pin":"0043"}`), "status", 403.0, "code", "pin_wrong")
	}
	link := sc.as("room owner", "GET", all+"/{class}", "")
	sc.qrCode(class)
	sc.says(link, "maxUses", 30.0, "note", "For Tuesday", "hasPin", true, "pinFailures", 10.0, "pin", nil, "state", "live")
	sc.says(sc.ask("nobody", "POST", "/v1/access/redeem", token+`,"pin":"0042"}`),
		"status", 403.0, "code", "link_pin_paused", "until", link.text("pinPausedUntil"))
}

// qrCode: an answer has its address drawn, twice.
func (sc *scene) qrCode(made reply) {
	sc.t.Helper()
	want, err := qrcode.Draw(made.text("url"))
	must(sc.t, err)
	drawn, _ := made.body["qrCode"].(map[string]any)
	if drawn["svg"] != want.SVG || drawn["png"] != base64.StdEncoding.EncodeToString(want.PNG) {
		sc.t.Errorf("the address is not what is drawn: %v", drawn)
	}
}

// changedFields: every field of a patch shows, and the address that replaces another.
func (sc *scene) changedFields(all string) {
	sc.t.Helper()
	made := sc.as("room owner", "POST", links, `{"username":"Ann","role":"user"}`)
	sc.keep("changing", made, "id")
	seat := sc.as("nobody", "POST", "/v1/access/redeem", `{"accessToken":"`+tokenOf(made)+`"}`)
	sc.says(sc.as("room owner", "GET", all+"/{changing}", ""), "seatId", seat.text("seatId"), "state", "used")
	start := time.Now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	sc.says(sc.as("room owner", "PATCH", all+"/{changing}", `{"username":"Jane","note":"New","notBefore":"`+start+`","maxUses":2,"pin":"1234"}`),
		"username", "Jane", "note", "New", "notBefore", start, "maxUses", 2.0, "hasPin", true, "state", "not_yet_valid", "seats", 1.0)
	sc.says(sc.as("room owner", "PATCH", all+"/{changing}", `{"moveSeat":"`+seat.text("seatId")+`","pin":"","notBefore":"2026-01-01T00:00:00Z"}`),
		"hasPin", nil, "notBefore", nil, "seats", 0.0, "state", "live")
	sc.says(sc.as("room owner", "POST", all+"/{changing}/replace?qrCode=none", ""), "qrCode", nil)
	again := sc.as("room owner", "POST", all+"/{changing}/replace", "")
	sc.says(again, "id", sc.id["changing"], "expiresAt", made.text("expiresAt"))
	sc.qrCode(again)
	sc.says(sc.ask("nobody", "POST", "/v1/access/preview", `{"accessToken":"`+tokenOf(made)+`"}`), "code", "link_unknown")
	sc.says(sc.as("nobody", "POST", "/v1/access/preview", `{"accessToken":"`+tokenOf(again)+`"}`), "participantName", "Jane")
}

// claims are what a token says, to whoever does not verify it.
func claims(sc *scene, token string) reply {
	sc.t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(sc.t, err)
	r := reply{raw: string(raw)}
	must(sc.t, json.Unmarshal(raw, &r.body))
	return r
}

func (sc *scene) moderationFields() {
	sc.t.Helper()
	const here = "/v1/spaces/{spaceId}/rooms/{roomId}"
	until := time.UnixMilli(sc.clock.Load()).UTC().Add(time.Hour).Format("2006-01-02T15:04:05.999Z07:00")
	sc.as("room owner", "PUT", here+"/bans/{userId}", `{"until":"`+until+`","reason":"Noise"}`)
	sc.says(sc.banned("userId"), "until", until, "reason", "Noise", "bannedBy", sc.id["room owner"], "isKick", false)
	sc.says(sc.ask("pupil", "POST", here+"/join", ""), "code", "banned", "until", until)
	sc.as("room owner", "DELETE", here+"/bans/{userId}", "")
	sc.as("room owner", "POST", here+"/kick", `{"userId":"{room user}"}`)
	sc.says(sc.banned("room user"), "isKick", true)
}

// banned is the row of the room's bans that is about someone.
func (sc *scene) banned(who string) reply {
	sc.t.Helper()
	list := sc.as("room owner", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/bans", "")
	items, _ := list.body["items"].([]any)
	for _, item := range items {
		if row, _ := item.(map[string]any); row["targetId"] == sc.id[who] {
			return reply{raw: list.raw, body: row}
		}
	}
	sc.t.Fatalf("%s is not among the banned: %s", who, list.raw)
	return reply{}
}
