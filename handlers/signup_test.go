package handlers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers"
	"usher/internal/captcha"
	"usher/internal/mail"
	"usher/invites"
	"usher/roles"
)

// captcha is a challenge of the door's, solved.
func (d *door) captcha() string {
	d.t.Helper()
	var c captcha.Challenge
	got := d.ok(200, "", "GET", "/v1/captcha/challenge", "")
	must(d.t, json.Unmarshal([]byte(got.raw), &c))
	return captcha.Solve(c)
}

// signUp asks for an account as a stranger, at an address of which no test knows.
func (sc *scene) signUp(email, username, captcha string) reply {
	sc.t.Helper()
	return sc.do("", "POST", "/v1/users", fmt.Sprintf(`{"email":%q,"username":%q,"password":%q,"client_id":%q,"captchaToken":%q}`,
		email, username, goodPass, sc.id["web"], captcha))
}

// Whether an address has an account shows in nothing but its mail: the answers are the same to the letter.
func TestAStrangerIsToldNothingOfAnAddress(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		answers := map[string]reply{}
		for _, email := range []string{"pupil@here.test", "nobody@here.test"} {
			r := sc.signUp(email, "stranger of "+email[:5], sc.captcha())
			require.Equal(t, 202, r.status, r.raw)
			require.Empty(t, r.raw)
			r.header.Del("X-Request-Id")
			answers[email] = r
		}
		require.Equal(t, answers["pupil@here.test"], answers["nobody@here.test"])
		sc.id["nobody's"] = "nobody@here.test"
		sc.mailed("signUpToken", mail.SignUp, "nobody's")
		kinds := map[string]mail.Kind{}
		for _, m := range sc.post.sent {
			if _, asked := answers[m.To]; asked {
				kinds[m.To] = m.Kind
			}
		}
		require.Equal(t, map[string]mail.Kind{"pupil@here.test": mail.Taken, "nobody@here.test": mail.SignUp}, kinds)

		sc.fill("POST", "nobody", "/v1/auth/sign-up/confirm", `{"token":"{signUpToken}","password":"`+goodPass+`"}`)
		require.NotEmpty(t, sc.signIn(sc.id["web"], "nobody@here.test"))
	})
}

func TestStrangersMeetACaptcha(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		refused := func(r reply, status int, code string) {
			t.Helper()
			require.Equal(t, status, r.status, r.raw)
			require.Equal(t, code, r.text("code"))
		}
		refused(sc.signUp("new@here.test", "new", ""), 422, "captcha_required")
		refused(sc.signUp("new@here.test", "new", "made up"), 403, "captcha_wrong")
		solved := sc.captcha()
		refused(sc.signUp("new@here.test", "Pupil", solved), 409, "username_taken")
		refused(sc.signUp("new@here.test", "new", solved), 403, "captcha_wrong")

		key := sc.fill("POST", "key", "/v1/users", `{"email":"k@here.test","username":"k","password":"gmi28abc","captchaToken":"string","client_id":"nobody's"}`)
		require.Equal(t, 201, key.status, "who has shown who he is needs none")

		shut := open(t, d.auth.Store, func(deps *handlers.Deps) {
			deps.Authority = sc.authority(auth.SignUpUsers, nil)
			deps.Spaces = roles.New(deps.Authority, roles.Settings{})
			deps.Desk = invites.New(deps.Authority, deps.Spaces, invites.Settings{})
		})
		closed := &scene{shut, sc.id, sc.token}
		refused(closed.signUp("new@here.test", "new", ""), 401, "no_token")
		require.Equal(t, "Bearer", closed.signUp("new@here.test", "new", "").header.Get("WWW-Authenticate"))
		refused(closed.do("", "GET", "/v1/captcha/challenge", ""), 404, "captcha_off")
	})
}
