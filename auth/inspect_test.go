package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

// through signs someone in through the confidential client.
func (w *world) through(username string) Tokens {
	w.Helper()
	tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{
		GrantType: "password", ClientID: "backend", ClientSecret: w.first.ClientSecret, Username: username, Password: secret.New(good),
	})
	require.NoError(w, err)
	return tokens
}

// another is another workspace, and someone there.
func (w *world) another() (Credentials, Tokens) {
	w.Helper()
	c, err := w.CreateWorkspace(w.ctx(), NewWorkspace{AdminEmail: "admin@there.test", AdminPassword: secret.New(good)})
	require.NoError(w, err)
	tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{
		GrantType: "password", ClientID: c.PublicClient, Username: c.AdminEmail, Password: c.AdminPassword,
	})
	require.NoError(w, err)
	return c, tokens
}

func TestWhoMayRevoke(t *testing.T) {
	onEach(t, func(w *world) {
		there, _ := w.another()
		backend, none := w.first.ClientSecret, secret.String{}
		user := func() (Identity, Tokens) { t := w.signIn("admin", good); return w.identity(t), t }
		confidential := func() (Identity, Tokens) { t := w.through("admin"); return w.identity(t), t }
		for _, row := range []struct {
			name   string
			of     func() (Identity, Tokens)
			client string
			secret secret.String
			ends   bool
			err    error
		}{
			{"a public session, no client named", user, "", none, true, nil},
			{"a public session, its client named", user, "web", none, true, nil},
			{"a public session, another client", user, "backend", backend, false, nil},
			{"a public session, an unknown client", user, "nobody", none, false, ErrInvalidClient},
			{"a public session, with a secret", user, "web", backend, false, ErrInvalidClient},
			{"a public session, another workspace's client", user, there.ConfidentialClient, there.ClientSecret, false, nil},
			{"a confidential session, its client", confidential, "backend", backend, true, nil},
			{"a confidential session, no client named", confidential, "", none, false, ErrInvalidClient},
			{"a confidential session, without the secret", confidential, "backend", none, false, ErrInvalidClient},
			{"a confidential session, another secret", confidential, "backend", secret.New("x"), false, ErrInvalidClient},
			{"a confidential session, another client", confidential, "web", none, false, nil},
			{"a guest's session, no client named", w.guest, "", none, true, nil},
			{"a guest's session, a client of the workspace", w.guest, "backend", backend, true, nil},
			{"a guest's session, another workspace's client", w.guest, there.PublicClient, none, false, nil},
		} {
			for _, refresh := range []bool{true, false} {
				who, tokens := row.of()
				token := tokens.AccessToken
				if refresh {
					token = tokens.RefreshToken
				}
				err := w.Revoke(w.ctx(), TokenQuery{Token: token, ClientID: row.client, ClientSecret: row.secret})
				require.Equal(w, row.err, err, row.name)
				if !row.ends {
					w.lives(who)
					continue
				}
				w.over(who)
				require.NoError(w, w.Revoke(w.ctx(), TokenQuery{Token: token, ClientID: row.client, ClientSecret: row.secret}), "twice is once")
			}
		}
		require.Zero(w, w.thefts())
		w.lives(w.admin)
	})
}

func TestWhatIsRevoked(t *testing.T) {
	onEach(t, func(w *world) {
		first := w.signIn("admin", good)
		w.refreshed(first.RefreshToken)
		require.NoError(w, w.Revoke(w.ctx(), TokenQuery{Token: first.RefreshToken}))
		w.over(w.identity(first))

		own, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "client_credentials", ClientID: "backend", ClientSecret: w.first.ClientSecret})
		require.NoError(w, err)
		require.ErrorIs(w, w.Revoke(w.ctx(), TokenQuery{Token: own.AccessToken}), ErrUnsupportedToken)
		require.ErrorIs(w, w.Revoke(w.ctx(), TokenQuery{}), ErrInvalidRequest)

		late := w.signIn("admin", good)
		who := w.identity(late)
		w.forward(settings.AccessTTL)
		for _, text := range []string{"x", "a.b.c", late.RefreshToken.Reveal() + "A", late.AccessToken.Reveal()} {
			require.NoError(w, w.Revoke(w.ctx(), TokenQuery{Token: secret.New(text)}))
		}
		w.lives(who)
	})
}

