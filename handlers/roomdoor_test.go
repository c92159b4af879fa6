package handlers_test

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A teacher who opens a pupil's link stays signed in, is told who goes in, and may go in as himself instead.
func TestATeacherOpensAPupilsLink(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		b := sc.guestBrowser()
		b.gets(303, publicURL+"/sign-in", b.visit("POST", "/sign-in?client_id="+sc.id["web"], signInForm("room-owner", goodPass)))
		address, _, _ := sc.link()
		page := b.opens(200, address)
		require.Contains(t, page.raw, "Elsewhere you are signed in as <strong><bdi>room-owner</bdi></strong>")
		require.Contains(t, page.raw, "Enter as room-owner")
		b.enters("link")
		require.Equal(t, 200, b.visit("GET", "/v1/users/me", nil).status, "he is himself elsewhere")
		b.gets(303, publicURL+b.room+"?as=self", b.presses("self"))
		in := b.gets(200, "", b.visit("GET", b.room+"?as=self", nil))
		require.Contains(t, in.raw, "You are in as <strong><bdi>room-owner</bdi></strong>")
		require.Contains(t, in.raw, "<dd>Owner</dd>")
		b.gets(303, publicURL+b.room, b.presses("leave"))
		b.gets(303, publicURL+b.room, b.presses("forget"))
		require.NotContains(t, b.looks(200).raw, "John")
	})
}

// A guest whose link allows it keeps his place by the page: signed in by then, once, and goes in as himself.
func TestAGuestKeepsHisPlaceByThePage(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		links := func(body string) string {
			made := sc.as("room moderator", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access", `{"username":"John","role":"moderator"`+body+`}`)
			return strings.TrimPrefix(made.text("url"), publicURL)
		}
		b := sc.guestBrowser()
		b.opens(200, links(""))
		require.NotContains(t, b.enters("link").raw, "you can come back without the link", "his link does not allow it")
		b.opens(200, links(`,"allowAccount":true`))
		in := b.enters("link")
		require.Contains(t, in.raw, "If you have an account, you can come back without the link")
		here := publicURL + b.room
		toSignIn := "/sign-in?" + url.Values{"client_id": {sc.id["web"]}, "return": {here}}.Encode()
		require.Contains(t, html.UnescapeString(in.raw), publicURL+toSignIn)
		b.gets(303, publicURL+"/sign-in?return="+url.QueryEscape(here), b.presses("keep"))
		b.gets(303, here, b.visit("POST", toSignIn, signInForm("outsider", goodPass)))
		require.Contains(t, b.looks(200).raw, "Keep this place as outsider")
		b.gets(303, here+"?as=self", b.presses("keep"))
		in = b.gets(200, "", b.visit("GET", b.room+"?as=self", nil))
		require.Contains(t, in.raw, "You are in as <strong><bdi>outsider</bdi></strong>")
		require.Contains(t, in.raw, "<dd>Moderator</dd>")
		require.NotContains(t, b.looks(200).raw, "John")
		require.Contains(t, b.gets(410, "", b.presses("keep")).raw, "Your place here has ended", "a second tab")
	})
}

// Without a link: an open room asks for a name, before another one signs in, whether or not it is there; who is signed
// in enters, or is told why not.
func TestTheDoorOfARoom(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		scenes := map[string]*scene{}
		for _, access := range []string{"private", "public", "open"} {
			scenes[access] = d.in(t).newScene(t, "true", access)
		}
		for _, row := range []struct {
			access, who string
			status      int
			says        string
		}{
			{"private", "room-user", 200, "Enter as room-user"},
			{"private", "space-user", 403, "has no role in it"},
			{"private", "space-owner", 403, "has no role in it"},
			{"private", "outlaw", 403, "You were put out of this room"},
			{"public", "outsider", 200, "Enter as outsider"},
			{"public", "banned", 403, "You are banned from the space"},
			{"open", "outsider", 200, "Enter as outsider"},
		} {
			b := scenes[row.access].in(t).guestBrowser()
			b.gets(303, publicURL+"/sign-in", b.visit("POST", "/sign-in?client_id="+b.id["web"], signInForm(row.who, goodPass)))
			require.Contains(t, b.looks(row.status).raw, row.says)
			b.gets(404, "", b.visit("GET", "/room/abcdefghijkl", nil))
			if row.status == 200 {
				b.gets(303, publicURL+b.room+"?as=self", b.presses("self"))
			} else {
				require.Contains(t, b.gets(row.status, "", b.presses("self")).raw, row.says)
			}
		}
		for _, access := range []string{"private", "public"} {
			b := scenes[access].in(t).guestBrowser()
			toSignIn := publicURL + "/sign-in?return=" + url.QueryEscape(publicURL+b.room)
			b.gets(303, toSignIn, b.visit("GET", b.room, nil))
			b.gets(303, toSignIn, b.presses("self"))
			b.gets(303, strings.ReplaceAll(toSignIn, b.id["alias"], "abcdefghijkl"), b.visit("GET", "/room/abcdefghijkl", nil))
		}
		b := scenes["open"].in(t).guestBrowser()
		require.Contains(t, b.looks(200).raw, "Say under which name")
		require.Contains(t, b.gets(422, "", b.presses("name", "name", "\u200b")).raw, "1 to 100 characters")
		for range 2 { // and it is the same seat
			require.Contains(t, b.enters("name", "name", "Zo\u00eb").raw, "Zo\u00eb")
		}
		b.as("room owner", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/close", "")
		b.gets(303, publicURL+b.room, b.presses("leave"))
		require.Contains(t, b.looks(403).raw, "This room is closed")
	})
}

