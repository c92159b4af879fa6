package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/roles"
)

// Without a token the address that integrators make leads to the room's page, which asks for a name where the room is
// open, and else says whom it is for.
func TestAStrangerComesByAMeetLink(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		for access, says := range map[string]string{"open": "Say under which name", "public": "only for people who are known here", "private": "only for people who are known here"} {
			sc := d.in(t).newScene(t, "true", access)
			b := sc.guestBrowser()
			before := sc.applies.Load()
			for _, method := range []string{"HEAD", "GET"} {
				b.gets(303, publicURL+b.room+"?via=meet", b.visit(method, "/meet?room_id="+sc.id["roomId"], nil))
			}
			status := map[bool]int{true: 200, false: 403}[access == "open"]
			page := b.gets(status, "", b.visit("GET", b.room+"?via=meet", nil))
			require.Contains(t, page.raw, says)
			require.Contains(t, page.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
			toSignIn := publicURL + "/sign-in?client_id=" + sc.id["web"] + "&amp;return=" + url.QueryEscape(publicURL+b.room)
			require.Equal(t, access != "open", strings.Contains(page.raw, `href="`+toSignIn+`"`))
			require.Equal(t, before, sc.applies.Load(), "looking writes nothing")
			for _, nowhere := range []string{"", strings.Repeat("a", 24), "x", sc.id["roomId"] + "0"} {
				require.Contains(t, b.gets(404, "", b.visit("GET", "/meet?room_id="+nowhere, nil)).raw, "There is no such room")
			}
			require.Contains(t, b.meets(404, "a-token-that-nobody-has-32-signs").raw, "This link is not good, or not any more")
			address, _, _ := sc.link()
			require.Contains(t, b.opens(200, address).raw, "You are invited here as", "what was opened last")
			b.meets(404, "<>")
		}
	})
}

// meets follows a link into the room with somebody's token, to the bare address.
func (b guestBrowser) meets(want int, token string) reply {
	b.t.Helper()
	b.gets(303, publicURL+b.room+"?via=member", b.visit("GET", "/meet?room_id="+b.id["roomId"]+"&access_token="+url.QueryEscape(token), nil))
	b.gets(303, publicURL+b.room, b.visit("GET", b.room+"?via=member", nil))
	return b.looks(want)
}

// Whoever has a user's token sees who would go in, and goes in by one button: looking signs nobody in. In another browser
// the same link is another session of the same user, and it is one person in the room.
func TestAMemberComesByAMeetLink(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "public")
		token := sc.id["member link"]
		b, other := sc.guestBrowser(), sc.guestBrowser()
		before := sc.applies.Load()
		for _, method := range []string{"HEAD", "GET"} {
			scanner := sc.guestBrowser()
			scanner.gets(303, publicURL+b.room+"?via=member", scanner.visit(method, "/meet?room_id="+sc.id["roomId"]+"&access_token="+token, nil))
			scanner.gets(303, publicURL+b.room, scanner.visit(method, b.room+"?via=member", nil))
			scanner.gets(200, "", scanner.visit(method, b.room, nil))
		}
		page := b.meets(200, token)
		other.meets(200, token)
		require.Equal(t, before, sc.applies.Load(), "looking writes nothing")
		require.Contains(t, page.raw, "You are invited here as <strong><bdi>member</bdi></strong>.")
		require.Contains(t, page.raw, "<h1>Physics</h1>")

		in := b.enters("member")
		for _, shown := range []reply{page, in} {
			require.NotContains(t, shown.raw, token)
		}
		require.Equal(t, 403, b.visit("GET", b.room+"/v1/users/me", nil).status, "he goes into rooms, and that is all")
		require.Equal(t, 401, b.visit("GET", "/v1/users/me", nil).status, "and his cookies are the room's")
		b.enters("member") // a lost reply, or the way back
		b.meets(200, token)
		b.gets(303, publicURL+b.room, b.presses("again"))
		other.enters("member")
		require.Equal(t, []int{2, 1}, sc.membersHere(), "two sessions, of one person")

		b.gets(303, publicURL+b.room, b.presses("leave"))
		require.Contains(t, b.looks(200).raw, "Enter as member")
		require.Equal(t, []int{1, 1}, sc.membersHere())
		b.enters("member")
		d.clock.Add((16 * time.Minute).Milliseconds())
		require.Contains(t, b.looks(200).raw, "You are in as", "the session goes on by its refresh token")
		b.gets(303, publicURL+b.room, b.presses("again"))
	})
}

