package console_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

var aKey = regexp.MustCompile(`usher_[0-9A-Za-z_]+`)

// Whoever makes what opens something says the password once more, sees it once, and takes it back by a button.
func TestKeysAndClients(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		require.Contains(w, ann.sees(200, "/keys"), "No API key yet.")
		got := ann.sends("/keys/new", "name", "Import <b>", "scopes", "users:read", "scopes", "rooms:write", "days", "30", "password", "wrong")
		require.Equal(w, 403, got.status)
		require.Contains(w, got.text, "That is not your password.")
		require.Contains(w, got.text, `value="Import &lt;b&gt;"`)
		require.Contains(w, got.text, `value="rooms:write" checked`)
		require.NotContains(w, got.text, `value="wrong"`)
		for _, fields := range [][]string{
			{"name", "x", "days", "30", "password", pass},
			{"name", "", "scopes", "users:read", "days", "30", "password", pass},
			{"name", "x", "scopes", "all", "days", "30", "password", pass},
			{"name", "x", "scopes", "users:read", "days", "31", "password", pass},
		} {
			require.Equal(w, 422, ann.sends("/keys/new", fields...).status, fields)
		}
		require.Contains(w, ann.sees(200, "/keys"), "No API key yet.")

		got = ann.sends("/keys/new", "name", "Import", "scopes", "users:read", "days", "30", "password", pass)
		require.Equal(w, 200, got.status)
		require.Equal(w, "no-store", got.header.Get("Cache-Control"))
		key := aKey.FindString(got.text)
		who, err := w.Authenticate(w.Context(), key)
		require.NoError(w, err)
		list := ann.sees(200, "/keys")
		require.NotContains(w, list, key)
		require.Contains(w, list, "Import")
		require.Contains(w, list, `data-label="May">See users</td>`)
		require.NotContains(w, w.reader("sue").sees(200, "/keys"), "/revoke")
		revoke := "/keys/" + who.ID + "/revoke"
		require.Contains(w, list, revoke)
		require.Contains(w, ann.does(revoke), "The API key is revoked.")
		_, _, err = w.Get(w.Context(), who)
		require.ErrorIs(w, err, auth.ErrInvalidToken)

		require.Equal(w, 403, ann.sends("/clients/new", "name", "Portal", "kind", "public").status)
		require.Contains(w, ann.does("/clients/new", "name", "Portal", "kind", "public", "password", pass), "Portal")
		got = ann.sends("/clients/new", "name", "School", "kind", "confidential", "password", pass)
		require.Equal(w, 200, got.status)
		id := regexp.MustCompile(`<code>([0-9a-f]{24})</code>`).FindStringSubmatch(got.text)[1]
		require.Contains(w, ann.does("/clients/"+id+"/delete"), "The client is deleted.")
		require.NotContains(w, ann.sees(200, "/keys"), "School")
		got = ann.sends("/clients/" + w.first.PublicClient + "/delete")
		require.Equal(w, 409, got.status)
		require.Contains(w, got.text, "own public client stays")
	})
}

// Guessing the password from a session that was left open meets the limit of every other such guess.
func TestThePasswordIsNotGuessedInTheConsole(t *testing.T) {
	onEach(t, func(w *world) {
		ann, seen := w.reader("ann"), map[int]int{}
		for range 30 {
			seen[ann.sends("/clients/new", "name", "Portal", "kind", "public", "password", "guess").status]++
		}
		require.Positive(w, seen[429], seen)
		got := ann.sends("/clients/new", "name", "Portal", "kind", "public", "password", pass)
		require.Equal(w, 429, got.status)
		require.Contains(w, got.text, "Wait a little")
	})
}

// Who did it, to whom and where is called by its name, which leads to its page, and by its id where it is no more.
func TestNamesInTheAuditLog(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		w.class()
		w.user("pierre", "Pierre Curie")
		room := ann.room("Physics", "pierre")
		key, secretOfKey, err := w.CreateAPIKey(w.Context(), w.admin, auth.NewAPIKey{Name: "Import", Scopes: []string{"users:write"}})
		require.NoError(w, err)
		program, err := w.Authenticate(w.Context(), secretOfKey.Reveal())
		require.NoError(w, err)
		_, err = w.CreateExternal(w.Context(), program, "S-1", auth.ExternalPatch{})
		require.NoError(w, err)
		at := func(label, text, to string) string {
			return `data-label="` + label + `"><a href="https://usher.test/console` + to + `">` + text + `</a>`
		}
		has := func(kind string, parts ...string) {
			w.Helper()
			page := ann.sees(200, "/audit?type="+kind)
			for _, part := range parts {
				require.Contains(w, page, part, kind)
			}
		}
		ann.does(w.fill("/users/{pierre}/block"))
		has("user_blocked", at("By", "admin", w.fill("/users/{ann}")), at("To", "Pierre Curie", w.fill("/users/{pierre}")))
		has("user_created", at("By", "API key Import", "/keys"))
		has("api_key_created", at("To", "API key Import", "/keys"))
		has("room_created", at("Where", "Physics", "/rooms/"+room), at("Where", "Lab", w.fill("/spaces/{space}/{lab}")))
		has("space_created", at("Where", "Class 7", w.fill("/spaces/{space}")))
		require.NotContains(w, ann.sees(200, "/audit?type=user_blocked"), ">"+w.id["pierre"]+"<")
		require.Contains(w, ann.sees(200, "/keys"), "<code>"+key+"</code>")

		ann.does("/keys/" + key + "/revoke")
		ann.does("/rooms/" + room + "/delete")
		ann.does(w.fill("/users/{pierre}/delete"))
		has("user_blocked", `data-label="To">`+w.id["pierre"]+`</td>`)
		has("user_created", `data-label="By">key `+key+`</td>`)
		has("room_created", `data-label="Where">`+room+`</td>`)
	})
}

// What has happened is there, the newest first, all of it or one kind.
func TestTheAuditLog(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		ann.does("/users/" + w.id["marie"] + "/block")
		page := ann.sees(200, "/audit")
		for _, part := range []string{"User blocked", "Sign in", w.id["marie"], `<option value="sign_in">Sign in</option>`} {
			require.Contains(w, page, part)
		}
		require.Contains(w, page, `data-label="Detail">Support</td>`, "which Sue has been given")
		require.NotContains(w, page, "role_workspace_support")
		page = ann.sees(200, "/audit?type=user_blocked")
		require.Contains(w, page, `value="user_blocked" selected`)
		require.Contains(w, page, `/users/`+w.id["ann"]+`">`)
		require.NotContains(w, page, `data-label="What">Sign in`)
		require.Contains(w, ann.sees(200, "/audit?type=room_deleted"), "Nothing of the kind has happened.")
		for range 15 {
			ann.does("/users/" + w.id["marie"] + "/unblock")
			ann.does("/users/" + w.id["marie"] + "/block")
		}
		require.Contains(w, ann.sees(200, "/audit"), `rel="next"`)
		require.NotContains(w, w.reader("sue").sees(200, "/audit"), "Only an administrator")
	})
}
