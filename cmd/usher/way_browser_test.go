package main

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/browsertest"
	"usher/internal/mailtest"
)

// A reader sits before a browser of his own, at the program.
type reader struct {
	browsertest.Page
	t *testing.T
	p *process
}

func readerAt(t *testing.T, p *process) reader {
	t.Helper()
	return reader{browsertest.Open(t), t, p}
}

// tab is one more tab of the same browser.
func (r reader) tab() reader {
	r.t.Helper()
	return reader{r.Tab(), r.t, r.p}
}

// reads opens what somebody has sent as another site shows it, and follows its first link.
func (r reader) reads(sent, name string) {
	r.t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, sent)
	}))
	r.t.Cleanup(site.Close)
	r.Visit(strings.Replace(site.URL, "127.0.0.1", "localhost", 1))
	r.Keep("way-" + name)
	r.Do(chromedp.Click("a[href]"), chromedp.WaitVisible("main h1"))
}

// clicks waits for the page that answers, and gives its status.
func (r reader) clicks(what string) int64 {
	r.t.Helper()
	status, err := click(r.Page, what)
	require.NoError(r.t, err, what)
	return status
}

func click(p browsertest.Page, what string) (int64, error) {
	res, err := chromedp.RunResponse(p, chromedp.Click(what))
	if err != nil {
		return 0, err
	}
	return res.Status, nil
}

// sees requires that the page says something, and keeps a picture of it.
func (r reader) sees(name, what string) {
	r.t.Helper()
	require.Contains(r.t, r.Says(`document.querySelector("main").innerText`), what)
	r.Keep("way-" + name)
}

// hears is what the API answers to who sits there, by his cookies.
func (r reader) hears(path string) (a answer) {
	r.t.Helper()
	r.Visit(r.p.url + path)
	require.NoError(r.t, json.Unmarshal([]byte(r.Says("document.body.innerText")), &a))
	return a
}

var linkInMail = regexp.MustCompile(`https?://[^\s<"]+`)

// scans visits every link of a mail as scanners do: HEAD, GET, and with all scripts, but pressing nothing. It gives how
// many there were.
func (r reader) scans(parts ...string) (links int) {
	r.t.Helper()
	for _, part := range parts {
		for _, found := range linkInMail.FindAllString(part, -1) {
			link := html.UnescapeString(found)
			require.True(r.t, strings.HasPrefix(link, r.p.url), link)
			for _, method := range []string{"HEAD", "GET"} {
				req, err := http.NewRequestWithContext(r.t.Context(), method, link, nil)
				require.NoError(r.t, err)
				res, err := r.p.http.Do(req)
				require.NoError(r.t, err)
				require.NoError(r.t, res.Body.Close())
			}
			r.Visit("about:blank") // one with another fragment alone would not be loaded anew
			r.Visit(link)
			r.Do(chromedp.WaitVisible("form button"))
			links++
		}
	}
	return links
}

