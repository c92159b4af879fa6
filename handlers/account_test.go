package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"usher/internal/store/storetest"
)

// A mailReader opens the links of mails in a browser.
type mailReader struct {
	person
}

func newMailReader(t *testing.T) *mailReader {
	t.Helper()
	t.Parallel()
	r := &mailReader{people(t, "open", 1)[0]}
	r.mails()
	r.Reads("en")
	return r
}

// opens follows a link, and waits for the button that does what it is for.
func (r *mailReader) opens(page, token string) {
	r.t.Helper()
	r.Visit(r.url + "/livez") // another document: one with another fragment would not be loaded anew
	r.Visit(r.url + page + "#token=" + r.id[token])
	r.Do(chromedp.WaitVisible("form button"))
	require.Equal(r.t, r.url+page, r.Says("location.href"), "the token does not stay in the address bar")
	require.Equal(r.t, "[]", r.Says(`JSON.stringify(performance.getEntriesByType("resource").filter(e => !e.name.startsWith(location.origin + "/account/")))`))
	r.Accessible(strings.Trim(page, "/"))
}

// presses presses the button, and returns what the page says then.
func (r *mailReader) presses() string {
	r.t.Helper()
	r.Do(chromedp.Click("form button"))
	return r.Says(`new Promise(done => { const look = () => outcome.textContent ? done(outcome.textContent) : requestAnimationFrame(look); look(); })`)
}

func (r *mailReader) signsIn(password string) int {
	return r.do("", "POST", "/v1/auth/token", `{"grant_type":"password","client_id":"`+r.id["web"]+`","username":"pupil","password":"`+password+`"}`).status
}

func TestAPasswordIsChosenOnThePage(t *testing.T) {
	r := newMailReader(t)
	r.opens("/reset-password", "resetToken") // as a scanner does, scripts and all
	r.opens("/reset-password", "resetToken")
	r.Do(chromedp.SendKeys("#password", "short"))
	require.Contains(t, r.presses(), "too short")
	r.Do(chromedp.SendKeys("#password", " but longer now"))
	require.Equal(t, "Your password is the new one. You can sign in with it.", r.presses())
	require.Equal(t, 200, r.signsIn("short but longer now"))
	require.Equal(t, 400, r.signsIn(goodPass))

	r.opens("/reset-password", "resetToken")
	r.Do(chromedp.SendKeys("#password", "a long sentence is best"))
	require.Contains(t, r.presses(), "This link is not good any more")
	require.Equal(t, "true", r.Says("String(document.forms[0].hidden)"))
}

func TestAnAddressIsConfirmedOnThePage(t *testing.T) {
	r := newMailReader(t)
	r.opens("/verify-email", "verifyToken")
	require.NotContains(t, r.ask("pupil", "GET", "/v1/users/me", "").raw, `"emailVerified":true`, "opening spends nothing")
	require.Equal(t, "Your e-mail address is confirmed.", r.presses())
	require.Contains(t, r.ask("pupil", "GET", "/v1/users/me", "").raw, `"emailVerified":true`)

	r.opens("/confirm-email", "changeToken")
	require.Equal(t, "Your account has the new e-mail address.", r.presses())
	require.Equal(t, "pupil@moved.test", r.ask("pupil", "GET", "/v1/users/me", "").text("email"))

	r.opens("/undo-email", "undoToken")
	r.Do(chromedp.SendKeys("#password", "a long sentence is best"))
	require.Contains(t, r.presses(), "Your account has this e-mail address again")

	for _, language := range []string{"de", "es", "ko", "ru"} {
		r.Reads(language)
		for _, page := range []string{"/reset-password", "/undo-email"} {
			r.Visit(r.url + "/livez")
			r.Visit(r.url + page + "#token=x")
			r.Fits(page + " in " + language)
			r.Keep(strings.Trim(page, "/") + "-" + language)
			require.Equal(t, language, r.Says("document.documentElement.lang"))
		}
	}
	r.Reads("en")
	r.Visit(r.url + "/verify-email")
	require.Contains(t, r.Says("outcome.textContent"), "Open the link from the mail once more")
	require.Equal(t, "true", r.Says("String(document.forms[0].hidden)"))
}

// A page holds nothing that could be stolen, runs no script but its own, and stays in nobody's cache.
func TestPagesOfMailsAreClosed(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.Bolt(t))
	for _, path := range []string{"/reset-password", "/confirm-sign-up", "/join-staff", "/verify-email", "/confirm-email", "/undo-email", "/account/page.js", "/account/page.css"} {
		for _, method := range []string{"GET", "HEAD"} {
			w := httptest.NewRecorder()
			d.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			require.Equal(t, http.StatusOK, w.Code, path)
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
			policy := w.Header().Get("Content-Security-Policy")
			if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				require.Equal(t, "default-src 'none'; script-src 'self' https://usher.test; style-src 'self' https://usher.test; "+
					"form-action 'self' https://usher.test; base-uri 'none'; frame-ancestors 'none'; connect-src 'self' https://usher.test", policy)
			}
			require.NotContains(t, policy, "unsafe")
			body := strings.ReplaceAll(w.Body.String(), publicURL, "")
			require.NotRegexp(t, `<script>|\son\w+=|style=|(src|href)="(https?:)?//`, body)
		}
	}
}
