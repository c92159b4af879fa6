package console_test

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

// The console is for who has a role in the workspace. Everybody else is led to where he signs in, or told so.
func TestWhoIsLetIn(t *testing.T) {
	onEach(t, func(w *world) {
		got := w.reader("").asks("GET", "/console/users?q=x", nil)
		require.Equal(w, 303, got.status)
		require.Equal(w, w.url+"/sign-in?return="+url.QueryEscape(w.url+"/console/users"), got.location)
		got = w.reader("").asks("GET", "/console/users", nil, "HX-Request", "true")
		require.Equal(w, 204, got.status)
		require.Equal(w, w.url+"/sign-in?return="+url.QueryEscape(w.url+"/console/users"), got.header.Get("HX-Redirect"))
		got = w.reader("").asks("GET", "/console?client_id=web", nil)
		require.Contains(w, got.location, "client_id=web")
		got = w.reader("ann").asks("GET", "/console", nil)
		require.Equal(w, w.url+"/console/users", got.location)

		stranger := w.reader("marie").sees(403, "/users")
		require.Contains(w, stranger, "For administrators")
		require.Contains(w, stranger, "Marie Curie")
		require.NotContains(w, stranger, "ann@school.test")
		require.Equal(w, 403, w.reader("marie").sends("/users/"+w.id["marie"]+"/edit", "name", "x").status)

		ann := w.reader("ann")
		page := ann.sees(200, "/users")
		for _, part := range []string{`aria-current="page">User</a>`, "Marie Curie", "sue@school.test", "<mark>Support</mark>", "<mark>Administrator</mark>"} {
			require.Contains(w, page, part)
		}
		require.NotRegexp(w, `<script>|\son\w+=|style=`, page)
		require.Contains(w, ann.sees(404, "/users/"+strings.Repeat("0", 24)), "There is no such user")
	})
}

// A session goes on by the refresh token also where a form was filled in slowly, ends by signing out, and ended means
// ended.
func TestASessionInTheConsole(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		w.ahead.Add(int64(16 * time.Minute))
		page := ann.does(w.fill("/users/{marie}/edit"), "name", "Marie Skłodowska")
		require.Contains(w, page, "The changes are saved.")
		require.Contains(w, page, "<h1>Marie Skłodowska</h1>")
		got := ann.sends("/sign-out")
		require.Equal(w, 303, got.status)
		require.Contains(w, got.location, "/sign-in?")
		require.Equal(w, 303, ann.asks("GET", "/console/users", nil).status)
		require.Equal(w, 303, ann.sends(w.fill("/users/{marie}/edit"), "name", "x").status)
		is, err := w.GetUser(w.Context(), w.signedIn("ann@school.test"), w.id["marie"])
		require.NoError(w, err)
		require.Equal(w, "Marie Skłodowska", is.Name)

		sue := w.reader("sue")
		sue.sees(200, "/users")
		require.NoError(w, w.SetWorkspaceRole(w.Context(), w.signedIn("ann@school.test"), w.id["sue"], ""))
		sue.sees(403, "/users")
	})
}

