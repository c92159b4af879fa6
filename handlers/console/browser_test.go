package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/browsertest"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/roles"
)

// A person sits before a real browser.
type person struct {
	*world
	browsertest.Page
}

// serve opens a world that browsers find.
func serve(t *testing.T) *world {
	t.Helper()
	return serveBehind(t, func(h http.Handler) http.Handler { return h })
}

// serveBehind is serve with something before the server.
func serveBehind(t *testing.T, before func(http.Handler) http.Handler) *world {
	t.Helper()
	return serveOn(t, storetest.Bolt(t), before)
}

func serveOn(t *testing.T, s store.Store, before func(http.Handler) http.Handler) *world {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	w := newWorld(t, s, "http://"+server.Listener.Addr().String())
	server.Config.Handler = before(w.Handler)
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// person is the administrator, who has signed in at the console's own address.
func (w *world) person() person {
	w.Helper()
	p := person{w, browsertest.Open(w)}
	p.signsIn()
	return p
}

func (p person) signsIn() {
	p.Helper()
	p.Visit(p.url + "/console")
	p.Do(chromedp.SendKeys("#username", "ann@school.test"), chromedp.SendKeys("#password", pass))
	p.presses("form button")
	require.Equal(p.world, p.url+"/console/users", p.Says("location.href"))
}

// presses waits for the page that answers.
func (p person) presses(what string) {
	p.Helper()
	_, err := chromedp.RunResponse(p.Page, chromedp.Click(what))
	require.NoError(p.world, err, what)
}

// reads is what a person reads on the page.
func (p person) reads() string {
	p.Helper()
	return p.Says(`document.querySelector("main").innerText`)
}

func (p person) Helper() { p.world.Helper() }

func (p person) opens(path string) {
	p.Helper()
	p.Visit(p.url + "/console" + p.fill(path))
}

// TestHowTheConsoleLooks: every page, on a desk and on a phone, by daylight and in the dark.
func TestHowTheConsoleLooks(t *testing.T) {
	t.Parallel()
	w := serve(t)
	for _, name := range []string{"Irène Joliot-Curie", "김 민준", "<script>alert(1)</script>", "Лев Ландау", "Pierre"} {
		w.user("u"+string(rune('a'+len(w.id))), name)
	}
	w.class()
	p := w.person()
	w.external("S-1 (Seoul)", auth.GuestMember)
	w.id["room"] = w.reader("ann").room("Physics for the second form", "marie", "S-1 (Seoul)")
	w.reader("ann").room("Chemistry")
	_, err := w.spaces.Join(t.Context(), w.signedIn("marie@school.test"), w.admin.Workspace, w.id["room"])
	require.NoError(t, err)
	for _, on := range []string{"desk", "phone"} {
		if on == "phone" {
			p.Phone()
		} else {
			p.Do(chromedp.EmulateViewport(1280, 800))
		}
		for name, path := range map[string]string{
			"users": "/users", "nobody": "/users?q=nobody", "user": "/users/{marie}", "edit": "/users/{marie}/edit", "new": "/users/new", "delete": "/users/{marie}/delete",
			"rooms": "/rooms", "room-new": "/rooms/new", "room": "/rooms/{room}", "members": "/rooms/{room}/members", "link": "/rooms/{room}/link",
			"permission": "/rooms/{room}/members/{marie}", "keys": "/keys", "key": "/keys/new", "client": "/clients/new", "audit": "/audit",
			"none":   "/users/000000000000000000000000",
			"spaces": "/spaces", "space": "/spaces/{space}", "space-room": "/spaces/{space}/{lab}", "issued": "/issued/{space}", "links": "/issued/{space}/{lab}",
			"staff": "/staff", "invite": "/staff/invite",
		} {
			p.opens(path)
			p.Accessible("console-" + on + "-" + name)
		}
	}
	p.opens("/keys/new")
	p.Do(chromedp.SendKeys("#name", "Import of the school"), chromedp.Click("[value='users:write']"), chromedp.SendKeys("#password", pass))
	p.presses("main form button")
	require.Contains(t, p.reads(), "usher_")
	p.Accessible("console-phone-key-made")
	p.opens("/keys")
	p.Accessible("console-phone-keys-some")
	p.opens("/rooms/{room}/members/{ann}")
	p.Do(chromedp.SetValue("#role", "role_room_moderator"))
	p.presses("main form button")
	p.opens("/rooms/{room}/link")
	p.Do(chromedp.SendKeys("#username", "John Smith"))
	p.presses("main form button")
	require.Contains(t, p.reads(), "accessToken=")
	p.Accessible("console-phone-link-made")
	p.opens("/users/{marie}/edit")
	p.Do(chromedp.SetValue("#email", "marie@"), chromedp.SetAttributeValue("#email", "type", "text"))
	p.presses("main form button")
	require.Contains(t, p.reads(), "Not an e-mail address.")
	p.Accessible("console-phone-refused")
}

// The steps by which a user is made and is let into a room, as a guide of long standing has them: with scripts, and without.
func TestAUserIsMadeAndLetIn(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		w := serve(t)
		p := w.person()
		follows := func(text string) {
			t.Helper()
			_, err := chromedp.RunResponse(p.Page, chromedp.Click(chromedp.Search(`//a[normalize-space()="`+text+`"]`)))
			require.NoError(t, err, text)
		}
		p.Scripts(scripts)
		follows("User")
		follows("Create user")
		p.Do(chromedp.SendKeys("#externalId", "S-17"), chromedp.SendKeys("#name", "Irène"), chromedp.Click("[value=host]"))
		p.presses("main form button")
		follows("Room")
		follows("Create room")
		p.Do(chromedp.SendKeys("#name", "Radioactivity"), chromedp.Click("[value=private]"), chromedp.SendKeys("[type=search]", "irè"))
		if !scripts {
			p.presses("[value=search]")
		}
		u, err := w.ExternalUser(t.Context(), w.admin.Workspace, "S-17")
		require.NoError(t, err)
		w.id["irène"] = u.ID
		box := `#picked [value="` + u.ID + `"]`
		if scripts {
			_, err := chromedp.Run(p.Page, chromedp.Poll[bool](`document.querySelectorAll("#picked label").length === 1`))
			require.NoError(t, err)
		}
		p.Do(chromedp.Click(box))
		p.presses(".buttons button")
		p.Scripts(true)
		text := p.reads()
		for _, part := range []string{"The room is created.", "Radioactivity", "Specified users only", "Irène", "Host"} {
			require.Contains(t, text, part)
		}
		room := p.Says(`location.pathname.split("/").pop()`)
		require.Equal(t, roles.RoomModerator, w.roleIn(room, "irène"))
		p.Keep("console-made")
	}
}

