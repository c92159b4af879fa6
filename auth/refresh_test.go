package auth

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// thefts are the thefts that the log tells of.
func (w *world) thefts() int { return len(w.recorded(audit.Filter{Type: audit.RefreshTheft})) }

func TestRefreshRotates(t *testing.T) {
	onEach(t, func(w *world) {
		tokens := w.signIn("admin", good)
		who := w.identity(tokens)
		seen := map[string]bool{}
		for range 5 {
			w.forward(time.Minute)
			next := w.refreshed(tokens.RefreshToken)
			require.False(w, seen[next.RefreshToken.Reveal()])
			seen[next.RefreshToken.Reveal()] = true
			require.Equal(w, who, w.identity(next), "the same session")
			tokens = next
		}
		w.lives(who)
		require.Zero(w, w.thefts())
	})
}

func TestALostReplyGivesTheSameSuccessor(t *testing.T) {
	onEach(t, func(w *world) {
		first := w.signIn("admin", good)
		second := w.refreshed(first.RefreshToken)
		w.forward(30*time.Second - time.Millisecond)
		again := w.refreshed(first.RefreshToken)
		require.Equal(w, second.RefreshToken.Reveal(), again.RefreshToken.Reveal())
		require.Equal(w, w.identity(first), w.identity(again))

		third := w.refreshed(again.RefreshToken)
		require.NotEqual(w, second.RefreshToken.Reveal(), third.RefreshToken.Reveal())
		require.Zero(w, w.thefts())
	})
}

