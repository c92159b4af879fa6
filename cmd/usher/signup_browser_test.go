package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"usher/internal/browsertest"
	"usher/internal/mailtest"
)

// formOf is a page of an operator's own, on an origin of its own, with the real widget.
func formOf(door string) string {
	return `<!doctype html><script type="module" src="/widget/main/altcha.js"></script>
<altcha-widget challenge="` + door + `/v1/captcha/challenge" auto="onload" minDuration="0"></altcha-widget>`
}

// From the operator's page to the first sign-in, with nothing of it made up: the widget from npm in a browser, the program,
// a mail by SMTP, and the page that its link leads to.
func TestAStrangerSignsUpInABrowser(t *testing.T) {
	t.Parallel()
	widget := http.StripPrefix("/widget/", http.FileServer(http.Dir(browsertest.Altcha(t))))
	var door string
	operator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/widget/") {
			widget.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, formOf(door))
	}))
	t.Cleanup(operator.Close)
	post := mailtest.Start(t)
	p := launch(t, programAt(t, t.TempDir(), append(mailingBy(post), "--listen", "127.0.0.1:0", "--cors-origins", operator.URL,
		"--sign-up", "open", "--captcha", "altcha", "--admin-email", adminEmail, "--admin-password", adminPassword)...))
	p.awaitListening(t)
	door = p.url

	browser := browsertest.Open(t)
	browser.Visit(operator.URL)
	require.Equal(t, "202 ", browser.Says(`new Promise(done => {
		const look = () => { const input = document.querySelector("input[name=altcha]"); input && input.value ? done(input.value) : requestAnimationFrame(look); };
		look();
	}).then(captchaToken => fetch("`+door+`/v1/users", {
		method: "POST", headers: {"Content-Type": "application/json"},
		body: JSON.stringify({email: "bob@example.com", username: "Bob", captchaToken}),
	})).then(async answer => answer.status + " " + await answer.text())`))

	const signIn = `{"grant_type":"password","username":"bob@example.com","password":"gmi28abc"}`
	letter := post.Next()
	require.Equal(t, "bob@example.com", letter.To)
	for range 2 { // as a scanner does, scripts and all
		browser.Visit(door + "/livez") // another document: one with another fragment would not be loaded anew
		browser.Visit(letter.Link())
		browser.Do(chromedp.WaitVisible("form button"))
		require.Equal(t, door+"/confirm-sign-up", browser.Says("location.href"), "the token does not stay in the address bar")
		require.Equal(t, "400 invalid_grant", p.ask(t.Context(), "POST", "/v1/auth/token", "", signIn).word(), "opening spends nothing")
	}
	browser.Do(chromedp.SendKeys("#password", "gmi28abc"), chromedp.Click("form button"))
	require.Equal(t, "Your account is there. You can sign in to it.", browser.Says(`new Promise(done => {
		const look = () => outcome.textContent ? done(outcome.textContent) : requestAnimationFrame(look);
		look();
	})`))
	require.Equal(t, "200", p.ask(t.Context(), "POST", "/v1/auth/token", "", signIn).word())

	// On the page of an invite that is for whoever has it, the same in one form: the browser works when it is sent.
	ann := p.signIn(t)
	space := "/v1/spaces/" + p.made(t, "/v1/spaces", ann, `{"name":"Class 7"}`).ID
	page := door + "/invite" + strings.TrimPrefix(space, "/v1/spaces") + "/" + p.made(t, space+"/invites", ann, `{"role":"role_space_user"}`).ID
	browser.Phone()
	browser.Visit(page)
	require.NotContains(t, browser.Says("document.body.innerText"), "robot", "there is nothing to solve")
	browser.Accessible("sign-up-stranger")
	browser.Do(chromedp.SendKeys("#email", "eve@example.com"), chromedp.SendKeys("#username", "Eve"))
	_, err := chromedp.RunResponse(browser, chromedp.Click("[value=sign-up]"))
	require.NoError(t, err)
	require.Contains(t, browser.Says("document.body.innerText"), "Look into your mailbox")
	letter = post.Next()
	require.Equal(t, "eve@example.com", letter.To)
	browser.Visit(letter.Link())
	browser.Do(chromedp.WaitVisible("form button"), chromedp.SendKeys("#password", "gmi28abc"), chromedp.Click("form button"), chromedp.WaitVisible("#next a"))
	_, err = chromedp.RunResponse(browser, chromedp.Click("#next a"))
	require.NoError(t, err)
	require.Equal(t, page, browser.Says("location.href"))
}

// What is embedded of the widget is what its makers give out.
func TestTheWidgetIsItsMakers(t *testing.T) {
	t.Parallel()
	dist := browsertest.Altcha(t)
	for ours, theirs := range map[string]string{
		"altcha.min.js": "external/altcha.min.js", "pbkdf2.js": "workers/pbkdf2.js", "altcha.LICENSE.txt": "../LICENSE.txt",
	} {
		want, err := os.ReadFile(filepath.Join(dist, theirs))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("../../handlers/captcha", ours))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), ours)
	}
}
