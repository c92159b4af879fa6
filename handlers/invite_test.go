package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/mail"
)

// An invitee stands before the page of an invite, with a browser that runs no scripts.
type invitee struct {
	browser
	page string
}

// invited makes an invite of the space's moderator, from fields of its body.
func (sc *scene) invited(fields string) invitee {
	sc.t.Helper()
	sc.keep("inviteId", sc.as("space moderator", "POST", "/v1/spaces/{spaceId}/invites", `{"role":"role_space_user"`+fields+`}`), "id")
	return invitee{sc.browser(), "/invite/" + sc.id["spaceId"] + "/" + sc.id["inviteId"]}
}

// by is another browser, of somebody who has signed in, or of nobody.
func (i invitee) by(name string) invitee {
	i.t.Helper()
	i.browser = i.scene.browser()
	if name != "" {
		i.gets(303, publicURL+i.page, i.visit("POST", i.signInAt(), signInForm(strings.ReplaceAll(name, " ", "-"), goodPass)))
	}
	return i
}

func (i invitee) signInAt() string {
	return "/sign-in?client_id=" + i.id["web"] + "&return=" + url.QueryEscape(publicURL+i.page)
}

// sees looks at the page, which says these things.
func (i invitee) sees(status int, says ...string) reply {
	i.t.Helper()
	return i.tells(i.visit("GET", i.page, nil), status, says...)
}

func (i invitee) tells(r reply, status int, says ...string) reply {
	i.t.Helper()
	require.Equal(i.t, status, r.status, r.raw)
	for _, part := range says {
		require.Contains(i.t, r.raw, part)
	}
	return r
}

func (i invitee) presses(do string, more ...string) reply {
	i.t.Helper()
	form := url.Values{"do": {do}}
	for n := 0; n+1 < len(more); n += 2 {
		form.Set(more[n], more[n+1])
	}
	return i.visit("POST", i.page, form)
}

// joins presses, and is in.
func (i invitee) joins() {
	i.t.Helper()
	shown := i.visit("GET", i.page, nil).raw
	i.gets(303, publicURL+i.page, i.presses("join", hidden(shown)...))
	i.sees(200, "You have joined.")
}

// One opens an invite, sees what it is, signs in and is brought back, and joins by one button. Looking spends nothing.
func TestThePageBehindAnInvite(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "public")
		i := sc.invited("")
		before := sc.applies.Load()
		for _, method := range []string{"HEAD", "GET"} {
			i.gets(200, "", i.visit(method, i.page, nil))
		}
		require.Equal(t, before, sc.applies.Load(), "looking writes nothing")
		page := i.sees(200, "<h1>Class 7</h1>", "space-moderator</bdi></strong> invites you to", "<dd>Member</dd>", "<altcha-widget ")
		require.Contains(t, page.raw, strings.ReplaceAll(i.signInAt(), "&", "&amp;"))
		require.NotContains(t, page.raw, "The one that this invitation is for")
		i.tells(i.presses("sign-up", "email", "new@here.test", "username", "new"), 422, "needs JavaScript")
		i.tells(i.presses("sign-up", "email", "new@here.test", "username", "new", "captchaToken", "x"), 403, "Try again")
		i.gets(303, publicURL+i.page, i.presses("join")) // who is nobody finds how to sign in

		i = i.by("outsider")
		i.sees(200, "Join as outsider", "You are signed in as <strong><bdi>outsider")
		i.gets(403, "", i.visit("POST", i.page, url.Values{"do": {"join"}}, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"))
		i.gets(303, publicURL+i.page, i.presses("join", "user", sc.id["outlaw"])) // in a tab that showed somebody else
		i.sees(200, "Join as outsider")
		i.joins()
		i.sees(200, `<a href="`+publicURL+`/room/`+sc.id["alias"]+`">Physics</a>`)
		i.joins() // a lost reply, or the way back

		i.by("outlaw").sees(410, "has been used")
		i.by("").sees(410, "has been used", "Sign in")
		i.gets(303, publicURL+i.page, i.presses("switch"))
		i.sees(410, "Sign in")
		i.gets(200, "", i.visit("GET", "/sign-in", nil)) // the session is over
	})
}

// What stands in the way is told apart, with what to do next.
func TestThePageOfAnInviteSaysWhatIsInTheWay(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		i := sc.invited("")
		i.by("banned").sees(403, "You are banned there")
		i.by("space moderator").sees(200, "You are a member already", "<dd>Moderator</dd>", "There is no room yet that you may enter. You can make one.")
		i.by("support").sees(403, "Accounts of the support")
		sc.invited(`,"email":"other@here.test"`).by("outsider").sees(403, "for another e-mail address", "Sign in as someone else")
		sc.invited(`,"domain":"here.test"`).by("").sees(200, "One that ends in @here.test.")
		unproved := sc.invited(`,"domain":"here.test"`).by("outsider")
		unproved.sees(403, "Confirm first that it is yours", `value="verify"`)
		unproved.tells(unproved.presses("verify"), 403, "Confirm first", "the mail that is on its way")
		sc.mailed("verifyToken", mail.Verify, "outsider")
		sc.ok(204, "", "POST", "/v1/auth/email/verify", `{"token":"`+sc.id["verifyToken"]+`"}`)
		unproved.joins()

		revoked := sc.invited("")
		sc.fill("DELETE", "space moderator", "/v1/spaces/{spaceId}/invites/{inviteId}", "")
		revoked.by("").sees(410, "was taken back")
		sc.invited(`,"expiresIn":60`)
		expiring := invitee{sc.browser(), "/invite/" + sc.id["spaceId"] + "/" + sc.id["inviteId"]}
		sc.clock.Add(60_000)
		expiring.sees(410, "has expired")
		void := sc.invited("").by("outlaw")
		sc.fill("DELETE", "space owner", "/v1/spaces/{spaceId}/members/{space moderator}", "")
		void.sees(410, "may not invite any more")
		for _, page := range []string{"/invite/x/y", "/invite/" + sc.id["spaceId"] + "/" + ofNothing} {
			i.page = page
			i.sees(404, "There is no such invitation")
		}
	})
}

// Whoever an invite is for makes an account on its page, by his address alone, and the mail leads back and in. To anybody
// else the page says nothing of whom it is for.
func TestAnInviteeMakesAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		sc.id["newcomer"] = "newcomer@there.test"
		i := sc.invited(`,"email":"newcomer@there.test"`)
		require.NotContains(t, i.sees(200, "Make an account").raw, "there.test")
		signUp := func(email, username string) reply {
			return i.presses("sign-up", "email", email, "username", username)
		}
		i.tells(signUp("else@there.test", "newcomer"), 422, "Use the e-mail address that this invitation was sent to", `value="else@there.test"`)
		i.tells(signUp("newcomer@there.test", "Pupil"), 409, "Somebody else has this username")
		i.tells(signUp("newcomer", "newcomer"), 422, "can&#39;t be taken")
		i.tells(signUp("Newcomer@there.test", "newcomer"), 200, "Look into your mailbox")

		sc.id["newcomer"] = "Newcomer@there.test"
		sc.mailed("signUpToken", mail.SignUp, "newcomer")
		token, back, _ := strings.Cut(sc.id["signUpToken"], "&back=")
		require.Equal(t, i.page, back)
		sc.id["signUpToken"] = token
		sc.fill("POST", "nobody", "/v1/auth/sign-up/confirm", `{"token":"{signUpToken}","password":"`+goodPass+`"}`)
		i = i.by("newcomer")
		i.sees(200, "Join as newcomer")
		i.joins()
	})
}
