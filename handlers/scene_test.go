package handlers_test

import (
	"crypto/rand"
	"maps"
	"strings"
	"testing"

	"usher/auth"
	"usher/internal/store"
	"usher/roles"
)

// A scene is a space with a room, and everybody who might stand before it, by name: their ids in id, their access
// tokens in token. What an operation is done to is in id, too: "spaceId", "roomId", "userId" (a pupil with a role in
// the space and the room), "sessionId" (another one of the space's owner), "inviteId", "boundId" (an
// invite of an address's), "linkId", "alias", "roomSessionId" (the pupil's).
type scene struct {
	*door
	id    map[string]string
	token map[string]string
}

// actors are the columns of the matrix, from the weakest to the strongest.
var actors = []string{
	"nobody", "elsewhere", "client", "key", "guest", "guest moderator", "member", "member owner", "outsider", "banned", "space user", "room monitor", "room user",
	"space moderator", "room moderator", "room owner", "space owner", "support", "administrator",
}

// newScene sets a scene up through the API, in workspaces of its own: a space that is public or not, with a room of
// this access.
func (d door) newScene(t testing.TB, public, access string) *scene {
	t.Helper()
	d.t = t
	sc := &scene{door: &d, id: map[string]string{}, token: map[string]string{}}
	var c auth.Credentials
	sc.token["administrator"], c = sc.workspace("here")
	sc.id["workspaceId"] = c.Workspace
	sc.token["elsewhere"], _ = sc.workspace("elsewhere")
	sc.id["client"], sc.id["secret"], sc.id["web"] = c.ConfidentialClient, c.ClientSecret.Reveal(), c.PublicClient
	sc.token["client"] = sc.fill("POST", "nobody", "/v1/auth/token", clientCredentials).text("access_token")
	for _, name := range append(actors[8:18:18], "pupil", "creator", "outlaw") {
		sc.user(name, c.PublicClient)
	}
	key := sc.as("administrator", "POST", "/v1/api-keys", `{"name":"Import","scopes":["users:write","rooms:write","access:write"]}`)
	sc.token["key"] = key.text("key")
	sc.keep("keyId", sc.as("administrator", "POST", "/v1/api-keys", `{"name":"Other","scopes":["users:read"]}`), "id")
	sc.keep("clientId", sc.as("administrator", "POST", "/v1/clients", `{"name":"Portal"}`), "client_id")
	sc.fill("PUT", "administrator", "/v1/users/{support}/role", `{"role":"role_workspace_support"}`)

	sc.id["sessionId"] = claims(sc, sc.signIn(c.PublicClient, "space-owner")).text("sid")
	sc.keep("spaceId", sc.as("space owner", "POST", "/v1/spaces", `{"name":"Class 7","isPublic":`+public+`}`), "id")
	for _, name := range []string{"creator", "space moderator", "space user", "room monitor", "room user", "room moderator", "room owner", "pupil"} {
		role := "role_space_user"
		if name == "creator" || name == "space moderator" {
			role = "role_space_moderator"
		}
		sc.member(name, role)
	}
	room := sc.as("creator", "POST", "/v1/spaces/{spaceId}/rooms", `{"name":"Physics","access":"`+access+`"}`)
	sc.keep("roomId", room, "id")
	sc.keep("alias", room, "alias")
	for name, role := range map[string]string{
		"room monitor": "monitor", "room user": "user", "room moderator": "moderator", "room owner": "owner", "pupil": "user",
	} {
		sc.fill("POST", "creator", "/v1/spaces/{spaceId}/rooms/{roomId}/roles", `{"targetUserId":"{`+name+`}","role":"role_room_`+role+`"}`)
	}
	sc.fill("DELETE", "creator", "/v1/spaces/{spaceId}/rooms/{roomId}/roles/{creator}", "")
	sc.fill("PUT", "space owner", "/v1/spaces/{spaceId}/bans/{banned}", `{}`)
	sc.fill("PUT", "room owner", "/v1/spaces/{spaceId}/rooms/{roomId}/bans/{outlaw}", `{}`)
	sc.keep("inviteId", sc.as("space moderator", "POST", "/v1/spaces/{spaceId}/invites", `{"role":"role_space_user"}`), "id")
	sc.keep("boundId", sc.as("space moderator", "POST", "/v1/spaces/{spaceId}/invites", `{"role":"role_space_user","email":"invitee@here.test"}`), "id")
	sc.keep("batchId", sc.as("space moderator", "POST", "/v1/spaces/{spaceId}/invites/bulk", `{"rows":[{"email":"one@here.test","role":"role_space_user"}]}`), "batchId")
	sc.guest("guest", "user")
	sc.guest("guest moderator", "moderator")
	sc.external("member", c.Workspace)
	sc.external("member owner", c.Workspace)
	sc.own("member owner")
	sc.keep("roomSessionId", sc.as("pupil", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", ""), "sessionId")
	return sc
}

// in is the scene for another test, for as long as that lasts.
func (sc *scene) in(t testing.TB) *scene {
	d := *sc.door
	d.t = t
	return &scene{&d, sc.id, sc.token}
}

func (sc *scene) user(name, client string) {
	sc.t.Helper()
	login := strings.ReplaceAll(name, " ", "-")
	sc.keep(name, sc.as("administrator", "POST", "/v1/users",
		`{"email":"`+login+`@here.test","username":"`+login+`","password":"`+goodPass+`"}`), "id")
	sc.token[name] = sc.signIn(client, login)
	if name == "pupil" {
		sc.id["userId"] = sc.id[name]
	}
}

func (sc *scene) member(name, role string) {
	sc.t.Helper()
	sc.keep("invite of "+name, sc.as("space owner", "POST", "/v1/spaces/{spaceId}/invites", `{"role":"`+role+`"}`), "id")
	sc.fill("POST", name, "/v1/spaces/{spaceId}/invites/{invite of "+name+"}/activate", "")
}

// external is a user whom an integrator keeps, and who has come by his access token.
func (sc *scene) external(name, workspace string) {
	sc.t.Helper()
	u, err := sc.auth.PutExternal(sc.t.Context(), sc.identity("administrator"), name, auth.ExternalPatch{})
	must(sc.t, err)
	tokens, err := sc.auth.SignInMember(sc.t.Context(), workspace, u.AccessToken)
	must(sc.t, err)
	sc.id[name+" link"] = u.AccessToken.Reveal()
	sc.id[name], sc.token[name] = u.ID, tokens.AccessToken.Reveal()
}

// own makes somebody a moderator of the space and an owner of the room who can't use an invite.
func (sc *scene) own(name string) {
	sc.t.Helper()
	who, err := sc.auth.Authenticate(sc.t.Context(), sc.token["creator"])
	must(sc.t, err)
	st, _, err := sc.spaces.InRoom(sc.t.Context(), who, sc.id["spaceId"], sc.id["roomId"])
	must(sc.t, err)
	st, err = sc.spaces.Of(sc.t.Context(), st, sc.id[name])
	must(sc.t, err)
	must(sc.t, sc.spaces.Admit(sc.t.Context(), st, roles.SpaceModerator, store.Tx{}))
	sc.fill("POST", "room owner", "/v1/spaces/{spaceId}/rooms/{roomId}/roles", `{"targetUserId":"{`+name+`}","role":"role_room_owner"}`)
}

func (sc *scene) guest(name, role string) {
	sc.t.Helper()
	link := sc.as("room moderator", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access",
		`{"username":"`+name+`","role":"`+role+`","isPermanent":true,"allowAccount":true}`)
	sc.keep("linkId", link, "id")
	sc.id["linkToken"] = tokenOf(link)
	seat := sc.fill("POST", "nobody", "/v1/access/redeem", `{"accessToken":"{linkToken}"}`)
	sc.token[name] = seat.text("access_token")
	sc.id[name] = seat.text("seatId")
}

// tokenOf is the token in the address of a link that was just made.
func tokenOf(link reply) string {
	_, token, _ := strings.Cut(link.text("url"), "accessToken=")
	token, _, _ = strings.Cut(token, "&")
	return token
}

// fill puts the scene's ids in for the {names} in path and body, and sends the request as someone; it must succeed.
func (sc *scene) fill(method, actor, path, body string) reply {
	sc.t.Helper()
	r := sc.ask(actor, method, path, body)
	if r.status >= 300 {
		sc.t.Fatalf("%s: %s %s: %d\n%s", actor, method, path, r.status, r.raw)
	}
	return r
}

func (sc *scene) as(actor, method, path, body string) reply {
	sc.t.Helper()
	return sc.fill(method, actor, path, body)
}

func (sc *scene) ask(actor, method, path, body string) reply {
	sc.t.Helper()
	switch {
	case strings.Contains(body, "{signUpToken}"):
		sc.signsUp("signUpToken", "stranger")
	case strings.Contains(body, "Token}") && !strings.Contains(body, "{linkToken}"):
		sc.mails()
	}
	names := sc.names()
	return sc.do(sc.token[actor], method, names.Replace(path), names.Replace(body))
}

// names puts ids in the place of {names}, and tokens in that of <names>.
func (sc *scene) names() *strings.Replacer {
	pairs := []string{"{anybody}", strings.ToLower(rand.Text()) + "@here.test"}
	for name, id := range maps.All(sc.id) {
		pairs = append(pairs, "{"+name+"}", id)
	}
	for name, token := range maps.All(sc.token) {
		pairs = append(pairs, "<"+name+">", token)
	}
	return strings.NewReplacer(pairs...)
}

func (sc *scene) keep(name string, r reply, field string) {
	sc.t.Helper()
	if sc.id[name] = r.text(field); sc.id[name] == "" {
		sc.t.Fatalf("no %s in %s", field, r.raw)
	}
}
