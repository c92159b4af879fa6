package handlers_test

import (
	"cmp"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A guestBrowser stands before a room, and runs no scripts.
type guestBrowser struct {
	browser
	room string // the path of its page
}

func (sc *scene) guestBrowser() guestBrowser {
	return guestBrowser{sc.browser(), "/room/" + sc.id["alias"]}
}

// link makes one for John, and gives the path and query of its address, its token, and its path in the API.
func (sc *scene) link() (address, token, path string) {
	sc.t.Helper()
	made := sc.as("room moderator", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access", forJohn)
	return strings.TrimPrefix(made.text("url"), publicURL), tokenOf(made), "/v1/spaces/{spaceId}/rooms/{roomId}/access-links/" + made.text("id")
}

const forJohn = `{"username":"John <Smith>","role":"user"}`

// opens follows a link to the page behind it: over the address that shows whether cookies are kept, to the bare one.
func (b guestBrowser) opens(want int, address string) reply {
	b.t.Helper()
	b.gets(303, publicURL+b.room+"?via=link", b.visit("GET", address, nil))
	b.gets(303, publicURL+b.room, b.visit("GET", b.room+"?via=link", nil))
	return b.looks(want)
}

func (b guestBrowser) looks(want int) reply {
	b.t.Helper()
	return b.gets(want, "", b.visit("GET", b.room, nil))
}

func (b guestBrowser) presses(do string, more ...string) reply {
	b.t.Helper()
	form := url.Values{"do": {do}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return b.visit("POST", b.room, form)
}

// enters presses, and is in.
func (b guestBrowser) enters(do string, more ...string) reply {
	b.t.Helper()
	b.gets(303, publicURL+b.room, b.presses(do, more...))
	in := b.looks(200)
	require.Contains(b.t, in.raw, "You are in as")
	return in
}

// One opens a link, sees what it is for, and is in by one button. Nothing before that button spends anything; what
// happens after it (a second press, the way back, a reload, leaving) keeps the seat, which is this browser's alone.
func TestThePageBehindALink(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		address, token, path := sc.link()
		b, other := sc.guestBrowser(), sc.guestBrowser()
		before := sc.applies.Load()
		for range 3 {
			for _, method := range []string{"HEAD", "GET"} {
				scanner := sc.guestBrowser()
				scanner.gets(303, publicURL+b.room+"?via=link", scanner.visit(method, address, nil))
				scanner.gets(303, publicURL+b.room, scanner.visit(method, b.room+"?via=link", nil))
				scanner.gets(200, "", scanner.visit(method, b.room, nil))
			}
		}
		page := b.opens(200, address+"&participantName=Mallory")
		other.opens(200, address)
		require.Equal(t, before, sc.applies.Load(), "looking writes nothing")
		for _, part := range []string{
			"<h1>Physics</h1>", "You are invited here as <strong><bdi>John &lt;Smith&gt;</bdi></strong>.", "Enter as John &lt;Smith&gt;",
			"<dd>Participant</dd>", sc.now().Add(24 * time.Hour).UTC().Format("2006-01-02T15:04:05Z"), "<dd>1 d 0 h</dd>",
			`<form method="post" action="` + publicURL + b.room + `">`,
		} {
			require.Contains(t, page.raw, part)
		}
		in := b.enters("link")
		for _, shown := range []reply{page, in} {
			require.NotContains(t, shown.raw, token)
			require.NotContains(t, shown.raw, "Mallory")
			require.NotRegexp(t, `<script>|\son\w+=|style=`, shown.raw)
		}
		require.Contains(t, in.raw, "John &lt;Smith&gt;")
		require.Contains(t, b.visit("GET", b.room+"/v1/access/seat", nil).raw, `"participantName":"John `)

		other.gets(410, "", other.presses("link"))
		require.Contains(t, other.looks(410).raw, "already in use in another browser")
		b.enters("link")      // a lost reply, or the back button
		b.opens(200, address) // the link once more, in a second tab
		b.gets(303, publicURL+b.room, b.presses("leave"))
		require.Contains(t, b.looks(200).raw, "Enter as John")
		require.Equal(t, 401, b.visit("GET", b.room+"/v1/access/seat", nil).status)
		b.enters("link")
		require.EqualValues(t, 1, sc.as("room moderator", "GET", path, "").body["seats"])
	})
}

// Why a link is not good is said in words, with the status of the API, and with what to do next.
func TestThePageSaysWhyALinkIsNotGood(t *testing.T) {
	const room = "/v1/spaces/{spaceId}/rooms/{roomId}"
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		rows := []struct {
			name, issuer       string
			seated             bool
			method, path, body string // what spoils it
			status             int
			says               string
			b                  guestBrowser
		}{
			{name: "revoked", seated: true, method: "DELETE", path: "{link}", status: 410, says: "taken back"},
			{name: "paused", method: "PATCH", path: "{link}", body: `{"paused":true}`, status: 403, says: "paused at the moment"},
			{name: "put out", seated: true, method: "POST", path: room + "/kick", body: `{"seatId":"{seat}"}`, status: 403, says: "You were put out"},
			{name: "expired", status: 410, says: "has expired. Ask"},
			{name: "void", issuer: "room moderator", seated: true, method: "DELETE", path: room + "/roles/{room moderator}", status: 410, says: "taken back"},
			{name: "closed", method: "POST", path: room + "/close", status: 410, says: "This room is closed"},
			{name: "deleted", seated: true, method: "DELETE", path: room, status: 404, says: "There is no such link"},
		}
		for i, row := range rows {
			made := sc.as(cmp.Or(row.issuer, "room owner"), "POST", room+"/generate-access", forJohn)
			sc.keep("link of "+row.name, made, "id")
			b := sc.guestBrowser()
			b.opens(200, strings.TrimPrefix(made.text("url"), publicURL))
			if row.seated {
				b.enters("link")
				sc.keep("seat of "+row.name, reply{body: decoded([]byte(b.visit("GET", b.room+"/v1/access/seat", nil).raw))}, "seatId")
			}
			rows[i].b = b
		}
		for _, row := range rows {
			sc.id["link"], sc.id["seat"] = room+"/access-links/"+sc.id["link of "+row.name], sc.id["seat of "+row.name]
			if row.name == "expired" {
				sc.as("room owner", "PATCH", sc.id["link"], `{"ttl":60}`)
				sc.clock.Add((61 * time.Second).Milliseconds())
			} else {
				sc.as("room owner", row.method, strings.ReplaceAll(row.path, "{link}", sc.id["link"]), row.body)
			}
			for _, got := range []reply{row.b.looks(row.status), row.b.presses("link")} {
				require.Equal(t, row.status, got.status, row.name)
				require.Contains(t, got.raw, row.says, row.name)
				require.NotContains(t, got.raw, `value="link"`, row.name+": there is nothing to press")
			}
		}
	})
}