// membersHere is how many sessions of the member there are in the room, and of how many people with his external id.
func (sc *scene) membersHere() []int {
	sc.t.Helper()
	people := map[any]int{}
	all, _ := sc.as("room owner", "GET", "/v1/spaces/{spaceId}/rooms/{roomId}/sessions?connected=true", "").body["items"].([]any)
	for _, one := range all {
		if s, _ := one.(map[string]any); s["externalUserId"] == "member" {
			people[s["userId"]]++
		}
	}
	return []int{people[sc.id["member"]], len(people)}
}

// A teacher tries the link of a pupil in his own browser: the page names both, and he stays who he is elsewhere.
func TestAMeetLinkBesideWhoIsSignedIn(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "public")
		b := sc.guestBrowser()
		signsInAs(b, "room-owner")
		page := b.meets(200, sc.id["member link"])
		for _, part := range []string{"You are invited here as <strong><bdi>member<", "Elsewhere you are signed in as <strong><bdi>room-owner<", "Enter as room-owner"} {
			require.Contains(t, page.raw, part)
		}
		require.Contains(t, b.enters("member").raw, "<bdi>member<")
		require.Equal(t, 200, b.visit("GET", "/v1/users/me", nil).status, "the teacher is signed in as before")

		// Another pupil's link in the same browser: the first one is out.
		require.Equal(t, []int{1, 1}, sc.membersHere())
		require.Contains(t, b.meets(200, sc.id["member owner link"]).raw, "Enter as member owner")
		require.Contains(t, b.enters("member").raw, "<bdi>member owner<")
		require.Equal(t, []int{0, 0}, sc.membersHere())

		b.gets(303, publicURL+b.room, b.presses("forget"))
		require.Contains(t, b.looks(200).raw, "You are in as <strong><bdi>member owner<")
		b.gets(303, publicURL+b.room, b.presses("leave"))
		require.Contains(t, b.looks(200).raw, "Enter as room-owner")
	})
}

// What is not good is said in words, and lets nobody in.
func TestAMeetLinkThatIsNotGood(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		for name, row := range map[string]struct {
			access string
			spoils func(sc *scene)
			status int
			says   string
		}{
			"rotated": {"public", func(sc *scene) {
				_, err := sc.auth.RotateAccessToken(t.Context(), sc.importer(), "member")
				must(t, err)
			}, 404, "This link is not good, or not any more"},
			"blocked": {"public", func(sc *scene) { sc.fill("PUT", "administrator", "/v1/users/{member}/block", "") }, 404, "This link is not good, or not any more"},
			"deleted": {"public", func(sc *scene) {
				_, err := sc.spaces.DeleteExternal(t.Context(), sc.importer(), "member")
				must(t, err)
			}, 404, "This link is not good, or not any more"},
			"no role": {"private", func(*scene) {}, 403, "has no role in it"},
			"banned": {"public", func(sc *scene) {
				sc.fill("PUT", "room owner", "/v1/spaces/{spaceId}/rooms/{roomId}/bans/{member}", "{}")
			}, 403, "You were put out"},
			"closed": {"public", func(sc *scene) { sc.fill("POST", "room owner", "/v1/spaces/{spaceId}/rooms/{roomId}/close", "") }, 403, "This room is closed"},
		} {
			sc := d.in(t).newScene(t, "true", row.access)
			b, inside := sc.guestBrowser(), sc.guestBrowser()
			if row.access == "public" {
				inside.meets(200, sc.id["member link"])
				inside.enters("member")
			}
			row.spoils(sc)
			for _, who := range []guestBrowser{b, inside} {
				require.Contains(t, who.meets(row.status, sc.id["member link"]).raw, row.says, name)
				require.Contains(t, who.gets(row.status, "", who.presses("member")).raw, row.says, name)
				require.NotEqual(t, 200, who.visit("POST", who.room+"/v1/spaces/"+sc.id["spaceId"]+"/rooms/"+sc.id["roomId"]+"/join", nil).status, name)
			}
		}
	})
}

// importer is an API key that may change external users.
func (sc *scene) importer() auth.Identity {
	sc.t.Helper()
	key, err := sc.auth.Authenticate(sc.t.Context(), sc.token["key"])
	must(sc.t, err)
	return key
}

