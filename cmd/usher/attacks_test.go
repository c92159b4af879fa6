package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/mailtest"
)

// attacks are tried on the real program, on either store, by who knows the API and the source and has an account, in
// another workspace if need be. Each names the line of defence that it proves; most have another behind it.
var attacks = []struct {
	attack, defence string
	try             func(*siege)
}{
	{"spend a stolen refresh token within the second", "a spent token whose successor was used ends the session", replayedAtOnce},
	{"spend a stolen refresh token after a restart", "what is spent is known to the store, and to no process", replayedLater},
	{"use a token in another workspace", "the token's workspace is held against that of every record", elsewhere},
	{"use a token for what it is not for", "a token's typ, audience and claims fit each other, and the operation", confusedAudience},
	{"sign a token by another algorithm", "the algorithm is the key's, and never the token's", confusedAlgorithm},
	{"name a key that is none", "a kid is the name of one of our keys, or of nothing", injectedKey},
	{"bring a key along", "a header with anything but alg, kid and typ is none of ours", foreignKeys},
	{"come with another issuer's token", "the keys are those of this store, and the issuer is compared", foreignIssuer},
	{"know the session before its owner signs in", "signing in makes a session whose id and tokens nobody has chosen", fixedSession},
	{"know the seat key before the guest redeems", "a seat has one session, and taking it again ends the one before", fixedSeat},
	{"have links point elsewhere by the Host header", "addresses are made from --public-url", forgedHost},
	{"come as somebody by the headers that proxies set", "Usher speaks those headers and hears none", forgedIdentity},
	{"guess from a thousand made-up addresses", "X-Forwarded-For counts from --trusted-proxies alone", forgedAddress},
	{"send too much of everything", "bodies, headers, depths and lengths have bounds", oversized},
	{"look like somebody else by another script", "names are compared, and refused, as Unicode has it", lookAlikes},
	{"change one password many times at once", "the change is conditional on what was compared, and ends the session that asked", parallelPasswords},
	{"take one address many times at once", "a name is a record that one transaction can make", parallelAddresses},
	{"sign up in the name of an invitee, with a password of one's own", "the password is said by whoever shows the token of the mail", chosenPassword},
	{"guess a link's PIN many times at once", "a guess counts, in its link's own line, before it is answered", parallelPINs},
	{"have a browser send what its user did not ask for", "no request of another origin's page is authorised by a cookie, or sets one", forgedRequest},
	{"have a sign-in lead elsewhere", "the sign-in returns to listed hosts, read in one way", openRedirect},
}

func TestAttacks(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		s := besieged(t, dir, flags)
		for _, row := range attacks {
			t.Run(row.attack, func(t *testing.T) {
				t.Log("the defence: " + row.defence)
				here := *s
				here.T = t
				defer func() { s.process = here.process }() // it may have been started anew
				row.try(&here)
			})
		}
	})
}

// A siege is the program under attack, and who is in it: Ann, with her room and a guest, and Eve, who is the administrator
// of another workspace.
type siege struct {
	*testing.T
	*process
	stage
	whole *testing.T // with which the program ends
	dir   string
	flags []string
	eve   string // her access token
	post  *mailtest.Server
}

func besieged(t *testing.T, dir string, flags []string) *siege {
	t.Helper()
	made, log, code := finish(t, dir, append(flags, "workspace", "create", "--name", "Eve's",
		"--admin-email", "eve@example.com", "--admin-password", adminPassword)...)
	require.Zero(t, code, log)
	post := mailtest.Start(t)
	flags = append(append(flags, mailingBy(post)...), "--client-secret", clientSecret)
	s := &siege{T: t, whole: t, dir: dir, flags: flags, post: post, process: servingAnn(t, dir, flags...)}
	s.stage = stageAt(t, s.process)
	client := regexp.MustCompile(`PUBLIC_CLIENT='(\S+)'`).FindStringSubmatch(made)[1]
	s.eve = s.tokens("200", `{"grant_type":"password","client_id":"`+client+`","username":"eve@example.com","password":"`+adminPassword+`"}`).Access
	return s
}

// ask asks until the program decides.
func (s *siege) ask(ctx context.Context, method, path, token, body string, headers ...string) answer {
	return decided(func() answer { return s.process.ask(ctx, method, path, token, body, headers...) })
}

// tokens asks the token endpoint.
func (s *siege) tokens(want, body string, headers ...string) answer {
	s.Helper()
	a := s.ask(s.Context(), "POST", "/v1/auth/token", "", body, headers...)
	require.Equal(s, want, a.word(), a.body)
	return a
}

func refreshing(token string) string {
	return `{"grant_type":"refresh_token","refresh_token":"` + token + `"}`
}

const (
	theirPassword = "correct horse 7 battery"
	clientSecret  = "a secret of the back end's"
)

// victim is a new user with a session.
func (s *siege) victim(name string) answer {
	s.Helper()
	s.made(s.T, "/v1/users", s.ann, `{"email":"`+name+`@example.com","username":"`+name+`","password":"`+theirPassword+`"}`)
	return s.tokens("200", signingIn(name))
}

