package console_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A user whom the school knows by an id of its own is made by one form, once, and what was typed is not lost where it is
// refused.
func TestCreateUser(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		require.Contains(w, ann.sees(200, "/users"), `href="https://usher.test/console/users/new">Create user</a>`)
		require.NotContains(w, w.reader("sue").sees(200, "/users"), "/users/new")
		require.Contains(w, ann.sees(200, "/users/new"), `value="guest" checked`)
		page := ann.does("/users/new", "externalId", "T-1 (Seoul)", "name", "", "defaultMemberType", "host")
		for _, part := range []string{"The user is created.", "<h1>T-1 (Seoul)</h1>", "Default entry permission</dt><dd>Host"} {
			require.Contains(w, page, part)
		}
		got := ann.sends("/users/new", "externalId", "T-1 (Seoul)", "name", "Mallory", "defaultMemberType", "monitor")
		require.Equal(w, 409, got.status)
		require.Contains(w, got.text, "Another user has this User ID.")
		require.Contains(w, got.text, `value="Mallory"`)
		require.Contains(w, got.text, `value="monitor" checked`)
		for _, fields := range [][]string{
			{"externalId", ""}, {"externalId", "a\tb"}, {"externalId", "x", "defaultMemberType", "owner"},
		} {
			require.Equal(w, 422, ann.sends("/users/new", fields...).status, fields)
		}
		page = ann.sees(200, "/users?q=t-1+(")
		require.NotContains(w, page, "Mallory")
		u, err := w.ExternalUser(w.Context(), w.admin.Workspace, "T-1 (Seoul)")
		require.NoError(w, err)

		page = ann.does("/users/"+u.ID+"/edit", "name", "Marie", "defaultMemberType", "monitor")
		for _, part := range []string{"The changes are saved.", "<h1>Marie</h1>", "T-1 (Seoul)", "Default entry permission</dt><dd>Monitoring"} {
			require.Contains(w, page, part)
		}
		require.Contains(w, ann.sees(200, "/users/"+u.ID+"/edit"), `value="monitor" checked`)
		require.Equal(w, 422, ann.sends("/users/"+u.ID+"/edit", "defaultMemberType", "owner").status)
		before, err := w.GetExternal(w.Context(), w.admin, "T-1 (Seoul)")
		require.NoError(w, err)
		require.Contains(w, ann.sees(200, "/users/"+u.ID), "New access token")
		require.Contains(w, ann.does("/users/"+u.ID+"/token"), "The user has a new access token.")
		after, err := w.GetExternal(w.Context(), w.admin, "T-1 (Seoul)")
		require.NoError(w, err)
		require.NotEqual(w, before.AccessToken.Reveal(), after.AccessToken.Reveal())
		require.Equal(w, 404, ann.sends("/users/"+w.id["marie"]+"/token").status)
		require.Contains(w, ann.does("/users/"+u.ID+"/delete"), "The user is deleted.")
		require.Contains(w, ann.does("/users/new", "externalId", "T-1 (Seoul)"), "The user is created.")
	})
}
