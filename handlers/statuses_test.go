package handlers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"usher/auth"
	"usher/handlers"
)

// A visit sees everything that the contract says an operation can answer, and what it cannot.
type visit struct {
	*scene
	operations map[string]operation
}

// TestEveryDocumentedStatusIsSeen provokes each status of each operation, and holds each answer against the contract.
// A status that nobody can get is a mistake in the contract, as is one that it does not have.
func TestEveryDocumentedStatusIsSeen(t *testing.T) {
	t.Parallel()
	for engine := range engines {
		fresh := losable[engine]
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s, lose := fresh(t)
			broken := &breakable{Store: s}
			d := open(t, broken)
			v := visit{d.newScene(t, "true", "open"), operations(t)}
			v.refused()
			v.provoked()
			v.granted()
			untouched := d.newScene(t, "true", "open")
			dry := open(t, broken, func(deps *handlers.Deps) {
				deps.Desk = d.sends(0)
				deps.Streams.PerCaller = -1 // none
			})
			dry.seen = d.seen
			visit{dry.newScene(t, "true", "open"), v.operations}.over()
			busy := open(t, broken, func(deps *handlers.Deps) { deps.Limiter = patient{deps.Limiter} })
			busy.seen = d.seen
			visit{busy.newScene(t, "true", "open"), v.operations}.limited()
			shut := open(t, broken, func(deps *handlers.Deps) { deps.Authority = d.authority(auth.SignUpUsers, nil) })
			shut.seen = d.seen
			visit{&scene{door: shut}, v.operations}.gets(404, "nobody", v.operations["getChallenge"], "/v1/captcha/challenge", "")
			v.scene = untouched
			v.mails()
			v.signsUp("signUpToken", "stranger")
			broken.now.Store(true)
			v.everything(500)
			broken.now.Store(false)
			lose()
			v.everything(503)
			v.complete()
		})
	}
}

// ours are the ids of the scene for the placeholders of a path, in braces; more are others, as "placeholder=name".
func (v visit) ours(more ...string) map[string]string {
	values := map[string]string{"targetId": "{userId}"}
	for name := range v.id {
		values[name] = "{" + name + "}"
	}
	for _, one := range more {
		if placeholder, name, ok := strings.Cut(one, "="); ok {
			values[placeholder] = "{" + name + "}"
		}
	}
	return values
}

// refused asks for what each operation refuses whatever stands behind it.
func (v visit) refused() {
	for _, op := range v.operations {
		who := slices.Concat(op.callers, []string{"nobody"})[0]
		who = strings.Replace(who, "user", "administrator", 1)
		if len(op.callers) > 0 {
			v.token["invalid"] = "x"
			v.gets(401, "invalid", op, op.at(nil), "")
		}
		for _, actor := range []string{"administrator", "client", "guest", "key"} {
			if len(op.callers) > 0 && !op.takes(actor) {
				v.gets(403, actor, op, op.at(nil), "")
			}
		}
		if strings.Contains(op.path, "{") {
			v.gets(404, who, op, op.at(nil), v.body(op))
		}
		malformed := 422
		if op.oauth() {
			malformed = 400
		}
		switch {
		case op.RequestBody != nil:
			v.gets(malformed, who, op, op.at(nil), `{"unheard":"of"}`)
			v.gets(413, who, op, op.at(nil), `{"`+strings.Repeat("x", op.mostBytes())+`":1}`)
			if r := v.do(v.token[who], op.method, op.at(nil), "x", "Content-Type", "text/plain"); r.status != 415 {
				v.t.Errorf("%s takes text: %d", op.OperationID, r.status)
			}
		case strings.Contains(op.path, "{"):
			v.gets(malformed, who, op, op.at(map[string]string{op.params[0].Value.Name: "!"}), "")
		case op.params.GetByInAndName("query", "limit") != nil:
			v.gets(malformed, who, op, op.path+"?limit=0", "")
		default:
			v.gets(malformed, who, op, op.path+"?accessToken=x", "")
		}
	}
}

// body is one that is right in itself.
func (v visit) body(op operation) string {
	for _, row := range rows {
		if row.operation == op.OperationID {
			return row.body
		}
	}
	return ""
}

func (v visit) gets(status int, actor string, op operation, path, body string) {
	v.t.Helper()
	if r := v.ask(actor, op.method, path, body); r.status != status {
		v.t.Errorf("%s as %s: %d, want %d\n%s", op.OperationID, actor, r.status, status, r.raw)
	}
}

