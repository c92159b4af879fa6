package handlers_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/mail"
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
		b.gets(303, publicURL+toSignIn, b.presses("keep"))
		b.gets(303, here, b.visit("POST", toSignIn, signInForm("room-owner", goodPass)))
		require.NotContains(t, b.looks(200).raw, "Keep this place", "who has more than the seat gives")
		signsInAs(b, "outlaw")
		require.NotContains(t, b.looks(200).raw, "Keep this place", "who is banned")
		signsInAs(b, "outsider")
		first := b.looks(200).raw
		require.Contains(t, first, "Keep this place as outsider")
		signsInAs(b, "banned")
		b.gets(303, here, b.presses("keep", hidden(first)...)) // in a tab that showed somebody else
		require.Equal(t, 200, b.visit("GET", b.room+"/v1/access/seat", nil).status)
		signsInAs(b, "outsider")
		b.opens(200, links(`,"allowAccount":true`))
		b.enters("link")
		b.gets(303, here, b.presses("keep", hidden(first)...)) // in a tab that showed another seat
		next := links("")
		b.opens(200, next)
		second := b.enters("link")
		require.NotContains(t, second.raw, "Keep this place")
		b.opens(200, links(`,"allowAccount":true`))
		page := b.enters("link").raw
		b.opens(200, next) // in another tab
		b.gets(303, here+"?as=self", b.presses("keep", hidden(page)...))
		require.Contains(t, b.looks(200).raw, "John", "the link that was opened since is still there")
		b.gets(303, here, b.presses("forget"))
		in = b.gets(200, "", b.visit("GET", b.room+"?as=self", nil))
		require.Contains(t, in.raw, "You are in as <strong><bdi>outsider</bdi></strong>")
		require.Contains(t, in.raw, "<dd>Moderator</dd>")
		require.NotContains(t, b.looks(200).raw, "John")
		b.gets(303, here, b.presses("keep", hidden(page)...)) // in a second tab
		require.Contains(t, b.looks(200).raw, "Enter as outsider")
	})
}

// hidden are the fields of a page's forms that nobody sees, as names and values.
func hidden(page string) (fields []string) {
	for _, found := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields = append(fields, found[1:]...)
	}
	return fields
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// signsInAs is in this browser, in the place of whoever was.
func signsInAs(b guestBrowser, name string) {
	b.t.Helper()
	b.gets(303, publicURL+"/sign-in", b.visit("POST", "/sign-in?client_id="+b.id["web"], signInForm(name, goodPass)))
}

// Who sits on a seat and is signed in where the room is not is told so, and signs in where it is.
func TestAnAccountOfElsewhereKeepsNoPlace(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		b := sc.guestBrowser()
		made := sc.as("room moderator", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access", `{"username":"John","role":"user","allowAccount":true}`)
		b.opens(200, strings.TrimPrefix(made.text("url"), publicURL))
		b.enters("link")
		other := sc.in(t).newScene(t, "true", "open")
		b.gets(303, publicURL+"/sign-in", b.visit("POST", "/sign-in?client_id="+other.id["web"], signInForm("outsider", goodPass)))
		page := b.looks(200).raw
		require.Contains(t, page, "an account of another place")
		require.NotContains(t, page, "Keep this place")
		toSignIn := publicURL + "/sign-in?" + url.Values{"client_id": {sc.id["web"]}, "return": {publicURL + b.room}}.Encode()
		b.gets(303, publicURL+b.room, b.presses("switch", "for", sc.id["outsider"])) // of a tab from before
		require.Equal(t, 200, b.visit("GET", "/v1/users/me", nil).status)
		b.gets(303, toSignIn, b.presses("switch", "for", other.id["outsider"]))
		require.Equal(t, 401, b.visit("GET", "/v1/users/me", nil).status)
		require.Contains(t, b.looks(200).raw, "You are in as", "he sits there still")
		b.gets(303, publicURL+b.room, b.visit("POST", strings.TrimPrefix(toSignIn, publicURL), signInForm("outsider", goodPass)))
		require.Contains(t, b.looks(200).raw, "Keep this place as outsider")
	})
}

// A guest who has no account makes one on the page of his seat, where strangers may, and the mail leads back.
func TestAGuestMakesAnAccountToKeepHisPlace(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		sc.id["newcomer"] = "newcomer@there.test"
		b := sc.guestBrowser()
		signUp := func(username, captcha string) reply {
			return b.presses("sign-up", "email", "newcomer@there.test", "username", username, "captchaToken", captcha)
		}
		require.Contains(t, b.gets(410, "", signUp("newcomer", sc.captcha())).raw, "Open your link again")
		made := sc.as("room moderator", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/generate-access", `{"username":"John","role":"moderator","allowAccount":true}`)
		b.opens(200, strings.TrimPrefix(made.text("url"), publicURL))
		in := b.enters("link")
		require.Contains(t, in.raw, "<altcha-widget ")
		require.Contains(t, b.gets(422, "", signUp("newcomer", "")).raw, "needs JavaScript")
		taken := b.gets(409, "", signUp("Pupil", sc.captcha())).raw
		require.Contains(t, taken, "Somebody else has this username")
		require.Contains(t, taken, `value="newcomer@there.test"`)
		require.Contains(t, b.gets(200, "", signUp("newcomer", sc.captcha())).raw, "Look into your mailbox")

		sc.mailed("signUpToken", mail.SignUp, "newcomer")
		token, back, _ := strings.Cut(sc.id["signUpToken"], "&back=")
		require.Equal(t, b.room, back)
		sc.id["signUpToken"] = token
		sc.fill("POST", "nobody", "/v1/auth/sign-up/confirm", `{"token":"{signUpToken}","password":"`+goodPass+`"}`)
		signsInAs(b, "newcomer")
		page := b.looks(200).raw
		require.Contains(t, page, "Keep this place as newcomer")
		b.gets(303, publicURL+b.room+"?as=self", b.presses("keep", hidden(page)...))
		require.Contains(t, b.gets(200, "", b.visit("GET", b.room+"?as=self", nil)).raw, "<dd>Moderator</dd>")
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
			here := url.QueryEscape(publicURL + b.room)
			toSignIn := publicURL + "/sign-in?client_id=" + b.id["web"] + "&return=" + here
			b.gets(303, toSignIn, b.visit("GET", b.room, nil))
			b.gets(303, toSignIn, b.presses("self"))
			nowhere := strings.ReplaceAll(here, b.id["alias"], "abcdefghijkl")
			b.gets(303, publicURL+"/sign-in?return="+nowhere, b.visit("GET", "/room/abcdefghijkl", nil))
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