// Who comes into a room is seen there without a reload.
func TestLiveSessions(t *testing.T) {
	t.Parallel()
	w := serve(t)
	p := w.person()
	w.id["room"] = w.reader("ann").room("Physics", "marie")
	p.opens("/rooms/{room}")
	require.Contains(t, p.Says(`document.querySelector("#present").innerText`), "Nobody.")
	_, err := w.spaces.Join(t.Context(), w.signedIn("marie@school.test"), w.admin.Workspace, w.id["room"])
	require.NoError(t, err)
	_, err = chromedp.Run(p.Page, chromedp.Poll[bool](`document.querySelector("#present").innerText.includes("Marie Curie")`))
	require.NoError(t, err)
}

// What somebody types is found at once, and without a script by pressing a button.
func TestASearchAsOneTypes(t *testing.T) {
	t.Parallel()
	w := serve(t)
	p := w.person()
	require.Contains(t, p.reads(), "sue@school.test")
	p.Do(chromedp.SendKeys(`[type=search]`, "curi"))
	_, err := chromedp.Run(p.Page, chromedp.Poll[bool](`!document.querySelector("#users").innerText.includes("sue@")`))
	require.NoError(t, err)
	require.Contains(t, p.reads(), "Marie Curie")
	require.Equal(t, w.url+"/console/users?q=curi", p.Says("location.href"))
	p.Do(chromedp.Reload())
	require.NotContains(t, p.reads(), "sue@")
	require.Equal(t, "curi", p.Says(`document.querySelector("[type=search]").value`))

	p.Scripts(false)
	p.opens("/users")
	p.Do(chromedp.SendKeys(`[type=search]`, "sue"))
	p.presses("[role=search] button")
	p.Scripts(true)
	require.NotContains(t, p.reads(), "Marie Curie")
	require.Contains(t, p.reads(), "sue@school.test")
}

// Enter does what the form is for, and in its search it searches, also where no script runs. Nobody comes upon a second
// button for that.
func TestEnterInAFormWithASearch(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		w := serve(t)
		p := w.person()
		p.Scripts(scripts)
		p.opens("/rooms/new")
		p.Do(chromedp.SendKeys("[type=search]", "curi"))
		if scripts {
			p.Do(chromedp.SendKeys("[type=search]", "\r"))
			_, err := chromedp.Run(p.Page, chromedp.Poll[bool](`document.querySelectorAll("#picked label").length === 1`))
			require.NoError(t, err)
		} else {
			p.Do(chromedp.SendKeys("#name", "Physics"))
			p.enters("[type=search]")
		}
		p.Do(chromedp.Click(`#picked [value="` + w.id["marie"] + `"]`))
		p.Scripts(true)
		require.Equal(t, w.url+"/console/rooms/new", p.Says("location.href"), "there is no room by that")
		if scripts {
			p.Do(chromedp.SendKeys("#name", "Physics"))
		}
		require.Equal(t, "Create", p.Says(`[...document.querySelectorAll("main button:not([tabindex='-1'])")].map(b => b.innerText).filter(b => b !== "Search").join()`))
		p.Scripts(scripts)
		p.enters("#name")
		p.Scripts(true)
		require.Contains(t, p.reads(), "The room is created.")
		require.Contains(t, p.reads(), "Marie Curie")
	}
}

// enters presses Enter there, and waits for the page that answers.
func (p person) enters(where string) {
	p.Helper()
	_, err := chromedp.RunResponse(p.Page, chromedp.SendKeys(where, "\r"))
	require.NoError(p.world, err, where)
}

// Whatever the window, the tabs leave room for who has signed in, and for the button to sign out.
func TestTheTopOfAPage(t *testing.T) {
	t.Parallel()
	w := serve(t)
	name := "Maximiliane of Hohenzollern"
	_, err := w.UpdateUser(t.Context(), w.admin, w.admin.ID, auth.UserPatch{Name: &name})
	require.NoError(t, err)
	p := w.person()
	for _, width := range []int64{320, 480, 640, 800, 1000, 1120, 1200, 1600} {
		p.Do(chromedp.EmulateViewport(width, 700))
		p.Fits(fmt.Sprint(width))
		require.Equal(t, "", p.Says(`(() => {
			const of = (what) => document.querySelector(what).getBoundingClientRect();
			const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
			return [".out span", ".out button", ".brand"].filter(it => over(of(it), of(".top nav ul")) || of(it).width < 30).join();
		})()`), width)
		p.Keep(fmt.Sprintf("console-top-%d", width))
	}
}