// provoked are the answers that depend on what has happened, in an order in which it does. others names the ids that
// are not the scene's own.
var provoked = []struct {
	status                         int
	actor, operation, others, body string
}{
	{400, "nobody", "getAccessToken", "", `{"grant_type":"password","client_id":"{web}","username":"pupil","password":"not this one"}`},
	{401, "nobody", "getAccessToken", "", `{"grant_type":"client_credentials","client_id":"{client}","client_secret":"x"}`},
	{401, "nobody", "revokeToken", "", `{"token":"x","client_id":"{client}","client_secret":"x"}`},
	{401, "nobody", "introspectToken", "", `{"token":"x","client_id":"{web}"}`},
	{409, "outsider", "createUser", "", `{"email":"pupil@here.test","username":"pupil","password":"gmi28abc+gmi28abc"}`},
	{410, "nobody", "resetPassword", "", `{"token":"unheard of","newPassword":"another horse 8 battery"}`},
	{410, "nobody", "confirmSignUp", "", `{"token":"unheard of","password":"another horse 8 battery"}`},
	{409, "nobody", "confirmSignUp", "", `{"token":"{namesakeToken}","password":"another horse 8 battery"}`},
	{202, "nobody", "createUser", "", `{"email":"stranger@here.test","username":"stranger","password":"gmi28abc+gmi28abc","client_id":"{web}","captchaToken":"{captchaToken}"}`},
	{410, "nobody", "verifyEmail", "", `{"token":"unheard of"}`},
	{410, "nobody", "confirmEmailChange", "", `{"token":"unheard of"}`},
	{410, "nobody", "undoEmailChange", "", `{"token":"unheard of","newPassword":"another horse 8 battery"}`},
	{409, "nobody", "confirmEmailChange", "", `{"token":"{takenToken}"}`},
	{409, "nobody", "undoEmailChange", "", `{"token":"{oustedToken}","newPassword":"another horse 8 battery"}`},
	{409, "administrator", "sendVerification", "", ""},
	{409, "space owner", "deleteMe", "", `{"password":"` + goodPass + `"}`},
	{409, "pupil", "updateMe", "", `{"username":"Outsider"}`},
	{409, "administrator", "updateUser", "", `{"username":"Outsider"}`},
	{409, "administrator", "deleteUser", "userId=space owner", ""},
	{409, "administrator", "blockUser", "userId=support", ""},
	{409, "administrator", "setWorkspaceRole", "userId=administrator", `{"role":"role_workspace_support"}`},
	{409, "administrator", "unsetWorkspaceRole", "userId=administrator", ""},
	{409, "administrator", "deleteClient", "clientId=web", ""},
	{409, "space owner", "setSpaceRole", "userId=space owner", `{"role":"role_space_user"}`},
	{409, "space owner", "removeMember", "userId=space owner", ""},
	{409, "room owner", "grantRole", "", `{"targetUserId":"{banned}","role":"role_room_user"}`},
	{404, "space owner", "findUser", "?username=nobody", ""},
	{404, "nobody", "previewAccess", "", `{"accessToken":"unheard of"}`},
	{404, "nobody", "redeemAccess", "", `{"accessToken":"unheard of"}`},
	{404, "elsewhere", "keepSeat", "", `{"guestToken":"<guest>"}`},
	{410, "pupil", "keepSeat", "", `{"guestToken":"<pupil>"}`},
	{403, "banned", "getRoom", "", ""},
	{403, "banned", "getRoomByAlias", "", ""},
	{403, "banned", "joinAsGuest", "", `{"name":"Passer-by"}`},
	{201, "space owner", "createInvite", "", `{"role":"role_space_user","email":"twice@here.test"}`},
	{409, "space moderator", "createInvite", "", `{"role":"role_space_moderator","email":"Twice@here.test"}`},
	{409, "space owner", "resendInvite", "", ""},
	{410, "space owner", "resendInvite", "inviteId=invite of pupil", ""},
	{410, "space owner", "revokeInvite", "inviteId=invite of pupil", ""},
	{410, "outsider", "activateInvite", "inviteId=invite of pupil", ""},
	{200, "room owner", "updateAccessLink", "", `{"paused":true}`},
	{403, "nobody", "redeemAccess", "", `{"accessToken":"{linkToken}"}`},
	{204, "room owner", "revokeAccessLink", "", ""},
	{410, "nobody", "redeemAccess", "", `{"accessToken":"{linkToken}"}`},
	{409, "administrator", "deleteSpace", "spaceId=workspaceId", ""},
	{410, "room owner", "updateAccessLink", "", `{"paused":false}`},
	{410, "room owner", "replaceAccessLink", "", ""},
	{200, "pupil", "roomEvents", "", ""},
	{200, "room owner", "reportPresence", "", `{"connected":false}`},
	{410, "room owner", "reportPresence", "", `{"connected":true}`},
	{200, "room owner", "setRoomWebhook", "", `{"url":"https://school.example.com/usher"}`},
	{200, "room owner", "getRoomWebhook", "", ""},
	{204, "room owner", "closeRoom", "", ""},
	{410, "room owner", "sendRoomMessage", "", `{"text":"Page 12, please."}`},
	{410, "room owner", "generateAccess", "", `{"username":"Ann","role":"user"}`},
}

