package auth

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
)

func TestGrants(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ask := func(grant, client, clientSecret, username, pw string) TokenRequest {
			return TokenRequest{
				GrantType: grant, ClientID: client, ClientSecret: secret.New(clientSecret),
				Username: username, Password: secret.New(pw),
			}
		}
		backend := w.first.ClientSecret.Reveal()
		for _, row := range []struct {
			name string
			req  TokenRequest
			err  error
		}{
			{"a username", ask("password", "web", "", "ann", good), nil},
			{"an e-mail address", ask("password", "web", "", "ann@usher.test", good), nil},
			{"in other letters", ask("password", "web", "", "ANN@Usher.TEST", good), nil},
			{"no client is web", ask("password", "", "", "ann", good), nil},
			{"by a confidential client", ask("password", "backend", backend, "ann", good), nil},
			{"a client's own", ask("client_credentials", "backend", backend, "", ""), nil},

			{"no grant", ask("", "web", "", "ann", good), ErrInvalidRequest},
			{"a grant that we lack", ask("authorization_code", "web", "", "", ""), ErrUnsupportedGrant},
			{"no username", ask("password", "web", "", "", good), ErrInvalidRequest},
			{"no password", ask("password", "web", "", "ann", ""), ErrInvalidRequest},
			{"no refresh token", ask("refresh_token", "web", "", "", ""), ErrInvalidRequest},
			{"a client that names itself not", ask("client_credentials", "", backend, "", ""), ErrInvalidRequest},

			{"an unknown client", ask("password", "mobile", "", "ann", good), ErrInvalidClient},
			{"a client in other letters", ask("password", "WEB", "", "ann", good), ErrInvalidClient},
			{"a confidential client without its secret", ask("password", "backend", "", "ann", good), ErrInvalidClient},
			{"a confidential client with another", ask("password", "backend", backend+"x", "ann", good), ErrInvalidClient},
			{"a public client with a secret", ask("password", "web", backend, "ann", good), ErrInvalidClient},
			{"a public client's own", ask("client_credentials", "web", "", "", ""), ErrInvalidClient},
			{"a client's own without its secret", ask("client_credentials", "backend", "", "", ""), ErrInvalidClient},

			{"a wrong password", ask("password", "web", "", "ann", good+"x"), ErrInvalidGrant},
			{"a password in other letters", ask("password", "web", "", "ann", strings.ToUpper(good)), ErrInvalidGrant},
			{"a password without end", ask("password", "web", "", "ann", strings.Repeat("x", 4096)), ErrInvalidGrant},
			{"an unknown user", ask("password", "web", "", "bob", good), ErrInvalidGrant},
			{"an unknown address", ask("password", "web", "", "bob@usher.test", good), ErrInvalidGrant},
		} {
			tokens, err := w.GetAccessToken(w.ctx(), row.req)
			require.Equal(w, row.err, err, row.name)
			if err != nil {
				require.Zero(w, tokens, row.name)
				continue
			}
			w.lives(w.identity(tokens))
			require.Equal(w, row.req.GrantType == "client_credentials", tokens.RefreshToken.Empty(), row.name)
		}
	})
}

func TestAClientIsWhoItSays(t *testing.T) {
	onEach(t, func(w *world) {
		tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "client_credentials", ClientID: "backend", ClientSecret: w.first.ClientSecret,
		})
		require.NoError(w, err)
		who := w.identity(tokens)
		require.Equal(w, Identity{Kind: Client, ID: "backend", Client: "backend", Workspace: w.first.Workspace}, who)

		who.Workspace = w.NewID()
		w.over(who)

		w.write(store.Set(ClientKey("web"), store.Record{"workspace": w.NewID()}))
		w.over(w.admin) // who signed in by a client of the workspace
	})
}

func TestADeletedClientsSessionsEnd(t *testing.T) {
	onEach(t, func(w *world) {
		own, err := w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "client_credentials", ClientID: "backend", ClientSecret: w.first.ClientSecret,
		})
		require.NoError(w, err)
		request := TokenRequest{
			GrantType: "password", ClientID: "backend", ClientSecret: w.first.ClientSecret, Username: "admin", Password: secret.New(good),
		}
		users, err := w.GetAccessToken(w.ctx(), request)
		require.NoError(w, err)

		w.write(store.Delete(ClientKey("backend")))

		w.over(w.identity(own))
		w.over(w.identity(users))
		_, err = w.GetAccessToken(w.ctx(), request)
		require.ErrorIs(w, err, ErrInvalidClient)
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "refresh_token", ClientID: "backend", ClientSecret: w.first.ClientSecret, RefreshToken: users.RefreshToken,
		})
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.lives(w.admin) // who came by another client
	})
}

func TestSignInRenewsAnOutdatedHash(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		stored := func() store.Record {
			recs, err := w.Store.Get(w.ctx(), UserKey(id))
			require.NoError(w, err)
			return recs[0]
		}
		before := stored()
		dearer := w.open(w.Store, settings)
		dearer.hasher = password.NewHasher(password.Params{Memory: 16, Passes: 2}, rand.Reader)
		signIn := func(a *Authority) Tokens {
			tokens, err := a.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
			require.NoError(w, err)
			return tokens
		}
		w.lives(w.identity(signIn(dearer)))
		after := stored()
		require.Contains(w, after["pwParams"], "m=16,t=2")
		require.NotEqual(w, before["pwSalt"], after["pwSalt"])
		require.Equal(w, before["epoch"], after["epoch"], "other sessions live on")

		signIn(w.Authority)
		require.Equal(w, after["pwParams"], stored()["pwParams"], "and never back")
	})
}

func TestAPasswordChangedWhileSomeoneSignsIn(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		recs, err := w.Store.Get(w.ctx(), UserKey(id))
		require.NoError(w, err)
		w.write(store.Set(UserKey(id), store.Record{"epoch": w.NewID()}))
		who := Identity{Kind: User, Client: "web", Workspace: w.first.Workspace}
		_, err = w.Authority.signIn(w.ctx(), who, recs[0], nil)
		require.ErrorIs(w, err, ErrOvertaken)

		// Overtaken, the password is compared again.
		met := atOnce(20, func(i int) error {
			if i == 0 {
				_, err := w.ResetAdmin(w.ctx(), "", "ann@usher.test", secret.New(better))
				return err
			}
			_, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
			return err
		})
		require.Equal(w, 20, met[nil]+met[ErrInvalidGrant], met)
	})
}

// What a stranger can measure is the work: with every turn of the hasher taken, nobody gets an answer, whoever is
// asked for.
func TestWhoeverIsAskedForItCostsAHash(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, w.user("blocked")))
		gone := w.user("gone")
		require.NoError(w, w.Bury(w.ctx(), w.admin, gone))
		for _, called := range []string{"ann", "blocked", "gone", "nobody"} {
			user, err := w.lookUp(w.ctx(), name{w.first.Workspace, byUsername, called})
			if err != nil {
				require.ErrorIs(w, err, ErrNotFound)
			}
			ctx, cancel := context.WithCancel(w.ctx())
			cancel()
			_, _, err = w.knows(ctx, user, secret.New(good))
			require.ErrorIs(w, err, context.Canceled, "no turn, no answer: "+called)
		}
	})
}
