package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
)

// ends requires that a client is over: for who came in through it, and for who would.
func (w *world) ends(id string, s secret.String, sessions ...Tokens) {
	w.Helper()
	for _, tokens := range sessions {
		w.over(w.identity(tokens))
		if !tokens.RefreshToken.Empty() {
			_, err := w.GetAccessToken(w.ctx(), TokenRequest{
				GrantType: "refresh_token", RefreshToken: tokens.RefreshToken, ClientID: id, ClientSecret: s,
			})
			require.ErrorIs(w, err, ErrInvalidGrant)
		}
	}
	_, err := w.GetAccessToken(w.ctx(), TokenRequest{
		GrantType: "password", ClientID: id, ClientSecret: s, Username: "admin", Password: secret.New(good),
	})
	require.ErrorIs(w, err, ErrInvalidClient)
}

// elsewhere is the administrator of another workspace.
func (w *world) elsewhere() Identity {
	w.Helper()
	c, err := w.CreateWorkspace(w.ctx(), NewWorkspace{AdminEmail: "admin@other.test", AdminPassword: secret.New(good)})
	require.NoError(w, err)
	tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{
		GrantType: "password", ClientID: c.PublicClient, Username: "admin@other.test", Password: secret.New(good),
	})
	require.NoError(w, err)
	return w.identity(tokens)
}

func TestADeletedClientEndsItsSessions(t *testing.T) {
	onEach(t, func(w *world) {
		for _, public := range []bool{true, false} {
			w.forward(time.Second)
			id, s, err := w.CreateClient(w.ctx(), w.admin, NewClient{Name: "Portal", Public: public})
			require.NoError(w, err)
			require.Equal(w, public, s.Empty())
			session, err := w.GetAccessToken(w.ctx(), TokenRequest{
				GrantType: "password", ClientID: id, ClientSecret: s, Username: "admin", Password: secret.New(good),
			})
			require.NoError(w, err)
			tokens := []Tokens{session}
			own, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "client_credentials", ClientID: id, ClientSecret: s})
			if public {
				require.ErrorIs(w, err, ErrInvalidClient)
			} else {
				require.NoError(w, err)
				tokens = append(tokens, own)
			}
			for _, one := range tokens {
				w.lives(w.identity(one))
			}
			for range 2 { // it may be repeated
				require.NoError(w, w.DeleteClient(w.ctx(), w.admin, id))
				w.ends(id, s, tokens...)
			}
			w.lives(w.admin)
			require.Equal(w, id, w.recorded(audit.Filter{Type: audit.ClientDeleted})[0].Subject)
		}
		require.Len(w, w.recorded(audit.Filter{Type: audit.ClientDeleted}), 2)
	})
}

// Whoever deletes the client that he has signed in with goes with it.
func TestOnesOwnClientCanBeDeleted(t *testing.T) {
	onEach(t, func(w *world) {
		id, s, err := w.CreateClient(w.ctx(), w.admin, NewClient{})
		require.NoError(w, err)
		tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "password", ClientID: id, ClientSecret: s, Username: "admin", Password: secret.New(good),
		})
		require.NoError(w, err)
		who := w.identity(tokens)
		require.NoError(w, w.DeleteClient(w.ctx(), who, id))
		require.ErrorIs(w, w.DeleteClient(w.ctx(), who, id), ErrInvalidToken)
		require.Len(w, w.recorded(audit.Filter{Type: audit.ClientDeleted}), 1)
	})
}

func TestTheClientsOfAWorkspace(t *testing.T) {
	onEach(t, func(w *world) {
		id, _, err := w.CreateClient(w.ctx(), w.admin, NewClient{Name: "Portal"})
		require.NoError(w, err)
		elsewhere := w.elsewhere()
		names := func(who Identity) (ids []string) {
			w.Helper()
			clients, next, err := w.ListClients(w.ctx(), who, Page{Limit: 10})
			require.NoError(w, err)
			require.Empty(w, next)
			for _, c := range clients {
				ids = append(ids, c.ID)
			}
			return ids
		}
		require.ElementsMatch(w, []string{publicClient, confidentialClient, id}, names(w.admin))
		require.Len(w, names(elsewhere), 2)
		require.ErrorIs(w, w.DeleteClient(w.ctx(), w.admin, publicClient), ErrClientStays)
		require.ErrorIs(w, w.DeleteClient(w.ctx(), elsewhere, elsewhere.Client), ErrClientStays)
		require.ErrorIs(w, w.DeleteClient(w.ctx(), w.admin, elsewhere.Client), ErrNotFound)
		require.ErrorIs(w, w.DeleteClient(w.ctx(), w.admin, "nobody"), ErrNotFound)
		require.NoError(w, w.DeleteClient(w.ctx(), w.admin, confidentialClient))
		require.ElementsMatch(w, []string{publicClient, id}, names(w.admin))
		_, _, err = w.CreateClient(w.ctx(), w.admin, NewClient{Name: "\u202e"})
		require.ErrorContains(w, err, "name: ")
	})
}