// A private room takes a member by his role in it; the front end of the rooms is told who he is.
func TestAMemberOfAPrivateRoom(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		sc.fill("POST", "room owner", "/v1/spaces/{spaceId}/rooms/{roomId}/roles", `{"targetUserId":"{member}","role":"role_room_monitor"}`)
		b := sc.guestBrowser()
		require.Contains(t, b.meets(200, sc.id["member link"]).raw, "<dd>Silent observer</dd>")
		b.enters("member")

		sc.as("administrator", "PATCH", "/v1/workspace", `{"roomPage":"https://call.example.com/{room}?name={name}"}`)
		for _, do := range []string{"member", "again"} {
			to := b.presses(do).header.Get("Location")
			require.Contains(t, to, "https://call.example.com/"+sc.id["alias"]+"?name=member#roomToken=")
			_, pass, _ := strings.Cut(to, "#roomToken=")
			said := claims(sc, pass)
			require.Equal(t, []any{"member", "role_room_monitor", true, sc.id["member"]}, []any{said.body["externalUserId"], said.body["role"], said.body["hidden"], said.body["sub"]})
		}
		bare := sc.guestBrowser()
		require.Contains(t, bare.gets(400, "", bare.presses("member")).raw, "keeps no cookies")
	})
}

// A room can show a member under another name than his own: the page says that one before he goes in, as the room then
// does.
func TestAMemberIsNamedAsTheRoomNamesHim(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		room, err := sc.spaces.CreateRoom(t.Context(), sc.importer(), sc.id["workspaceId"], roles.NewRoom{
			Name: "Algebra", Access: roles.Private, Members: []roles.NewAttendee{{User: sc.id["member"], Role: roles.RoomUser, Name: "Jay"}},
		})
		must(t, err)
		sc.id["roomId"], sc.id["alias"] = room.ID, room.Alias
		sc.as("administrator", "PATCH", "/v1/workspace", `{"roomPage":"https://call.example.com/{room}?name={name}"}`)
		b := sc.guestBrowser()
		page := b.meets(200, sc.id["member link"])
		require.Contains(t, page.raw, "You are invited here as <strong><bdi>Jay</bdi></strong>.")
		require.Contains(t, page.raw, "Enter as Jay")
		to := b.presses("member").header.Get("Location")
		require.Contains(t, to, "?name=Jay#roomToken=")
		_, pass, _ := strings.Cut(to, "#roomToken=")
		require.Equal(t, "Jay", claims(sc, pass).text("name"))
		require.Contains(t, b.looks(200).raw, "You are in as <strong><bdi>Jay<")
	})
}

// The token of a user is his own, and a browser may be another's tomorrow: it is kept for a day, in which he comes back
// by the bare address, and goes when he says so, wherever he is signed in. A guest link's stays for as long as before.
func TestABrowserForgetsAMembersToken(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "public")
		b, other := sc.guestBrowser(), sc.guestBrowser()
		kept := func(r reply, name string) time.Duration {
			for _, c := range (&http.Response{Header: r.header}).Cookies() {
				if c.Name == name {
					return time.Duration(c.MaxAge) * time.Second
				}
			}
			t.Fatalf("no %s is set", name)
			return 0
		}
		address, _, _ := sc.link()
		require.Equal(t, 30*24*time.Hour, kept(other.visit("GET", address, nil), "linkToken"))
		require.Equal(t, 24*time.Hour, kept(b.visit("GET", "/meet?room_id="+sc.id["roomId"]+"&access_token="+sc.id["member link"], nil), "memberToken"))
		b.looks(200)
		b.enters("member")
		d.clock.Add((23 * time.Hour).Milliseconds())
		require.Contains(t, b.looks(200).raw, "You are in as")
		b.gets(303, publicURL+b.room, b.presses("leave"))
		require.Contains(t, b.looks(200).raw, "Enter as member")
		b.enters("member")
		b.gets(303, publicURL+b.room, b.presses("leave"))

		require.Contains(t, b.looks(200).raw, `value="forget"`)
		gone := b.gets(303, publicURL+b.room, b.presses("forget"))
		require.Negative(t, kept(gone, "memberToken"))
		require.Equal(t, 303, b.visit("GET", b.room, nil).status, "to sign in, as a stranger does")
		require.Equal(t, 400, b.presses("member").status, "and nobody goes in as him")
	})
}