// The whole way, with nothing of it made up: an administrator invites a teacher by e-mail, she makes an account by the
// two mails and joins, and her pupil enters her room by the link that she sends. A scanner has visited every link first.
func TestTheWayFromAMailOfAnInviteToTheGuestInTheRoom(t *testing.T) {
	t.Parallel()
	post := mailtest.Start(t)
	p := launch(t, programAt(t, t.TempDir(), append(mailingBy(post), "--listen", "127.0.0.1:0",
		"--admin-email", adminEmail, "--admin-password", adminPassword)...))
	p.awaitListening(t)
	var readers [4]reader
	var started sync.WaitGroup
	for i := range readers {
		started.Go(func() { readers[i] = readerAt(t, p) })
	}
	started.Wait()
	scanner, teacher, pupil, other := readers[0], readers[1], readers[2], readers[3]
	pupil.Phone()

	const signIn = `{"grant_type":"password","username":"marie@school.example","password":"` + theirPassword + `"}`
	ann := p.signIn(t)
	space := "/v1/spaces/" + p.made(t, "/v1/spaces", ann, `{"name":"Évariste Galois School"}`).ID
	invite := space + "/invites/" + p.made(t, space+"/invites", ann, `{"role":"role_space_moderator","email":"marie@school.example",
		"name":"Marie","note":"Welcome to the school!\nYour class waits for you.","send":true}`).ID

	letter := post.Next()
	require.Equal(t, "marie@school.example", letter.To)
	require.GreaterOrEqual(t, scanner.scans(letter.Text, letter.HTML), 2)
	require.Equal(t, "pending", p.ask(t.Context(), "GET", invite, ann, "").State)
	teacher.reads(letter.HTML, "1-mail")
	page := teacher.Says("location.href")
	teacher.sees("2-invite", "invites you to Évariste Galois School")
	require.NotEqual(t, "rgba(0, 0, 0, 0)", teacher.Says(`getComputedStyle(document.querySelector("a.button")).backgroundColor`), "signing in is a button")
	teacher.Do(chromedp.SendKeys("#email", "marie@school.example"), chromedp.SendKeys("#username", "Marie Curie"))
	teacher.clicks("[value=sign-up]")
	teacher.sees("3-mailed", "Look into your mailbox")

	letter = post.Next()
	require.Equal(t, "marie@school.example", letter.To)
	require.GreaterOrEqual(t, scanner.scans(letter.Text, letter.HTML), 2)
	require.Equal(t, "400 invalid_grant", p.ask(t.Context(), "POST", "/v1/auth/token", "", signIn).word(), "opening makes no account")
	teacher.reads(letter.HTML, "4-mail")
	teacher.Accessible("way-5-confirm")
	require.Equal(t, p.url+"/confirm-sign-up", teacher.Says("location.href"))
	teacher.Do(chromedp.SendKeys("#password", theirPassword), chromedp.Click("form button"), chromedp.WaitVisible("#next a"))
	require.Equal(t, "Done", teacher.Says("document.title"))
	teacher.Accessible("way-6-confirmed")
	teacher.clicks("#next a")
	teacher.clicks("a.button")
	teacher.Keep("way-7-sign-in")
	teacher.Do(chromedp.SendKeys("#username", "marie@school.example"), chromedp.SendKeys("#password", theirPassword))
	teacher.clicks("form button")
	require.Equal(t, page, teacher.Says("location.href"))
	teacher.sees("8-join", "Join as Marie Curie")
	teacher.clicks("[value=join]")
	teacher.sees("9-joined", "You have joined.")
	require.Equal(t, "used", p.ask(t.Context(), "GET", invite, ann, "").State)

	marie := p.ask(t.Context(), "POST", "/v1/auth/token", "", signIn).Access
	made := p.made(t, space+"/rooms", marie, `{"name":"Radioactivity"}`)
	room, inRoom := p.url+"/room/"+made.Alias, "/room/"+made.Alias+"/v1/access/seat"
	links := space + "/rooms/" + made.ID
	linkFor := func(name string) (seats func() int, link, token string) {
		made := p.made(t, links+"/generate-access", marie, `{"role":"user","username":"`+name+`"}`)
		return func() int { return p.ask(t.Context(), "GET", links+"/access-links/"+made.ID, marie, "").Seats }, made.URL, tokenOf(t, made)
	}
	chat := func(link string) string {
		return `<!doctype html><meta name="viewport" content="width=device-width"><title>chat</title>
<p>Your lesson: <a href="` + html.EscapeString(link) + `">` + html.EscapeString(link) + `</a>`
	}

	seats, link, token := linkFor("Irène")
	require.Equal(t, 2, scanner.scans(chat(link)))
	require.Zero(t, seats(), "opening takes no seat")
	pupil.reads(chat(link), "10-chat")
	pupil.sees("11-link", "You are invited here as Irène")
	pupil.clicks("[value=link]")
	pupil.sees("12-in", "You are in as Irène")
	require.Equal(t, room, pupil.Says("location.href"), "the token is not in the address bar")
	entries, err := chromedp.Run(pupil, chromedp.NavigationEntries())
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(entries.Entries), 3)
	for _, e := range entries.Entries { // what was typed before a redirect is the browser's own, and no page's
		require.NotContains(t, e.URL+e.Title, token)
	}

	tab := pupil.tab()
	seat := tab.hears(inRoom).SeatID
	require.NotEmpty(t, seat)
	for name, again := range map[string][]chromedp.Action[chromedp.Void]{
		"a reload": {chromedp.Reload()}, "the way back and forth": {chromedp.NavigateBack(), chromedp.NavigateForward()},
		"the link once more": {chromedp.Navigate(link)},
	} {
		pupil.Do(again...)
		require.Contains(t, pupil.Says("document.body.innerText"), "You are in as Irène", name)
		require.Equal(t, seat, tab.hears(inRoom).SeatID, name)
	}
	tab.Visit(link)
	tab.sees("13-tab", "You are in as Irène")
	require.Equal(t, seat, tab.hears(inRoom).SeatID)
	other.reads(chat(link), "14-chat")
	other.sees("15-used", "already in use in another browser")
	require.Equal(t, 1, seats())

	seats, link, _ = linkFor("Ève")
	racers, statuses := []reader{pupil, other}, make([]int64, 2)
	for _, r := range racers {
		r.reads(chat(link), "16-chat")
	}
	var race sync.WaitGroup
	for i, r := range racers {
		race.Go(func() {
			var err error
			statuses[i], err = click(r.Page, "[value=link]")
			assert.NoError(t, err)
		})
	}
	race.Wait()
	require.ElementsMatch(t, []int64{http.StatusOK, http.StatusGone}, statuses)
	for i, r := range racers {
		r.sees("17-race", map[int64]string{http.StatusOK: "You are in as Ève", http.StatusGone: "already in use in another browser"}[statuses[i]])
	}
	require.Equal(t, 1, seats())

	_, link, _ = linkFor("Pierre")
	teacher.reads(chat(link), "18-chat")
	teacher.sees("19-teacher", "You are invited here as Pierre")
	teacher.sees("19-teacher", "Elsewhere you are signed in as Marie Curie, and stay so.")
	teacher.clicks("[value=link]")
	teacher.sees("20-teacher-in", "You are in as Pierre")
	require.NotEmpty(t, teacher.hears(inRoom).SeatID)
	require.Equal(t, "marie@school.example", teacher.hears("/v1/users/me").Email)
}
