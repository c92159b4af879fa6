package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"usher/handlers"
	"usher/internal/browsertest"
	"usher/internal/store/storetest"
)

// A person sits before a browser of his own.
type person struct {
	*scene
	browsertest.Page
	url, room string
}

// people stand before a room of this access, each with a browser on a phone.
func people(t *testing.T, access string, n int) []person {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	d := open(t, storetest.Bolt(t), func(deps *handlers.Deps) { deps.PublicURL = url })
	sc := d.newScene(t, "true", access)
	server.Config.Handler = d.api
	server.Start()
	t.Cleanup(server.Close)
	var all []person
	for range n {
		p := person{sc, browsertest.Open(t), url, url + "/room/" + sc.id["alias"]}
		p.Phone()
		all = append(all, p)
	}
	return all
}

// text is what the page says.
func (p person) text() string {
	p.t.Helper()
	return p.Says(`document.querySelector("main").innerText`)
}

// presses presses a button, and waits for the page that answers.
func (p person) presses(do string) {
	p.t.Helper()
	_, err := chromedp.RunResponse(p, chromedp.Click(`[name=do][value=`+do+`]`))
	must(p.t, err)
}

// TestTheWayFromAMailToTheRoom in real browsers: a scanner that runs scripts opens the link first, the guest follows it
// from a page of another site and without a script, and another browser comes too late.
func TestTheWayFromAMailToTheRoom(t *testing.T) {
	t.Parallel()
	both := people(t, "private", 2)
	guest, other := both[0], both[1]
	address, token, path := guest.link()
	mail := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><meta name="viewport" content="width=device-width"><title>mail</title><a id="link" href="` + guest.url + strings.ReplaceAll(address, "&", "&amp;") + `">the link</a>`))
	}))
	t.Cleanup(mail.Close)

	other.Visit(guest.url + address) // which spends nothing
	require.Contains(t, other.text(), "You are invited here as John <Smith>")
	require.EqualValues(t, 0, guest.as("room moderator", "GET", path, "").body["seats"])

	guest.Visit(strings.Replace(mail.URL, "127.0.0.1", "localhost", 1))
	guest.Do(chromedp.Click("#link"), chromedp.WaitVisible("main"))
	require.Equal(t, guest.room, guest.Says("location.href"), "the token is out of the address bar")
	require.Empty(t, guest.Says("document.referrer + document.cookie"))
	require.NotContains(t, guest.Says("document.documentElement.outerHTML"), token)
	require.Contains(t, guest.text(), "You are invited here as John <Smith>")
	guest.Accessible("room-link")

	guest.Scripts(false)
	guest.presses("link")
	guest.Scripts(true)
	require.Contains(t, guest.text(), "You are in as John <Smith>")
	guest.Accessible("room-in")
	for _, again := range []chromedp.Action[chromedp.Void]{chromedp.Reload(), chromedp.NavigateBack(), chromedp.Navigate(guest.url + address)} {
		guest.Do(again)
	}
	require.Contains(t, guest.text(), "You are in as John <Smith>")
	require.Equal(t, guest.room, guest.Says("location.href"))
	guest.Visit(guest.room + "/v1/access/seat")
	require.Contains(t, guest.Says("document.body.innerText"), `"participantName":"John `)
	guest.Visit(guest.room)

	other.Do(chromedp.Reload())
	require.Contains(t, other.text(), "already in use in another browser")
	other.Accessible("room-used")

	guest.presses("leave")
	require.Contains(t, guest.text(), "Enter as John <Smith>")
	guest.presses("link")
	require.Contains(t, guest.text(), "You are in as John <Smith>")
	require.EqualValues(t, 1, guest.as("room moderator", "GET", path, "").body["seats"])
}

