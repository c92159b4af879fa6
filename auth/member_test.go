package auth

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
)

// member is an external user who has come by his access token.
func (w *world) member(id string) (External, Identity, Tokens) {
	w.Helper()
	u, err := w.PutExternal(w.ctx(), w.admin, id, ExternalPatch{})
	require.NoError(w, err)
	tokens, err := w.SignInMember(w.ctx(), w.first.Workspace, u.AccessToken)
	require.NoError(w, err)
	return u, w.identity(tokens), tokens
}

func TestAMemberComesByHisToken(t *testing.T) {
	onEachSealed(t, func(w *world) {
		u, who, tokens := w.member("u 1")
		require.Equal(w, Identity{
			Kind: Member, ID: u.ID, Workspace: w.first.Workspace, Session: who.Session, How: ByAccount,
		}, who)
		self, _, err := w.Get(w.ctx(), who)
		require.NoError(w, err)
		require.Equal(w, []string{"u 1", "u 1", "guest"}, []string{self.Name, self.ExternalID, string(self.MemberType)})
		shown, err := w.MemberOf(w.ctx(), w.first.Workspace, u.AccessToken)
		require.NoError(w, err)
		require.Equal(w, u.ID, shown.ID)
		e := w.recorded(audit.Filter{Type: audit.SignIn, Subject: u.ID})
		require.Equal(w, []string{"member", u.ID, who.Session}, []string{e[0].ActorKind, e[0].Actor, e[0].Session})

		_, claims := opened(t, tokens.AccessToken.Reveal())
		require.Subset(w, claims, set{"sub": u.ID, "aud": "member", "sid": who.Session, "wId": who.Workspace, "how": "account"})
		require.NotContains(w, claims, "cId")
		require.Equal(w, Member, tokens.Kind)

		w.forward(time.Hour)
		next := w.refreshed(tokens.RefreshToken)
		require.Equal(w, Member, next.Kind)
		require.Equal(w, who, w.identity(next))
		w.forward(time.Minute)
		_, err = w.refresh(tokens.RefreshToken) // that is in two hands
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.over(who)
	})
}

func TestWhatEndsAMembersSession(t *testing.T) {
	onEachSealed(t, func(w *world) {
		id := w.first.Workspace
		for name, end := range map[string]func(u External, who Identity) error{
			"rotate": func(External, Identity) error { _, err := w.RotateAccessToken(w.ctx(), w.admin, "rotate"); return err },
			"block":  func(u External, _ Identity) error { return w.BlockUser(w.ctx(), w.admin, u.ID) },
			"delete": func(u External, _ Identity) error { return w.Bury(w.ctx(), w.admin, u.ID) },
			"key":    func(External, Identity) error { return w.RevokeKeys(w.ctx(), w.activeKey(forTokens).kid) },
			"logout": func(_ External, who Identity) error { return w.Logout(w.ctx(), who) },
		} {
			u, who, tokens := w.member(name)
			require.NoError(w, end(u, who), name)
			if name != "key" {
				w.over(who)
				_, err := w.refresh(tokens.RefreshToken)
				require.ErrorIs(w, err, ErrInvalidGrant, name)
			}
			_, err := w.SignInMember(w.ctx(), id, u.AccessToken)
			_, shown := w.MemberOf(w.ctx(), id, u.AccessToken)
			if name == "logout" {
				require.NoError(w, errors.Join(err, shown))
				continue
			}
			require.ErrorIs(w, err, ErrInvalidGrant, name)
			require.ErrorIs(w, shown, ErrInvalidGrant, name)
		}

		// Whoever lifts the block lets the token in again, and not the sessions.
		u, who, _ := w.member("b")
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, u.ID))
		require.NoError(w, w.UnblockUser(w.ctx(), w.admin, u.ID))
		_, err := w.SignInMember(w.ctx(), id, u.AccessToken)
		require.NoError(w, err)
		w.over(who)
	})
}

func TestAnAccessTokenOpensNothingElse(t *testing.T) {
	onEachSealed(t, func(w *world) {
		u, who, _ := w.member("u-1")
		other, err := w.CreateWorkspace(w.ctx(), NewWorkspace{})
		require.NoError(w, err)
		for _, token := range []secret.String{{}, secret.New("-"), secret.New(u.AccessToken.Reveal()[1:]), secret.New(u.AccessToken.Hash())} {
			_, err := w.SignInMember(w.ctx(), w.first.Workspace, token)
			require.ErrorIs(w, err, ErrInvalidGrant)
		}
		_, err = w.SignInMember(w.ctx(), other.Workspace, u.AccessToken)
		require.ErrorIs(w, err, ErrInvalidGrant, "another workspace")
		_, err = w.Authenticate(w.ctx(), u.AccessToken.Reveal())
		require.ErrorIs(w, err, ErrInvalidToken, "it is no access token of the API")

		_, err = w.GetMe(w.ctx(), who)
		require.ErrorIs(w, err, ErrWrongToken)
		_, err = w.UpdateMe(w.ctx(), who, UserPatch{})
		require.ErrorIs(w, err, ErrWrongToken)
		_, _, err = w.ListSessions(w.ctx(), who, Page{Limit: 1})
		require.ErrorIs(w, err, ErrWrongToken)
		require.ErrorIs(w, w.EndSession(w.ctx(), who, who.Session), ErrWrongToken)
		require.ErrorIs(w, w.EndOtherSessions(w.ctx(), who), ErrWrongToken)
		_, err = w.CreateUser(w.ctx(), who, newUser("ann"))
		require.ErrorIs(w, err, ErrWrongToken)
		_, _, err = w.ListUsers(w.ctx(), who, Page{Limit: 1})
		require.ErrorIs(w, err, ErrWrongToken)
		_, err = w.PutExternal(w.ctx(), who, "u-2", ExternalPatch{})
		require.ErrorIs(w, err, ErrWrongToken)
		_, err = w.RotateAccessToken(w.ctx(), who, "u-1")
		require.ErrorIs(w, err, ErrWrongToken)
		require.ErrorIs(w, w.Bury(w.ctx(), who, u.ID), ErrWrongToken)
		_, err = w.ChangePassword(w.ctx(), who, secret.New(good), secret.New(better))
		require.ErrorIs(w, err, ErrWrongToken)
		w.lives(who)
	})
}

// Whoever signs in while the token is being rotated has the old one, and nothing of it outlives that.
func TestASignInBesideARotation(t *testing.T) {
	onEachSealed(t, func(w *world) {
		u, _, _ := w.member("u-1")
		tokens := make([]Tokens, 30)
		met := atOnce(len(tokens), func(i int) (err error) {
			if i == 15 {
				_, err = w.RotateAccessToken(w.ctx(), w.admin, "u-1")
				return err
			}
			tokens[i], err = w.SignInMember(w.ctx(), w.first.Workspace, u.AccessToken)
			if errors.Is(err, ErrInvalidGrant) {
				err = nil
			}
			return err
		})
		require.Equal(w, map[error]int{nil: len(tokens)}, met)
		for _, got := range tokens {
			if !got.AccessToken.Empty() {
				w.over(w.identity(got))
			}
		}
	})
}
