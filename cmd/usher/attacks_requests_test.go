package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fixedSeat has the attacker redeem with a key that he then makes the guest's browser use.
func fixedSeat(s *siege) {
	link := s.made(s.T, "/v1/spaces/"+s.space+"/rooms/"+s.room+"/generate-access", s.ann, `{"username":"Joe","role":"user"}`)
	with := redemption(tokenOf(s.T, link))
	attacker := s.ask(s.Context(), "POST", "/v1/access/redeem", "", with)
	require.Equal(s, "200", attacker.word())
	guest := s.ask(s.Context(), "POST", "/v1/access/redeem", "", with)
	require.Equal(s, "200", guest.word())
	s.refuses("401 invalid_token", "GET", "/v1/access/seat", attacker.Access, "")
	s.refuses("401 invalid_token", "GET", "/v1/auth/verify?room="+s.alias, attacker.Access, "")
	s.tokens("400 invalid_grant", refreshing(attacker.Refresh))
	s.refuses("200", "GET", "/v1/access/seat", guest.Access, "")
	s.refuses("410 link_used", "POST", "/v1/access/redeem", "", redemption(tokenOf(s.T, link)))
}

// chosenPassword is a sign-up for somebody else, by who knows of his invite, and then what he does with the mail.
func chosenPassword(s *siege) {
	at := "/v1/spaces/" + s.space + "/invites"
	invite := s.made(s.T, at, s.ann, `{"role":"role_space_user","email":"invitee@example.com"}`).ID
	asked := s.ask(s.Context(), "POST", "/v1/users", "", `{"email":"invitee@example.com","username":"invitee","password":"an eavesdropper's 9",
		"invite":{"spaceId":"`+s.space+`","inviteId":"`+invite+`"}}`)
	require.Equal(s, 202, asked.status, asked.body)
	token, _, _ := strings.Cut(s.post.Next().Token(), "&")
	s.refuses("422 invalid", "POST", "/v1/auth/sign-up/confirm", "", `{"token":"`+token+`"}`)
	require.Equal(s, 204, s.ask(s.Context(), "POST", "/v1/auth/sign-up/confirm", "", `{"token":"`+token+`","password":"`+theirPassword+`"}`).status)
	s.tokens("400 invalid_grant", strings.Replace(signingIn("invitee"), theirPassword, "an eavesdropper's 9", 1))
	s.tokens("200", signingIn("invitee"))
}