func TestATokenPresentedAfterItsSuccessorIsTheft(t *testing.T) {
	onEach(t, func(w *world) {
		first := w.signIn("admin", good)
		second := w.refreshed(first.RefreshToken)
		third := w.refreshed(second.RefreshToken)
		_, err := w.refresh(first.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.familyEnded(third)
	})
}

func TestATokenPresentedAfterItsGraceIsTheft(t *testing.T) {
	onEach(t, func(w *world) {
		first := w.signIn("admin", good)
		second := w.refreshed(first.RefreshToken)
		w.forward(30 * time.Second)
		_, err := w.refresh(first.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.familyEnded(second)
	})
}

// familyEnded: every token of the session is refused, another session of the same user isn't, and the log says so
// once, without a secret.
func (w *world) familyEnded(last Tokens) {
	w.Helper()
	w.over(w.identity(last))
	_, err := w.refresh(last.RefreshToken)
	require.ErrorIs(w, err, ErrInvalidGrant)
	w.lives(w.admin)

	thefts := w.recorded(audit.Filter{Type: audit.RefreshTheft})
	require.Len(w, thefts, 1)
	require.Equal(w, w.admin.ID, thefts[0].Subject)
	require.NotEmpty(w, thefts[0].Session)
}

func TestAThousandPresentationsAtOnceAreOneRotation(t *testing.T) {
	onEach(t, func(w *world) {
		first := w.signIn("admin", good)
		var mu sync.Mutex
		successors := map[string]int{}
		met := atOnce(1000, func(int) error {
			next, err := w.refresh(first.RefreshToken)
			mu.Lock()
			defer mu.Unlock()
			successors[next.RefreshToken.Reveal()]++
			return err
		})
		require.Equal(w, map[error]int{nil: 1000}, met)
		require.Len(w, successors, 1)
		require.Zero(w, w.thefts())
		for token := range successors {
			w.refreshed(secret.New(token))
		}
	})
}

func TestWhoMayRefresh(t *testing.T) {
	onEach(t, func(w *world) {
		id, backend := w.user("ann"), w.first.ClientSecret
		confidential, err := w.GetAccessToken(w.ctx(), TokenRequest{
			GrantType: "password", ClientID: "backend", ClientSecret: backend, Username: "ann", Password: secret.New(good),
		})
		require.NoError(w, err)
		public := w.signIn("ann", good)
		for _, row := range []struct {
			name   string
			of     Tokens
			client string
			secret secret.String
			err    error
		}{
			{"a public session, no client named", public, "", secret.String{}, nil},
			{"a public session, its client named", public, "web", secret.String{}, nil},
			{"a public session, another client", public, "backend", backend, ErrInvalidGrant},
			{"a public session, an unknown client", public, "nobody", secret.String{}, ErrInvalidGrant},
			{"a public session, with a secret", public, "web", backend, ErrInvalidClient},
			{"a confidential session, its client", confidential, "backend", backend, nil},
			{"a confidential session, no client named", confidential, "", secret.String{}, ErrInvalidClient},
			{"a confidential session, without the secret", confidential, "backend", secret.String{}, ErrInvalidClient},
			{"a confidential session, another secret", confidential, "backend", secret.New("x"), ErrInvalidClient},
			{"a confidential session, another client", confidential, "web", secret.String{}, ErrInvalidGrant},
		} {
			_, err := w.GetAccessToken(w.ctx(), TokenRequest{
				GrantType: "refresh_token", ClientID: row.client, ClientSecret: row.secret, RefreshToken: row.of.RefreshToken,
			})
			require.Equal(w, row.err, err, row.name)
		}
		require.Zero(w, w.thefts(), "a refused refresh rotates nothing")
		require.Equal(w, id, w.identity(public).ID)
	})
}

func TestForgedRefreshTokens(t *testing.T) {
	onEach(t, func(w *world) {
		token := w.signIn("admin", good).RefreshToken.Reveal()
		raw, err := base64url.DecodeString(token)
		require.NoError(w, err)
		for i := range raw {
			forged := append([]byte(nil), raw...)
			forged[i] ^= 1
			_, err := w.refresh(secret.New(base64url.EncodeToString(forged)))
			require.ErrorIs(w, err, ErrInvalidGrant, i)
		}
		for _, text := range []string{"x", token + "=", token + "A", token[1:], token + "\n", w.signIn("admin", good).AccessToken.Reveal()} {
			_, err := w.refresh(secret.New(text))
			require.ErrorIs(w, err, ErrInvalidGrant)
		}
		w.refreshed(secret.New(token))
	})
}

func TestASessionEndsWhenItIsNotRefreshed(t *testing.T) {
	onEach(t, func(w *world) {
		tokens := w.signIn("admin", good)
		w.forward(settings.IdleTTL - time.Second)
		tokens = w.refreshed(tokens.RefreshToken)
		w.forward(settings.IdleTTL - time.Millisecond)
		who := Identity{Kind: User, ID: w.admin.ID, Workspace: w.admin.Workspace, Client: "web", Session: w.sessionOf(tokens)}
		w.lives(who)
		w.forward(time.Millisecond)
		w.over(who)
		_, err := w.refresh(tokens.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		require.Zero(w, w.thefts())
	})
}

func (w *world) sessionOf(tokens Tokens) string {
	t, err := w.readTicket(w.ctx(), tokens.RefreshToken)
	require.NoError(w, err)
	return t.who.Session
}

func TestASessionEndsInAnyCase(t *testing.T) {
	onEach(t, func(w *world) {
		tokens := w.signIn("admin", good)
		ends := w.Now().Add(settings.MaxTTL)
		for w.Now().Add(settings.IdleTTL / 2).Before(ends) {
			w.forward(settings.IdleTTL / 2)
			tokens = w.refreshed(tokens.RefreshToken)
		}
		w.forward(ends.Sub(w.Now()) - time.Minute)
		tokens = w.refreshed(tokens.RefreshToken)
		require.Equal(w, time.Minute, tokens.ExpiresIn, "no access token outlives its session")
		tokens = w.refreshed(tokens.RefreshToken)
		entries, err := w.Store.List(w.ctx(), sessionIndex(w.admin.ID), store.Page{Prefix: ByTime(ends, ""), Limit: 2})
		require.NoError(w, err)
		require.Len(w, entries, 1, "a session whose end a refresh does not move stays listed")
		w.forward(time.Minute)
		_, err = w.refresh(tokens.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
	})
}

func TestSessionsOfLongAgoAreSweptOut(t *testing.T) {
	onEach(t, func(w *world) {
		list := func() []string {
			entries, err := w.Store.List(w.ctx(), sessionIndex(w.admin.ID), store.Page{Limit: 100})
			require.NoError(w, err)
			return entries
		}
		tokens := w.signIn("admin", good)
		w.forward(time.Hour)
		w.refreshed(tokens.RefreshToken)
		require.Len(w, list(), 2, "a refreshed session is listed once, under its new end")
		w.forward(settings.IdleTTL + KeptAfterEnd + time.Second)
		w.signIn("admin", good)
		require.Len(w, list(), 1)
	})
}

func TestAStoreThatWasRestoredFromACopy(t *testing.T) {
	onEach(t, func(w *world) {
		first := w.signIn("admin", good)
		second := w.refreshed(first.RefreshToken)
		who := w.identity(second)
		w.write(store.Set(SessionKey(who.ID, who.Session), store.Record{"gen": "1"}))
		_, err := w.refresh(second.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		require.Zero(w, w.thefts(), "a generation from the future is no theft")
		w.lives(who)
	})
}
