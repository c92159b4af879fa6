package auth

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// finds is the usernames of who is found, in their order, over pages of two.
func (w *world) finds(who Identity, text string) (names []string) {
	w.Helper()
	for page := (Page{Limit: 2}); ; {
		users, next, err := w.SearchUsers(w.ctx(), who, text, page)
		require.NoError(w, err)
		for _, u := range users {
			names = append(names, u.Username)
		}
		if next == "" {
			return names
		}
		page.After = next
	}
}

// One types the beginning of what somebody is called, and finds each once, however it is written.
func TestSearchUsers(t *testing.T) {
	onEach(t, func(w *world) {
		for username, name := range map[string]string{"marie": "Marie Curie", "curry": "Haskell Brooks Curry", "minjun": "김 민준", "rené": "<script>"} {
			id, err := w.CreateUser(w.ctx(), w.admin, NewUser{Email: username + "@school.test", Username: username, Password: secret.New(good), Name: name})
			require.NoError(w, err)
			if username == "rené" {
				require.NoError(w, w.BlockUser(w.ctx(), w.admin, id))
			}
		}
		for text, want := range map[string][]string{
			"mar": {"marie"}, " MARIE  c": {"marie"}, "cur": {"marie", "curry"}, "curi": {"marie"}, "curry@": {"curry"}, "김": {"minjun"},
			"민준": {"minjun"}, "<SCR": {"rené"}, "rene\u0301@school": {"rené"}, "arie": nil, "marie\x00": nil, "brooks curry": {"curry"},
		} {
			require.ElementsMatch(w, want, w.finds(w.admin, text), text)
		}
		require.Len(w, w.finds(w.admin, ""), 5, "each once, of all of their terms")

		for range 2 { // the same twice changes nothing
			is := "Irène"
			found, _, err := w.SearchUsers(w.ctx(), w.admin, "minjun", Page{Limit: 1})
			require.NoError(w, err)
			_, err = w.UpdateUser(w.ctx(), w.admin, found[0].ID, UserPatch{Name: &is})
			require.NoError(w, err)
			require.Empty(w, w.finds(w.admin, "민준"))
			require.Equal(w, []string{"minjun"}, w.finds(w.admin, "irène"))
		}
		found, _, err := w.SearchUsers(w.ctx(), w.admin, "irène", Page{Limit: 1})
		require.NoError(w, err)
		require.NoError(w, w.Bury(w.ctx(), w.admin, found[0].ID))
		require.Empty(w, w.finds(w.admin, "irène"))
		left, err := w.Store.List(w.ctx(), searchIndex(w.first.Workspace), store.Page{Prefix: "irène", Limit: 9})
		require.NoError(w, err)
		require.Empty(w, left, "nothing is kept of who is gone")
	})
}

// A key sees no user who has a role in the workspace, nor does another workspace; who is neither staff nor a key, sees none.
func TestWhoSearchesUsers(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		_, _, err := w.SearchUsers(w.ctx(), w.signedIn("ann", good), "a", Page{Limit: 9})
		require.ErrorIs(w, err, ErrForbidden)
		_, key, err := w.CreateAPIKey(w.ctx(), w.admin, NewAPIKey{Name: "Import", Scopes: []string{"users:read"}})
		require.NoError(w, err)
		who, err := w.Authenticate(w.ctx(), key.Reveal())
		require.NoError(w, err)
		require.Equal(w, []string{"ann"}, w.finds(who, "a"))
		require.Len(w, w.finds(w.admin, "a"), 2)
		other, err := w.CreateWorkspace(w.ctx(), NewWorkspace{Name: "other", AdminEmail: "anna@usher.test", AdminPassword: secret.New(good)})
		require.NoError(w, err)
		tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", ClientID: other.PublicClient, Username: "anna@usher.test", Password: secret.New(good)})
		require.NoError(w, err)
		require.Len(w, w.finds(w.identity(tokens), "ann"), 1)
	})
}

// Whatever two do to a name at once, one finds the user by the name that he has in the end, and by no other.
func TestANameThatTwoChangeAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		var race sync.WaitGroup
		for _, name := range []string{"Zoë", "Yves", "Zoë", "Yves"} {
			race.Go(func() {
				for range 5 {
					_, err := w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Name: &name})
					if err != nil {
						w.Error(err)
					}
				}
			})
		}
		race.Wait()
		is, err := w.GetUser(w.ctx(), w.admin, id)
		require.NoError(w, err)
		require.Equal(w, []string{"ann"}, w.finds(w.admin, is.Name))
		require.Len(w, append(w.finds(w.admin, "zoë"), w.finds(w.admin, "yves")...), 1)
	})
}

// Who takes back a name that another is only about to take out of the index is found by it.
func TestANameThatIsTakenBack(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		was, is := account{ID: id, Workspace: w.first.Workspace, Name: "Zoë"}, account{ID: id, Workspace: w.first.Workspace, Name: "Yves"}
		for _, name := range []string{"Zoë", "Yves"} {
			_, err := w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Name: &name})
			require.NoError(w, err)
		}
		slow := *w.Authority
		slow.Store = &storetest.Interposed{Store: w.Store, Writes: 1, Do: func() { w.relist(w.ctx(), was, is) }}
		_, err := slow.UpdateUser(w.ctx(), w.admin, id, UserPatch{Name: &was.Name})
		require.NoError(w, err)
		require.Equal(w, []string{"ann"}, w.finds(w.admin, "zoë"))
		require.Empty(w, w.finds(w.admin, "yves"))
	})
}