func forgedHost(s *siege) {
	room := "/v1/spaces/" + s.space + "/rooms/" + s.room
	for _, try := range [][3]string{
		{"POST", room + "/generate-access", `{"username":"Joe","role":"user"}`},
		{"GET", "/.well-known/oauth-authorization-server", ""},
		{"GET", "/v1/users/me", ""},
		{"GET", "/v1/nothing", ""},
		{"POST", "/v1/auth/token", passwordGrant(adminPassword)},
		{"POST", "/v1/auth/token", passwordGrant("wrong")},
		{"GET", "/sign-in?return=https://evil.test/", ""},
	} {
		req, err := http.NewRequestWithContext(s.Context(), try[0], s.url+try[1], strings.NewReader(try[2]))
		require.NoError(s, err)
		req.Host = "evil.test"
		for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "Forwarded", "X-Forwarded-Prefix", "X-Original-Url", "X-Rewrite-Url"} {
			req.Header.Set(name, map[bool]string{true: "host=evil.test", false: "evil.test"}[name == "Forwarded"])
		}
		req.Header.Set("Content-Type", "application/json")
		if try[0]+try[1] != "POST/v1/auth/token" {
			req.Header.Set("Authorization", "Bearer "+s.ann)
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		require.NoError(s, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(s, err)
		require.NoError(s, res.Body.Close())
		assert.NotContains(s, string(text)+fmt.Sprint(res.Header), "evil.test", "%s", try)
		if strings.Contains(string(text), "access_token") {
			assert.Equal(s, "https://usher.example.com", claimsOf(s.T, string(text))["iss"])
		}
	}
}

func forgedIdentity(s *siege) {
	user := s.victim("plain").Access
	var forged []string
	for _, name := range []string{"User", "Session", "Workspace", "Kind", "Name", "Room", "Role"} {
		forged = append(forged, "X-Usher-"+name, map[string]string{"User": s.me, "Kind": "user", "Role": "role_room_owner"}[name])
	}
	forged = append(forged, "X-Forwarded-User", adminEmail, "Remote-User", adminEmail, "X-Http-Method-Override", "DELETE", "X-Original-Url", "/v1/users/me")
	s.refuses("401 no_token", "GET", "/v1/users/me", "", "", forged...)
	s.refuses("401 no_token", "GET", "/v1/auth/verify", "", "", forged...)
	s.refuses("403 forbidden", "GET", "/v1/users", user, "", forged...)
	s.refuses("403 wrong_token", "GET", "/v1/auth/verify", s.guest.Access, "", forged...)
	s.refuses("403 entry_denied", "GET", "/v1/auth/verify?room="+s.alias, user, "", forged...)
	told := s.tells(s.T, 200, "GET", "/v1/auth/verify", user, nil, forged...)
	assert.NotEqual(s, s.me, told.Get("X-Usher-User"))
	assert.Equal(s, "plain", told.Get("X-Usher-Name"))
	assert.Equal(s, []string{""}, told.Values("X-Usher-Role"))
}

func forgedAddress(s *siege) {
	s.victim("guessed")
	seen := map[string]int{}
	for i := range 40 {
		address := fmt.Sprintf("10.1.%d.%d", i, i)
		a := s.ask(s.Context(), "POST", "/v1/auth/token", "", strings.Replace(signingIn("guessed"), theirPassword, "wrong", 1),
			"X-Forwarded-For", address, "X-Real-Ip", address, "Forwarded", "for="+address, "Cf-Connecting-Ip", address, "True-Client-Ip", address)
		seen[a.word()]++
	}
	assert.Equal(s, map[string]int{"400 invalid_grant": 30, "429 limited": 10}, seen)
}

func oversized(s *siege) {
	long := strings.Repeat("a", 70<<10)
	name := func(value string) string { return `{"name":"` + value + `"}` }
	s.refuses("413 too_large", "PATCH", "/v1/users/me", s.ann, name(long))
	s.refuses("413 too_large", "POST", "/v1/auth/token", "", passwordGrant(long))
	s.refuses("422 invalid", "PATCH", "/v1/users/me", s.ann, name(strings.Repeat("a", 101)))
	for begin, end := range map[string]string{`{"a":`: "}", "[": "]"} {
		deep := s.ask(s.Context(), "PATCH", "/v1/users/me", s.ann, strings.Repeat(begin, 5000)+"1"+strings.Repeat(end, 5000))
		assert.Contains(s, deep.body, "too_deep")
	}
	s.refuses("400 invalid", "POST", "/v1/auth/token", "", passwordGrant(strings.Repeat("a", 2000)))
	s.refuses("400 invalid_grant", "POST", "/v1/auth/token", "", refreshing(strings.Repeat("a", 1024)))
	s.worthless(strings.Repeat("a", 9000))
	s.worthless(s.ann + strings.Repeat("a", 20<<10))
	s.refuses("422 invalid", "GET", "/v1/users?limit="+strings.Repeat("9", 400), s.ann, "")
	s.refuses("422 invalid", "GET", "/v1/users?after="+strings.Repeat("a", 2000), s.ann, "")
	for _, header := range []string{"X-Anything", "Cookie", "Authorization"} {
		a := s.ask(s.Context(), "GET", "/v1/users/me", "", "", header, long)
		assert.Equal(s, 431, a.status, header)
	}
	a := s.ask(s.Context(), "GET", "/v1/users/me?"+long, s.ann, "")
	assert.Equal(s, 431, a.status)

	// A body of unknown length that never ends is cut off.
	req, err := http.NewRequestWithContext(s.Context(), "PATCH", s.url+"/v1/users/me", io.MultiReader(strings.NewReader(`{"name":"`), endless{}))
	require.NoError(s, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.ann)
	if res, err := http.DefaultTransport.RoundTrip(req); err == nil { // or it is cut off while it is sent
		assert.Equal(s, 413, res.StatusCode)
		require.NoError(s, res.Body.Close())
	}
	s.refuses("200", "GET", "/v1/users/me", s.ann, "")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func lookAlikes(s *siege) {
	by, n := s.victim("paypal").Access, 0
	for username, want := range map[string]string{
		"PayPal": "409 username_taken", "ｐａｙｐａｌ": "409 username_taken", "𝐩𝐚𝐲𝐩𝐚𝐥": "409 username_taken", "ⓟaypal": "409 username_taken",
		"pаypal": "422 invalid", "рaypal": "422 invalid", "pαypal": "422 invalid", "paypal\u200b": "422 invalid", "pay\u00adpal": "422 invalid",
		"\u202elapyap": "422 invalid", "paypal\ufe0f": "422 invalid", " paypal": "422 invalid", "paypal@example.com": "422 invalid", "paypal\u3164": "422 invalid",
	} {
		n++
		s.refuses(want, "POST", "/v1/users", by, fmt.Sprintf(`{"email":"look%d@example.com","username":%q,"password":%q}`, n, username, theirPassword))
	}
	for email, want := range map[string]string{
		"PAYPAL@EXAMPLE.COM": "409 email_taken", "ｐaypal@example.com": "409 email_taken", "paypal@ＥXAMPLE.com": "409 email_taken", "paypal＠example.com": "422 invalid",
		"paypal\u200b@example.com": "422 invalid", "\u202epaypal@example.com": "422 invalid", "Pay <paypal@example.com>": "422 invalid",
	} {
		n++
		s.refuses(want, "POST", "/v1/users", by, fmt.Sprintf(`{"email":%q,"username":"look%d","password":%q}`, email, n, theirPassword))
	}
}

func parallelPasswords(s *siege) {
	access := s.victim("hurried").Access
	got := atOnce(8, func(i int) answer {
		return s.ask(s.Context(), "POST", "/v1/users/me/password", access, fmt.Sprintf(`{"oldPassword":%q,"newPassword":"the horse of attempt %d"}`, theirPassword, i))
	})
	won := 0
	for i, a := range got {
		signIn := s.ask(s.Context(), "POST", "/v1/auth/token", "", strings.Replace(signingIn("hurried"), theirPassword, fmt.Sprint("the horse of attempt ", i), 1))
		assert.Equal(s, a.succeeded(), signIn.succeeded(), "%s, and then %s", a.word(), signIn.word())
		if a.succeeded() {
			won++
			s.refuses("200", "GET", "/v1/users/me", a.Access, "")
		} else {
			assert.Contains(s, []string{"401 invalid_token", "403 wrong_password"}, a.word())
		}
	}
	assert.Equal(s, 1, won)
	s.worthless(access)
	s.tokens("400 invalid_grant", signingIn("hurried"))
}

// parallelPINs knows a link, and tries all PINs that begin with two zeros.
func parallelPINs(s *siege) {
	link := s.made(s.T, "/v1/spaces/"+s.space+"/rooms/"+s.room+"/generate-access", s.ann, `{"username":"Joe","role":"user","pin":"0099"}`)
	guess := func(pin int) string {
		return strings.Replace(redemption(tokenOf(s.T, link)), "{", fmt.Sprintf(`{"pin":"%04d",`, pin), 1)
	}
	got := atOnce(99, func(i int) answer { return s.ask(s.Context(), "POST", "/v1/access/redeem", "", guess(i)) })
	assert.Equal(s, map[string]int{"403 pin_wrong": 10, "403 link_pin_paused": 89}, tally(got...))
	s.refuses("403 link_pin_paused", "POST", "/v1/access/redeem", "", guess(99))
}

func parallelAddresses(s *siege) {
	by := s.victim("registrar").Access
	got := atOnce(24, func(i int) answer {
		return s.ask(s.Context(), "POST", "/v1/users", by, fmt.Sprintf(`{"email":%q,"username":"reserved %d","password":%q}`, inCase("reserved@example.com", i), i, theirPassword))
	})
	assert.Equal(s, map[string]int{"201": 1, "409 email_taken": 23}, tally(got...))
	found := s.ask(s.Context(), "GET", "/v1/users/find?email=RESERVED@example.com", s.ann, "")
	for _, a := range got {
		if a.succeeded() {
			assert.Equal(s, a.ID, found.ID)
		}
	}
}
