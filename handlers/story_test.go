package handlers_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// TestStory is the way from an administrator to a guest in the room, with the request bodies that integrators know:
// a user is created, invited, granted a role; a moderator lets in someone who has no account.
func TestStory(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		d.story(t)
	})
}

var hexID = regexp.MustCompile(`^[0-9a-f]{24}$`)

func (d *door) story(t *testing.T) {
	t.Helper()
	admin, c := d.workspace("school")

	// createUser, with a user's token; the captcha's is passed along and not needed.
	user := d.ok(201, admin, "POST", "/v1/users", `{
		"email": "john@school.test",
		"password": "gmi28abc",
		"username": "Some Username Here",
		"phone": "+79671234567",
		"captchaToken": "string"
	}`).text("id")
	if !hexID.MatchString(user) {
		t.Fatalf("an id of another form: %q", user)
	}
	john := d.ok(200, "", "POST", "/v1/auth/token", `{"grant_type":"password","client_id":"`+c.PublicClient+
		`","username":"Some Username Here","password":"gmi28abc"}`).text("access_token")

	space := d.ok(201, admin, "POST", "/v1/spaces", `{"name":"Broadcasts"}`).text("id")
	room := d.ok(201, admin, "POST", "/v1/spaces/"+space+"/rooms", `{"name":"Monday","isPublic":false}`)
	inRoom := "/v1/spaces/" + space + "/rooms/" + room.text("id")
	d.refuses(john, "POST", inRoom+"/join", 403, "not_in_space")

	// createInvite, and activateInvite with an empty body.
	invite := d.ok(201, admin, "POST", "/v1/spaces/"+space+"/invites", `{"role": "role_space_moderator"}`).text("id")
	activate := "/v1/spaces/" + space + "/invites/" + invite + "/activate"
	for range 2 { // the same user again gets the same answer
		if role := d.ok(200, john, "POST", activate, "").text("role"); role != "role_space_moderator" {
			t.Errorf("became %s", role)
		}
	}
	d.refuses(john, "POST", inRoom+"/join", 403, "not_in_room")

	// grantRole
	d.ok(200, admin, "POST", inRoom+"/roles", `{"targetUserId": "`+user+`", "role": "role_room_user"}`)
	d.ok(200, john, "POST", inRoom+"/join", "")
	d.refuses(john, "POST", inRoom+"/generate-access", 403, "")
	d.ok(200, admin, "POST", inRoom+"/roles", `{"targetUserId": "`+user+`", "role": "role_room_moderator"}`)
	d.guests(t, john, inRoom, room.text("alias"))
}

func (d *door) refuses(token, method, path string, status int, reason string) {
	d.t.Helper()
	r := d.do(token, method, path, map[bool]string{true: `{"username":"A","role":"user"}`}[strings.HasSuffix(path, "access")])
	if r.status != status || !strings.Contains(r.raw, reason) {
		d.t.Fatalf("%s %s: %d, want %d and %q\n%s", method, path, r.status, status, reason, r.raw)
	}
}

// guests is what happens with a link: generateAccess, with every field.
func (d *door) guests(t *testing.T, moderator, inRoom, alias string) {
	t.Helper()
	link := d.ok(201, moderator, "POST", inRoom+"/generate-access", `{
		"username": "JohnSmith",
		"role": "user",
		"externalUserId": "string",
		"ttl": 86400,
		"isPermanent": true
	}`)
	at, err := url.Parse(link.text("url"))
	must(t, err)
	if got := at.Scheme + "://" + at.Host + at.Path; got != publicURL+"/room/"+alias {
		t.Errorf("the link leads to %s", got)
	}
	if at.Query().Get("participantName") != "JohnSmith" {
		t.Errorf("the link is for %v", at.Query())
	}
	token := `{"accessToken":"` + at.Query().Get("accessToken") + `"`
	if state := d.ok(200, "", "POST", "/v1/access/preview", token+"}").text("state"); state != "live" {
		t.Errorf("previewed as %s", state)
	}
	seat := d.ok(200, "", "POST", "/v1/access/redeem", token+"}")
	again := d.ok(200, "", "POST", "/v1/access/redeem", token+`,"seatKey":"`+seat.text("seatKey")+`"}`)
	if again.text("seatId") != seat.text("seatId") {
		t.Error("a reload took another seat")
	}
	guest := again.text("access_token")
	if d.do(seat.text("access_token"), "GET", "/v1/access/seat", "").status != 401 {
		t.Error("the session before the reload goes on")
	}
	d.ok(200, guest, "POST", inRoom+"/join", "")

	// Revoking ends it at once, for every operation and for the refresh token.
	d.ok(204, moderator, "DELETE", inRoom+"/access-links/"+link.text("id"), "")
	if got := d.do(guest, "POST", inRoom+"/join", "").status; got != 401 {
		t.Errorf("after the revocation: %d", got)
	}
	refreshed := d.do("", "POST", "/v1/auth/token", `{"grant_type":"refresh_token","refresh_token":"`+again.text("refresh_token")+`"}`)
	if refreshed.status != 400 || refreshed.text("error") != "invalid_grant" {
		t.Errorf("after the revocation, a refresh: %d %s", refreshed.status, refreshed.raw)
	}
	d.refusesCode(token+"}", 410, "link_revoked")
}