func (d *door) in(t testing.TB) *door {
	same := *d
	same.t = t
	return &same
}

func (d *door) now() time.Time { return time.UnixMilli(d.clock.Load()) }

// A link that begins later says when; one with a PIN asks newcomers for it.
func TestThePageOfALinkWithAPIN(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		b := sc.guestBrowser()
		from := sc.now().Add(10 * time.Minute).UTC().Format(time.RFC3339)
		made := sc.as("room moderator", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access",
			`{"username":"John","role":"user","pin":"2468","notBefore":"`+from+`"}`)
		address := strings.TrimPrefix(made.text("url"), publicURL)
		early := b.opens(403, address)
		require.Contains(t, early.raw, "this link is not good yet")
		require.Contains(t, early.raw, `until <time datetime="`+from+`">`)
		sc.clock.Add((11 * time.Minute).Milliseconds())
		require.Contains(t, b.looks(200).raw, `<label for="pin">`)
		require.Contains(t, b.gets(403, "", b.presses("link")).raw, "asks for a PIN")
		wrong := b.gets(403, "", b.presses("link", "pin", "1111"))
		require.Contains(t, wrong.raw, "That is not the PIN")
		require.Contains(t, wrong.raw, `<label for="pin">`)
		b.enters("link", "pin", "2468")
		b.gets(303, publicURL+b.room, b.presses("leave"))
		require.NotContains(t, b.looks(200).raw, `<label for="pin">`)
		b.enters("link")
	})
}

// A token that is none, of another room, or too long for a cookie is unknown; guessing is counted as at the API.
func TestThePageOfALinkThatThereIsNot(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		b := sc.guestBrowser()
		elsewhere := d.in(t).newScene(t, "true", "private")
		_, foreign, _ := elsewhere.link()
		for _, token := range []string{"", "x", foreign, strings.Repeat("a", 5000), "%3Cscript%3E", "a%0d%0aSet-Cookie:x=y"} {
			require.Contains(t, b.opens(404, b.room+"?accessToken="+token).raw, "There is no such link")
			b.gets(404, "", b.presses("link"))
		}
		seen := map[int]int{}
		for range 40 {
			seen[b.presses("link").status]++
		}
		require.Positive(t, seen[429], "%v", seen)
		b.gets(404, "", b.visit("GET", "/room/short", nil))
	})
}

// A browser that keeps no cookies is told so, and spends nothing.
func TestThePageWithoutCookies(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		address, _, path := sc.link()
		none := func() guestBrowser { return sc.guestBrowser() }
		none().gets(303, publicURL+none().room+"?via=link", none().visit("GET", address, nil))
		got := none().gets(400, "", none().visit("GET", none().room+"?via=link", nil))
		require.Contains(t, got.raw, "keeps no cookies")
		got = none().gets(400, "", none().presses("link"))
		require.Contains(t, got.raw, "keeps no cookies")
		require.EqualValues(t, 0, sc.as("room moderator", "GET", path, "").body["seats"])
	})
}
