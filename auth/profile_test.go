package auth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
	"usher/internal/store"
)

func TestUpdates(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		w.user("bob")
		ann := w.signedIn("ann", good)
		text := func(s string) *string { return &s }
		yes := true

		me, err := w.UpdateMe(w.ctx(), ann, UserPatch{Name: text("Ann A."), Phone: text("1"), Username: text("Annie")})
		require.NoError(w, err)
		require.Equal(w, []string{"Ann A.", "1", "Annie"}, []string{me.Name, me.Phone, me.Username})
		w.lives(w.signedIn("annie", good))
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.user("ann 2")
		_, err = w.UpdateMe(w.ctx(), ann, UserPatch{Username: text("ANNIE")})
		require.NoError(w, err, "one's own name in other letters")

		for name, row := range map[string]struct {
			p   UserPatch
			err error
		}{
			"an address of one's own choice": {UserPatch{Email: text("a@usher.test")}, ErrForbidden},
			"verified by oneself":            {UserPatch{EmailVerified: &yes}, ErrForbidden},
			"a taken username":               {UserPatch{Username: text("BOB")}, ErrUsernameTaken},
		} {
			_, err = w.UpdateMe(w.ctx(), ann, row.p)
			require.ErrorIs(w, err, row.err, name)
		}
		var field *FieldError
		_, err = w.UpdateMe(w.ctx(), ann, UserPatch{Username: text("")})
		require.ErrorAs(w, err, &field)

		got, err := w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Email: text("new@usher.test"), EmailVerified: &yes})
		require.NoError(w, err)
		require.True(w, got.EmailVerified)
		require.Equal(w, ByVerifiedAccount, w.signedIn("new@usher.test", good).How)
		got, err = w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Email: text("newer@usher.test")})
		require.NoError(w, err)
		require.False(w, got.EmailVerified, "a new address is unverified")
		_, err = w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Email: text("bob@usher.test")})
		require.ErrorIs(w, err, ErrEmailTaken)
	})
}

// Whoever wins, the user has one name, it leads to the user, and the other is free.
func TestTwoNamesAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		for range 5 {
			met := atOnce(8, func(i int) error {
				to := []string{"red", "blue"}[i%2]
				_, err := w.UpdateMe(w.ctx(), ann, UserPatch{Username: &to})
				return err
			})
			require.Positive(w, met[nil])
			require.Equal(w, 8, met[nil]+met[ErrContended])
			me, err := w.GetMe(w.ctx(), ann)
			require.NoError(w, err)
			found, err := w.FindUser(w.ctx(), ann, "", me.Username)
			require.NoError(w, err, "the name leads to its user")
			require.Equal(w, me.ID, found.ID)
		}
	})
}

// The names are what they were when the user was read, but who changed them to and fro may be about to drop one.
func TestAChangeToAndFroIsAChange(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		ann := w.signedIn("ann", good)
		rec := w.record(UserKey(id))
		for _, to := range []string{"queen", "ann"} {
			_, err := w.UpdateMe(w.ctx(), ann, UserPatch{Username: &to})
			require.NoError(w, err)
		}
		var was account
		require.NoError(w, rec.Load(&was))
		is := was
		is.Username = "king"
		require.ErrorIs(w, w.rewrite(w.ctx(), rec, was, is, store.Tx{}), ErrOvertaken)
		require.NoError(w, w.rewrite(w.ctx(), w.record(UserKey(id)), was, is, store.Tx{}))
	})
}