func (v visit) provoked() {
	v.keep("administrator", v.as("administrator", "GET", "/v1/users/me", ""), "id")
	v.mails()
	v.signsUp("namesakeToken", "another")
	v.id["captchaToken"] = v.captcha()
	v.moved("creator", "oustedToken", "creator@elsewhere.test")
	v.fill("POST", "administrator", "/v1/users", `{"email":"creator@moved.test","username":"another","password":"`+goodPass+`"}`)
	for _, row := range provoked {
		op := v.operations[row.operation]
		path := op.at(v.ours(row.others))
		if strings.HasPrefix(row.others, "?") {
			path += row.others
		}
		v.gets(row.status, row.actor, op, path, row.body)
	}
}

// exhausting are requests that count towards a limit, each by a caller of whom no other counts.
var exhausting = map[string]struct{ actor, query, body string }{
	"getAccessToken":     {"nobody", "", `{"grant_type":"password","client_id":"{web}","username":"pupil","password":"not this one"}`},
	"changePassword":     {"pupil", "", `{"oldPassword":"not this one","newPassword":"another horse 8 battery"}`},
	"forgotPassword":     {"nobody", "", `{"email":"nobody@here.test"}`},
	"resetPassword":      {"nobody", "", `{"token":"unheard of","newPassword":"another horse 8 battery"}`},
	"confirmSignUp":      {"nobody", "", `{"token":"unheard of","password":"another horse 8 battery"}`},
	"verifyEmail":        {"nobody", "", `{"token":"unheard of"}`},
	"confirmEmailChange": {"nobody", "", `{"token":"unheard of"}`},
	"undoEmailChange":    {"nobody", "", `{"token":"unheard of","newPassword":"another horse 8 battery"}`},
	"requestEmailChange": {"room monitor", "", `{"email":"a@here.test","password":"not this one"}`},
	"sendVerification":   {"space user", "", ""},
	"deleteMe":           {"room user", "", `{"password":"not this one"}`},
	"createUser":         {"outsider", "", `{"email":"pupil@here.test","username":"pupil","password":"gmi28abc+gmi28abc"}`},
	"findUser":           {"space owner", "?username=nobody", ""},
	"updateMe":           {"room owner", "", `{"phone":"1"}`},
	"previewAccess":      {"nobody", "", `{"accessToken":"unheard of"}`},
	"redeemAccess":       {"nobody", "", `{"accessToken":"unheard of"}`},
	"activateInvite":     {"outsider", "", ""},
	"resendInvite":       {"outsider", "", ""},
	"createInvites":      {"outsider", "", `{"rows":[{"email":"a@b.test","role":"role_space_user"}]}`},
	"sendRoomMessage":    {"room owner", "", `{"text":"Page 12, please."}`},
	"joinAsGuest":        {"nobody", "", `{"name":"Passer-by"}`},
	"revokeToken":        {"nobody", "", `{"token":"x","client_id":"{client}","client_secret":"x"}`},
	"introspectToken":    {"nobody", "", `{"token":"x","client_id":"{client}","client_secret":"x"}`},
}

// limited uses up each limit as the table has it; what it is asked for may be nothing.
func (v visit) limited() {
	for name, row := range exhausting {
		op := v.operations[name]
		status := 0
		for i := 0; status != 429 && i < 1000; i++ {
			status = v.ask(row.actor, op.method, op.at(nil)+row.query, row.body).status
		}
		if status != 429 {
			v.t.Errorf("%s is not limited", name)
		}
	}
}

// over asks for mails where none may be sent, and for streams where nobody may have one.
func (v visit) over() {
	for name, body := range map[string]string{"createInvite": `{"role":"role_space_user","email":"{anybody}","send":true}`} {
		v.gets(429, "space owner", v.operations[name], v.operations[name].at(v.ours()), body)
	}
	v.gets(429, "pupil", v.operations["roomEvents"], v.operations["roomEvents"].at(v.ours()), "")
}

// granted asks for everything until somebody may, of a scene that nobody has changed.
func (v visit) granted() {
	var sc *scene
	for _, row := range rows {
		if sc == nil {
			sc = v.newScene(v.t, "true", "open")
		}
		for _, actor := range []string{"nobody", "space owner", "room owner", "administrator", "guest"} {
			if sc.ask(actor, row.method, row.path, row.body).status < 300 {
				if !repeatable(row.method, row.operation) {
					sc = nil
				}
				break
			}
		}
	}
}

// everything asks for everything, and gets the same refusal, whatever else it asked.
func (v visit) everything(status int) {
	for _, row := range rows {
		op := v.operations[row.operation]
		if op.Responses.Status(status) == nil {
			continue
		}
		who := slices.Concat(op.callers, []string{"nobody"})[0]
		v.gets(status, strings.Replace(who, "user", "space owner", 1), op, row.path, row.body)
	}
}

// complete requires that each status of the contract was seen.
func (v visit) complete() {
	for name, op := range v.operations {
		for _, status := range slices.Sorted(maps.Keys(op.Responses.Map())) {
			if _, seen := v.seen.Load(fmt.Sprint(name, " ", status)); !seen {
				v.t.Errorf("%s never answers %s", name, status)
			}
		}
	}
}