func TestATokenIsIntrospected(t *testing.T) {
	onEach(t, func(w *world) {
		ask := func(token secret.String) Introspection {
			w.Helper()
			said, err := w.Introspect(w.ctx(), TokenQuery{Token: token, ClientID: "backend", ClientSecret: w.first.ClientSecret})
			require.NoError(w, err)
			return said
		}
		at := time.Unix(w.Now().Unix(), 0)
		tokens := w.signIn("admin", good)
		who := w.identity(tokens)
		said := ask(tokens.AccessToken)
		require.NotEmpty(w, said.TokenID)
		access := Introspection{
			Active: true, Identity: who, Username: "admin", Issuer: settings.Issuer, TokenID: said.TokenID,
			Issued: at, Expires: at.Add(settings.AccessTTL),
		}
		require.Equal(w, access, said)
		said = ask(tokens.RefreshToken)
		require.Equal(w, access.Identity, said.Identity)
		require.True(w, said.Refresh)
		require.Equal(w, []int64{w.Now().Unix(), w.Now().Add(settings.IdleTTL).Unix()}, []int64{said.Issued.Unix(), said.Expires.Unix()})

		g, seated := w.guest()
		for _, token := range []secret.String{seated.AccessToken, seated.RefreshToken} {
			require.Equal(w, g, ask(token).Identity)
			require.Empty(w, ask(token).Username)
		}
		require.Equal(w, w.Now().Add(time.Hour).Unix(), ask(seated.RefreshToken).Expires.Unix(), "with its link")
		own, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "client_credentials", ClientID: "backend", ClientSecret: w.first.ClientSecret})
		require.NoError(w, err)
		require.Equal(w, Identity{Kind: Client, ID: "backend", Client: "backend", Workspace: w.first.Workspace}, ask(own.AccessToken).Identity)

		// What is spent is active for as long as it is taken, and what has ended no more.
		next := w.refreshed(tokens.RefreshToken)
		require.True(w, ask(tokens.RefreshToken).Active)
		w.forward(grace)
		require.Equal(w, Introspection{}, ask(tokens.RefreshToken))
		require.True(w, ask(next.RefreshToken).Active, "to be asked about is not to be presented")
		require.Zero(w, w.thefts())
		require.NoError(w, w.Logout(w.ctx(), who))
		require.NoError(w, w.Logout(w.ctx(), g))
		for _, token := range []secret.String{tokens.AccessToken, next.RefreshToken, seated.AccessToken, seated.RefreshToken, secret.New("x")} {
			require.Equal(w, Introspection{}, ask(token))
		}
		w.forward(settings.AccessTTL)
		require.Equal(w, Introspection{}, ask(own.AccessToken))
	})
}

func TestWhoMayIntrospect(t *testing.T) {
	onEach(t, func(w *world) {
		there, theirs := w.another()
		tokens := w.signIn("admin", good)
		for _, row := range []struct {
			client string
			secret secret.String
			token  secret.String
			active bool
			err    error
		}{
			{"backend", w.first.ClientSecret, tokens.AccessToken, true, nil},
			{"backend", w.first.ClientSecret, theirs.AccessToken, false, nil},
			{"backend", w.first.ClientSecret, theirs.RefreshToken, false, nil},
			{"backend", w.first.ClientSecret, secret.String{}, false, ErrInvalidRequest},
			{"backend", there.ClientSecret, tokens.AccessToken, false, ErrInvalidClient},
			{"backend", secret.String{}, tokens.AccessToken, false, ErrInvalidClient},
			{there.ConfidentialClient, there.ClientSecret, tokens.AccessToken, false, nil},
			{there.ConfidentialClient, there.ClientSecret, theirs.AccessToken, true, nil},
			{"web", secret.String{}, tokens.AccessToken, false, ErrInvalidClient},
			{"", secret.String{}, tokens.AccessToken, false, ErrInvalidRequest},
			{"nobody", w.first.ClientSecret, tokens.AccessToken, false, ErrInvalidClient},
		} {
			said, err := w.Introspect(w.ctx(), TokenQuery{Token: row.token, ClientID: row.client, ClientSecret: row.secret})
			require.Equal(w, row.err, err, row.client)
			require.Equal(w, row.active, said.Active, row.client)
		}
	})
}