func signingIn(name string) string {
	return `{"grant_type":"password","username":"` + name + `","password":"` + theirPassword + `"}`
}

// refuses requires that a request gets nowhere.
func (s *siege) refuses(want, method, path, token, body string, headers ...string) {
	s.Helper()
	a := s.ask(s.Context(), method, path, token, body, headers...)
	assert.Equal(s, want, a.word(), "%s %s\n%s", method, path, a.body)
}

// worthless requires that a token opens nothing: what anybody may do with his own, a room, and the question of a proxy.
func (s *siege) worthless(token string) {
	s.Helper()
	for _, path := range []string{"/v1/users/me", "/v1/spaces", "/v1/spaces/room-by-alias/" + s.alias, "/v1/auth/verify"} {
		a := s.ask(s.Context(), "GET", path, token, "")
		assert.Equal(s, 401, a.status, "%s: %s", path, a.body)
	}
}

func replayedAtOnce(s *siege) {
	first := s.victim("replayed")
	second := s.tokens("200", refreshing(first.Refresh))
	third := s.tokens("200", refreshing(second.Refresh))
	s.tokens("400 invalid_grant", refreshing(first.Refresh)) // the thief
	s.tokens("400 invalid_grant", refreshing(third.Refresh)) // and so the owner has to sign in again
	for _, a := range []answer{first, second, third} {
		s.worthless(a.Access)
	}
}

func replayedLater(s *siege) {
	first := s.victim("later")
	second := s.tokens("200", refreshing(first.Refresh))
	third := s.tokens("200", refreshing(second.Refresh))
	require.NoError(s, s.Process.Kill())
	s.awaitEnd(s.T)
	s.process = servingAnn(s.whole, s.dir, s.flags...)
	s.tokens("400 invalid_grant", refreshing(first.Refresh))
	s.tokens("400 invalid_grant", refreshing(third.Refresh))
	s.worthless(third.Access)
}

func elsewhere(s *siege) {
	space := s.made(s.T, "/v1/spaces", s.ann, `{"name":"Public","isPublic":true}`).ID
	room := s.made(s.T, "/v1/spaces/"+space+"/rooms", s.ann, `{"name":"Open","access":"open"}`)
	at := "/v1/spaces/" + space
	inRoom := at + "/rooms/" + room.ID
	invite := s.made(s.T, at+"/invites", s.ann, `{"role":"role_space_moderator"}`).ID
	for _, try := range [][3]string{
		{"GET", at, ""},
		{"PUT", at, `{"name":"Eve's","isPublic":true}`},
		{"DELETE", at, ""},
		{"GET", at + "/members", ""},
		{"GET", inRoom, ""},
		{"POST", inRoom + "/join", ""},
		{"POST", inRoom + "/generate-access", `{"username":"Eve","role":"user"}`},
		{"GET", "/v1/spaces/room-by-alias/" + room.Alias, ""},
		{"POST", at + "/invites/" + invite + "/activate", ""},
		{"GET", "/v1/users/" + s.me, ""},
		{"DELETE", "/v1/users/" + s.me, ""},
		{"PUT", "/v1/users/" + s.me + "/role", `{"role":"role_workspace_support"}`},
	} {
		s.refuses("404 not_found", try[0], try[1], s.eve, try[2])
	}
	s.refuses("403 forbidden", "GET", "/v1/auth/verify?room="+room.Alias, s.eve, "")
	s.refuses("403 forbidden", "GET", "/v1/auth/verify?room="+space+"."+room.ID, s.eve, "")
	for _, own := range slices.Concat(s.ask(s.Context(), "GET", "/v1/users", s.eve, "").Items, s.ask(s.Context(), "GET", "/v1/audit", s.eve, "").Items) {
		assert.NotEqual(s, s.me, own.ID, "Eve's lists are her workspace's")
	}
}

func confusedAudience(s *siege) {
	joined := s.ask(s.Context(), "POST", "/v1/spaces/"+s.space+"/rooms/"+s.room+"/join", s.ann, "")
	client := s.tokens("200", `{"grant_type":"client_credentials","client_id":"backend","client_secret":"`+clientSecret+`"}`)
	session := s.victim("confused")
	s.worthless(joined.RoomToken)
	s.worthless(session.Refresh)
	s.worthless(s.guest.Refresh)
	s.worthless(s.guest.SeatKey)
	for _, token := range []string{s.guest.Access, client.Access} {
		s.refuses("403 wrong_token", "GET", "/v1/users/me", token, "")
		s.refuses("403 wrong_token", "POST", "/v1/users", token, `{"email":"x@example.com","username":"x","password":"`+theirPassword+`"}`)
		s.refuses("403 wrong_token", "GET", "/v1/auth/verify", token, "")
	}
	for _, token := range []string{session.Access, joined.RoomToken, s.guest.Access, s.guest.SeatKey} {
		s.tokens("400 invalid_grant", refreshing(token))
	}
	assert.True(s, strings.HasPrefix(session.Access, "eyJ"))
}