func (d *door) refusesCode(body string, status int, code string) {
	d.t.Helper()
	if r := d.do("", "POST", "/v1/access/redeem", body); r.status != status || r.text("code") != code {
		d.t.Errorf("redeem: %d %s, want %d %s", r.status, r.raw, status, code)
	}
}

// TestTokenEndpointTakesForms: RFC 6749 has forms, front ends send JSON; both say the same.
func TestTokenEndpointTakesForms(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		_, c := d.workspace("school")
		form := url.Values{
			"grant_type": {"password"}, "client_id": {c.PublicClient}, "username": {c.AdminEmail}, "password": {goodPass},
		}
		r := d.form(form)
		if r.status != 200 || r.text("token_type") != "Bearer" || r.text("refresh_token") == "" {
			t.Fatalf("%d %s", r.status, r.raw)
		}
		next := d.form(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}})
		if next.status != 200 || next.text("refresh_token") == r.text("refresh_token") {
			t.Fatalf("%d %s", next.status, next.raw)
		}
		form.Set("password", "wrong")
		if r := d.form(form); r.status != 400 || r.text("error") != "invalid_grant" {
			t.Errorf("a wrong password: %d %s", r.status, r.raw)
		}
	})
}

// TestClientsNameThemselvesInTheHeader: that is where OAuth libraries put a client's id and secret first.
func TestClientsNameThemselvesInTheHeader(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		_, c := d.workspace("school")
		basic := func(id, secret string) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
		}
		right := basic(c.ConfidentialClient, c.ClientSecret.Reveal())
		for _, row := range []struct {
			authorization, body string
			status              int
			refusal             string
		}{
			{right, `{"grant_type":"client_credentials"}`, 200, ""},
			{basic(c.ConfidentialClient, "guessed-guessed-guessed"), `{"grant_type":"client_credentials"}`, 401, "invalid_client"},
			{right, `{"grant_type":"client_credentials","client_id":"` + c.ConfidentialClient + `"}`, 400, "invalid_request"},
		} {
			r := d.do("", "POST", "/v1/auth/token", row.body, "Authorization", row.authorization)
			if r.status != row.status || r.text("error") != row.refusal {
				t.Errorf("%s: %d %s", row.body, r.status, r.raw)
			}
		}
	})
}

// TestManySignInsAtOnce: an attempt counts while it is under way, and right ones must not shut each other out.
func TestManySignInsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		_, c := d.workspace("school")
		right := `{"grant_type":"password","client_id":"` + c.PublicClient + `","username":"` + c.AdminEmail + `","password":"` + goodPass + `"}`
		var wait sync.WaitGroup
		for range 24 {
			wait.Go(func() {
				if r := d.do("", "POST", "/v1/auth/token", right); r.status != 200 {
					t.Errorf("%d %s", r.status, r.raw)
				}
			})
		}
		wait.Wait()
	})
}

// TestRenamingIsNoWayToAskForNames: who tries names on himself learns which are taken, and meets a limit.
func TestRenamingIsNoWayToAskForNames(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		admin, _ := d.workspace("school")
		d.ok(201, admin, "POST", "/v1/users", `{"email":"a@school.test","username":"taken","password":"gmi28abc"}`)
		answers := map[int]int{}
		for range 40 {
			answers[d.do(admin, "PATCH", "/v1/users/me", `{"username":"taken"}`).status]++
		}
		if answers[409] != 30 || answers[429] != 10 {
			t.Errorf("answers: %v", answers)
		}
	})
}

func (d *door) form(fields url.Values) reply {
	d.t.Helper()
	req := httptest.NewRequestWithContext(d.t.Context(), http.MethodPost, publicURL+"/v1/auth/token", strings.NewReader(fields.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return d.send(req)
}