// TestHowTheRoomsPageLooks: every state of it, and every language, on a phone.
func TestHowTheRoomsPageLooks(t *testing.T) {
	t.Parallel()
	p := people(t, "open", 1)[0]
	const room = "/v1/spaces/{spaceId}/rooms/{roomId}"
	p.Visit(p.room + "?via=link")
	require.Contains(t, p.text(), "keeps no cookies")
	p.Accessible("room-no-cookies")
	p.Visit(p.room)
	p.Accessible("room-open")
	p.Do(chromedp.SendKeys("#name", "Zoë"))
	p.presses("name")
	require.Contains(t, p.text(), "You are in as Zoë")
	p.Accessible("room-anonymous")
	p.presses("leave")

	makes := func(body string) (string, string) {
		made := p.as("room owner", "POST", room+"/generate-access", `{"username":"Marie Curie-Skłodowska","role":"moderator"`+body+`}`)
		return p.url + strings.TrimPrefix(made.text("url"), publicURL), room + "/access-links/" + made.text("id")
	}
	good, path := makes("")
	pin, _ := makes(`,"pin":"2468"`)
	early, _ := makes(`,"notBefore":"` + p.now().Add(time.Hour).UTC().Format(time.RFC3339) + `"`)
	paused, pausedPath := makes("")
	p.as("room owner", "PATCH", pausedPath, `{"paused":true}`)
	for _, language := range []string{"de", "es", "ko", "ru"} {
		p.Reads(language)
		p.Visit(p.room)
		p.Fits("open in " + language)
		p.Visit(good)
		require.Equal(t, language, p.Says("document.documentElement.lang"))
		p.Accessible("room-link-" + language)
		p.Visit(early)
		p.Fits("early in " + language)
		p.Keep("room-early-" + language)
	}
	p.Reads("en")
	for name, address := range map[string]string{"pin": pin, "early": early, "paused": paused, "unknown": p.room + "?accessToken=x"} {
		p.Visit(address)
		p.Accessible("room-" + name)
	}
	p.as("room owner", "DELETE", path, "")
	p.Visit(good)
	p.Accessible("room-revoked")

	keeps, keepsPath := makes(`,"allowAccount":true`)
	p.Visit(keeps)
	p.presses("link")
	p.Do(chromedp.Click("summary"), chromedp.WaitVisible("#email"))
	p.Accessible("room-keep-sign-up")
	p.Do(chromedp.SendKeys("#email", "marie@there.test"), chromedp.SendKeys("#username", "marie"))
	p.presses("sign-up")
	require.Contains(t, p.text(), "Look into your mailbox")
	p.Accessible("room-keep-mailed")

	p.Visit(p.url + "/sign-in?client_id=" + p.id["web"])
	p.Accessible("sign-in")
	p.Do(chromedp.SendKeys("#username", "room-user"), chromedp.SendKeys("#password", goodPass))
	_, err := chromedp.RunResponse(p, chromedp.Click("button"))
	must(t, err)
	p.Visit(pin)
	require.Contains(t, p.text(), "Elsewhere you are signed in as room-user")
	p.Accessible("room-teacher")
	p.presses("self")
	require.Contains(t, p.text(), "You are in as room-user")
	p.Accessible("room-self")
	p.Visit(keeps)
	require.Contains(t, p.text(), "Keep this place as room-user")
	p.Accessible("room-keep")
	seat := p.as("room owner", "GET", keepsPath, "").text("seatId")
	p.as("room owner", "PUT", room+"/bans/"+seat, `{}`)
	p.Visit(p.room)
	require.Contains(t, p.text(), "You were put out of this room")
	p.Accessible("room-banned")
	short, _ := makes(`,"ttl":60`)
	p.clock.Add(61_000)
	p.Visit(short)
	require.Contains(t, p.text(), "has expired")
	p.Accessible("room-expired")
	p.as("room owner", "POST", room+"/close", "")
	p.Visit(p.room)
	require.Contains(t, p.text(), "This room is closed")
	p.Accessible("room-closed")
}