// A workspace names the front end of its rooms: there one is led with a room token that no server on the way sees.
func TestTheRoomLeadsToItsFrontEnd(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		const page = "https://call.example.com/{room}?name={name}"
		require.Equal(t, 403, sc.ask("support", "PATCH", "/v1/workspace", `{"roomPage":"`+page+`"}`).status)
		require.Equal(t, "/roomPage", sc.ask("administrator", "PATCH", "/v1/workspace", `{"roomPage":"https://10.0.0.1/"}`).text("field"))
		require.Equal(t, page, sc.as("administrator", "PATCH", "/v1/workspace", `{"roomPage":"`+page+`"}`).text("roomPage"))
		require.Equal(t, "here", sc.as("support", "GET", "/v1/workspace", "").text("name"))
		leads := func(b guestBrowser, got reply, name, role string) {
			t.Helper()
			require.Equal(t, 303, got.status, got.raw)
			to, token, _ := strings.Cut(got.header.Get("Location"), "#roomToken=")
			require.Equal(t, "https://call.example.com/"+sc.id["alias"]+"?name="+name, to)
			require.Equal(t, role, claims(sc, token).text("role"))
			require.Contains(t, b.looks(200).header.Get("Content-Security-Policy"), "form-action 'self' https://usher.test https://call.example.com;")
		}
		address, _, _ := sc.link()
		b := sc.guestBrowser()
		b.opens(200, address)
		leads(b, b.presses("link"), "John%20%3CSmith%3E", "role_room_user")
		require.Contains(t, b.looks(200).raw, `value="again"`)
		leads(b, b.presses("again"), "John%20%3CSmith%3E", "role_room_user")
		b.gets(303, publicURL+b.room, b.presses("leave"))
		b.gets(303, publicURL+b.room, b.presses("again"))

		b = sc.guestBrowser()
		b.looks(200)
		leads(b, b.presses("name", "name", "Zo\u00eb"), "Zo%C3%AB", "role_room_user")
		b = sc.guestBrowser()
		b.gets(303, publicURL+"/sign-in", b.visit("POST", "/sign-in?client_id="+sc.id["web"], signInForm("room-owner", goodPass)))
		leads(b, b.presses("self"), "room-owner", "role_room_owner")
		sc.as("administrator", "PATCH", "/v1/workspace", `{"roomPage":""}`)
		b.gets(303, publicURL+b.room+"?as=self", b.presses("self"))
	})
}

// Another origin's page presses no button and lays no cookie; whoever follows its link comes in.
func TestThePageIsNoWayForOtherSites(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		b := sc.guestBrowser()
		address, _, _ := sc.link()
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
		} {
			got := b.gets(403, "", b.visit("GET", address, nil, headers...))
			require.Empty(t, got.header.Get("Set-Cookie"))
		}
		b.gets(303, publicURL+b.room+"?via=link", b.visit("GET", address, nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"))
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Origin", "https://evil.test"},
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, // an Origin taken off on the way
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.test"},
			{"Origin", "null"},
		} {
			got := b.gets(403, "", b.visit("POST", b.room, url.Values{"do": {"link"}}, headers...))
			require.Empty(t, got.header.Get("Set-Cookie"))
		}
		b.gets(415, "", b.visit("POST", b.room, url.Values{"do": {"link"}}, "Content-Type", "text/plain"))
		b.enters("link")
	})
}
