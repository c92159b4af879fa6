package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
)

func TestADeadPointerIsFreeAfterAMinute(t *testing.T) {
	onEach(t, func(w *world) {
		n := name{w.first.Workspace, byUsername, "ann"}
		_, err := w.claim(w.ctx(), n, w.NewID()) // and its server stopped here
		require.NoError(w, err)

		_, err = w.CreateUser(w.ctx(), w.admin, newUser("Ann"))
		require.ErrorIs(w, err, ErrUsernameTaken, "its user may be written yet")
		_, err = w.lookUp(w.ctx(), n)
		require.ErrorIs(w, err, ErrNotFound)

		w.forward(time.Minute - time.Millisecond)
		_, err = w.CreateUser(w.ctx(), w.admin, newUser("Ann"))
		require.ErrorIs(w, err, ErrUsernameTaken)
		w.forward(time.Millisecond)
		met := atOnce(50, func(int) error {
			in := newUser("Ann")
			in.Email = w.NewID() + "@usher.test"
			_, err := w.CreateUser(w.ctx(), w.admin, in)
			return err
		})
		require.Equal(w, map[error]int{nil: 1, ErrUsernameTaken: 49}, met)
	})
}

func TestAPointerThatItsUserDeniesIsDead(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.user("ann")
		n := name{w.first.Workspace, byUsername, "queen"}
		_, err := w.claim(w.ctx(), n, ann)
		require.NoError(w, err)
		_, err = w.lookUp(w.ctx(), n)
		require.ErrorIs(w, err, ErrNotFound)
		w.forward(time.Minute)
		w.user("queen")
	})
}

func TestAUsersOwnPointerIsTakenUpAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		to := "queen"
		stale, err := w.claim(w.ctx(), name{w.first.Workspace, byUsername, to}, ann.ID)
		require.NoError(w, err)
		_, err = w.UpdateMe(w.ctx(), ann, UserPatch{Username: &to})
		require.NoError(w, err)

		w.drop(w.ctx(), stale) // by whoever claimed it before
		_, err = w.FindUser(w.ctx(), ann, "", to)
		require.NoError(w, err)
	})
}

func TestAnIntegratorsIDIsComparedExactly(t *testing.T) {
	onEach(t, func(w *world) {
		in := account{Workspace: w.first.Workspace, ExternalID: "Pupil-7"}
		id, err := w.enrol(w.ctx(), in, password.Hash{}, nothingFirst)
		require.NoError(w, err)
		user, err := w.lookUp(w.ctx(), name{w.first.Workspace, byExternal, "Pupil-7"})
		require.NoError(w, err)
		require.Equal(w, id, user["id"])
		_, err = w.lookUp(w.ctx(), name{w.first.Workspace, byExternal, "pupil-7"})
		require.ErrorIs(w, err, ErrNotFound)
		in.ExternalID = "pupil-7"
		_, err = w.enrol(w.ctx(), in, password.Hash{}, nothingFirst)
		require.NoError(w, err)
		_, err = w.enrol(w.ctx(), in, password.Hash{}, nothingFirst)
		require.ErrorIs(w, err, errTaken)

		// A user who has neither a password nor a name to type can't be signed in as.
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "Pupil-7", Password: secret.New(good)})
		require.ErrorIs(w, err, ErrInvalidGrant)
	})
}

func TestNoKeyShowsAnAddress(t *testing.T) {
	t.Parallel()
	n := name{"w", byEmail, "ann@usher.test"}
	require.NotContains(t, n.key().Partition+n.key().ID, "ann")
	require.Equal(t, n.key(), name{"w", byEmail, "ANN@usher.test"}.key())
	for _, other := range []name{{"v", byEmail, n.value}, {"w", byUsername, n.value}, {"w", byExternal, n.value}} {
		require.NotEqual(t, n.key(), other.key())
	}
	require.NotEqual(t, store.Key{}, n.key())
}