// No page of another origin does anything, or has anything of the console shown in it.
func TestThePagesOfOthers(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.test"},
			{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Origin", "null"},
		} {
			for _, to := range []string{"/console/users/{marie}/block", "/console/users/{marie}/delete", "/console/sign-out"} {
				got := ann.asks("POST", w.fill(to), url.Values{}, headers...)
				require.Equal(w, 403, got.status, headers)
			}
		}
		require.Equal(w, 403, ann.asks("GET", "/console/users", nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe").status)
		got := ann.asks("GET", "/console/users", nil, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
		require.Equal(w, 200, got.status, "a link in a mail")
		require.Equal(w, "default-src 'none'; script-src 'self' https://usher.test; style-src 'self' https://usher.test; img-src 'self' https://usher.test data:; "+
			"connect-src 'self' https://usher.test; form-action 'self' https://usher.test; base-uri 'none'; frame-ancestors 'none'", got.header.Get("Content-Security-Policy"))
		require.Equal(w, "no-store", got.header.Get("Cache-Control"))
		is, err := w.GetUser(w.Context(), w.admin, w.id["marie"])
		require.NoError(w, err)
		require.False(w, is.Blocked)
	})
}

// Support sees every page and nothing to press, and what it sends all the same is refused.
func TestSupportChangesNothing(t *testing.T) {
	onEach(t, func(w *world) {
		sue, ann := w.reader("sue"), w.reader("ann")
		w.whatThereIs()
		ann.does(w.fill("/rooms/{room}/members/{ann}"), "role", "role_room_moderator")
		addresses, forms := w.addresses(), 0
		for _, to := range addresses {
			page, there := sue.sees(200, to), ann.sees(200, to)
			require.Equal(w, 1, strings.Count(page, `method="post"`), "%s: but to sign out", to)
			if strings.Count(there, `method="post"`) > 1 {
				forms++
				require.Contains(w, page, "Support sees everything and changes nothing.")
				for _, fields := range [][]string{nil, {"name", "x", "username", "x", "email", "x@school.test", "role", "role_room_owner", "access", "open"}} {
					got := sue.sends(to, fields...)
					require.Equal(w, 403, got.status, to)
					require.Contains(w, got.text, "Only an administrator may do that.")
				}
			}
		}
		require.GreaterOrEqual(w, forms, 19)
		is, err := w.GetUser(w.Context(), w.admin, w.id["marie"])
		require.NoError(w, err)
		require.Equal(w, "Marie Curie", is.Name)
		require.False(w, is.Blocked)
		require.Equal(w, roles.RoomUser, w.roleIn(w.id["room"], "marie"))
	})
}

// addresses are those of every page that there is in the world of a test.
func (w *world) addresses() (all []string) {
	for _, to := range []string{
		"/users", "/users/new", "/users/{marie}", "/users/{marie}/edit", "/users/{marie}/block", "/users/{marie}/unblock", "/users/{marie}/token", "/users/{marie}/delete",
		"/rooms", "/rooms/new", "/rooms/{room}", "/rooms/{room}/edit", "/rooms/{room}/close", "/rooms/{room}/reopen", "/rooms/{room}/delete",
		"/rooms/{room}/members", "/rooms/{room}/members/{marie}", "/rooms/{room}/members/{marie}/remove", "/rooms/{room}/members/{marie}/block",
		"/rooms/{room}/members/{blocked}/unblock", "/rooms/{room}/link",
		"/keys", "/keys/new", "/keys/{key}/revoke", "/clients/new", "/clients/{client}/delete", "/audit",
		"/spaces", "/issued", "/staff", "/staff/invite", "/staff/invites/{summons}/revoke", "/staff/users/{marie}",
	} {
		all = append(all, w.fill(to))
	}
	return all
}

// The list is shown page by page, forth and back, and a search finds whoever is called so.
func TestTheListOfUsers(t *testing.T) {
	onEach(t, func(w *world) {
		for i := range 60 {
			w.ahead.Add(int64(time.Second))
			w.user("pupil-"+string(rune('a'+i/26))+string(rune('a'+i%26)), "")
		}
		ann := w.reader("ann")
		follow := func(page, rel string) string {
			w.Helper()
			before, _, found := strings.Cut(page, `" rel="`+rel+`"`)
			require.True(w, found, "no %s in\n%s", rel, page)
			to := before[strings.LastIndex(before, `href="`)+len(`href="`):]
			return ann.sees(200, strings.ReplaceAll(strings.TrimPrefix(to, w.url+"/console"), "&amp;", "&"))
		}
		named := func(page string) (names []string) {
			for _, row := range strings.Split(page, `data-label="E-mail">`)[1:] {
				name, _, _ := strings.Cut(row, "@")
				names = append(names, name)
			}
			return names
		}
		for _, start := range []string{"/users", "/users?q=p"} {
			first := ann.sees(200, start)
			second := follow(first, "next")
			third := follow(second, "next")
			require.NotContains(w, first, `rel="prev"`)
			require.NotContains(w, third, `rel="next"`)
			require.Len(w, named(first), 25)
			require.Len(w, named(second), 25)
			require.Equal(w, named(second), named(follow(third, "prev")))
			require.Equal(w, named(third), named(follow(follow(third, "prev"), "next")))
			back := follow(follow(third, "prev"), "prev")
			require.Equal(w, named(first), named(back))
			require.Equal(w, named(second), named(follow(back, "next")))
		}
		found := ann.sees(200, "/users?q=CUR")
		require.Equal(w, []string{"marie"}, named(found))
		require.Contains(w, found, `value="CUR"`)
		require.Contains(w, ann.sees(200, "/users?q="+url.QueryEscape(`"><script>`)), `value="&#34;&gt;&lt;script&gt;"`)
		require.Contains(w, ann.sees(200, "/users?q=nobody"), "Nobody is called so.")
		require.Equal(w, 422, ann.asks("GET", "/console/users?token=x", nil).status)
		require.Equal(w, 200, ann.asks("GET", "/console/users?users-after=%00&users-before=!", nil).status)
	})
}

// A user is looked at, changed, blocked and deleted by plain forms; what is refused is said where it was typed.
func TestAUser(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		w.reader("marie")
		at := "/users/" + w.id["marie"]
		page := ann.sees(200, at)
		for _, part := range []string{"marie@school.test", "<mark>not verified</mark>", "No role in any room.", "<th role=\"columnheader\" scope=\"col\">Device</th>", at + "/edit"} {
			require.Contains(w, page, part)
		}
		got := ann.sends(at+"/edit", "name", "<script>alert(1)</script>", "email", "no address")
		require.Equal(w, 422, got.status)
		require.Contains(w, got.text, "Not an e-mail address.")
		require.Contains(w, got.text, `value="no address"`)
		require.Contains(w, got.text, `value="&lt;script&gt;alert(1)&lt;/script&gt;"`)
		require.Equal(w, 409, ann.sends(at+"/edit", "username", "sue").status)
		page = ann.does(at+"/edit", "name", "<script>alert(1)</script>", "email", "curie@school.test", "phone", "")
		require.Contains(w, page, "<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>")
		require.Contains(w, page, "curie@school.test")
		require.NotContains(w, page+ann.sees(200, "/users"), "<script>")

		require.Contains(w, ann.sees(200, at+"/block"), "signed out everywhere")
		page = ann.does(at + "/block")
		require.Contains(w, page, "<mark>Blocked</mark>")
		require.Contains(w, page, "Signed in nowhere.")
		page = ann.does(at + "/unblock")
		require.NotContains(w, page, "<mark>Blocked</mark>")
		page = ann.does(at + "/delete")
		require.Contains(w, page, "The user is deleted.")
		require.NotContains(w, page, "curie@school.test")
		ann.sees(404, at)

		got = ann.sends("/users/" + w.id["sue"] + "/delete")
		require.Equal(w, 409, got.status)
		require.Contains(w, got.text, "Take that role away first.")
		_, err := w.GetUser(w.Context(), w.admin, w.id["marie"])
		require.ErrorIs(w, err, auth.ErrNotFound)
	})
}

// What the pages are made of is served, and HEAD is answered as GET is.
func TestWhatThePagesAreMadeOf(t *testing.T) {
	onEach(t, func(w *world) {
		for _, name := range []string{"htmx.min.js", "console.js", "pico.min.css", "console.css", "htmx.LICENSE.txt", "pico.LICENSE.txt"} {
			require.Equal(w, 200, w.reader("").asks("GET", "/console/assets/"+name, nil).status, name)
		}
		require.Equal(w, 200, w.reader("ann").asks("HEAD", "/console/users", nil).status)
		require.Equal(w, http.StatusMethodNotAllowed, w.reader("ann").asks("POST", "/console/users", nil).status)
	})
}
