package auth

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

// moves asks for another address, and returns the token of its mail.
func (w *world) moves(who Identity, email string) secret.String {
	w.Helper()
	require.NoError(w, w.RequestEmailChange(w.ctx(), who, email, secret.New(good)))
	got := w.letter()
	require.Equal(w, email, got.To)
	require.Contains(w, got.Link(), "https://usher.test/confirm-email#token=")
	return secret.New(got.Token())
}

// moved confirms it, and returns the token that the address before gets.
func (w *world) moved(token secret.String, before string) secret.String {
	w.Helper()
	require.NoError(w, w.ConfirmEmailChange(w.ctx(), token))
	got := w.letter()
	require.Equal(w, before, got.To)
	require.Contains(w, got.Link(), "https://usher.test/undo-email#token=")
	require.Contains(w, got.Text, "3 days")
	return secret.New(got.Token())
}

// at requires which address signs in with which password, and that another one does not.
func (w *world) at(email, pw, another string) Identity {
	w.Helper()
	who := w.signedIn(email, pw)
	require.Equal(w, ByVerifiedAccount, who.How)
	_, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: another, Password: secret.New(pw)})
	require.ErrorIs(w, err, ErrInvalidGrant)
	return who
}

func TestAnAddressIsChangedWhereItIsConfirmed(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		require.ErrorIs(w, w.RequestEmailChange(w.ctx(), ann, "ann@new.test", secret.New(better)), ErrWrongPassword)
		require.Equal(w, &FieldError{"email", "not an e-mail address"}, w.RequestEmailChange(w.ctx(), ann, "ann", secret.New(good)))
		require.Equal(w, &FieldError{"email", "the address that it is already"}, w.RequestEmailChange(w.ctx(), ann, "ann@usher.test", secret.New(good)))
		g, _ := w.guest()
		require.ErrorIs(w, w.RequestEmailChange(w.ctx(), g, "ann@new.test", secret.New(good)), ErrWrongToken)

		token := w.moves(ann, "ann@new.test")
		w.signIn("ann@usher.test", good)
		w.user("new") // nothing is reserved while it awaits confirmation
		undo := w.moved(token, "ann@usher.test")
		w.at("ann@new.test", good, "ann@usher.test")
		w.lives(ann)
		require.ErrorIs(w, w.ConfirmEmailChange(w.ctx(), token), ErrProof, "once")
		require.NotEqual(w, token, undo)
	})
}

func TestAChangeEnds(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		late := w.moves(ann, "ann@late.test")
		w.forward(24 * time.Hour)
		require.ErrorIs(w, w.ConfirmEmailChange(w.ctx(), late), ErrProof)
		first := w.moves(ann, "ann@first.test")
		second := w.moves(ann, "ann@second.test")
		require.ErrorIs(w, w.ConfirmEmailChange(w.ctx(), first), ErrProof, "another has taken its place")
		_, err := w.ChangePassword(w.ctx(), ann, secret.New(good), secret.New(better))
		require.NoError(w, err)
		require.ErrorIs(w, w.ConfirmEmailChange(w.ctx(), second), ErrProof, "whoever asked for it may be out since")
		ann = w.signedIn("ann", better)
		require.NoError(w, w.RequestEmailChange(w.ctx(), ann, "ann@third.test", secret.New(better)))
		_, err = w.ChangePassword(w.ctx(), ann, secret.New(better), secret.New(good))
		require.NoError(w, err)
		require.Empty(w, w.delivers(), "also while it waits to be sent")
	})
}

// That an address is taken shows to who reads its mail, and to nobody else.
func TestATakenAddressIsNotTold(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		w.user("bob")
		token := w.moves(w.signedIn("ann", good), "bob@usher.test")
		require.ErrorIs(w, w.ConfirmEmailChange(w.ctx(), token), ErrEmailTaken)
		w.signIn("ann@usher.test", good)
		w.forward(aMinute)
		require.Empty(w, w.delivers(), "nothing has changed")
		w.forward(time.Hour)
		require.Empty(w, w.delivers())
	})
}

func TestAChangeIsUndone(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		eve := w.signIn("ann", good) // who knows the password
		undo := w.moved(w.moves(w.identity(eve), "eve@evil.test"), "ann@usher.test")
		require.NoError(w, w.ResetPassword(w.ctx(), w.forgets("eve@evil.test"), secret.New(better)))
		eve = w.signIn("eve@evil.test", better)

		w.forward(72*time.Hour - time.Millisecond)
		eve = w.refreshed(eve.RefreshToken)
		require.NoError(w, w.UndoEmailChange(w.ctx(), undo, secret.New("another good one")))
		w.over(w.identity(eve))
		ann := w.at("ann@usher.test", "another good one", "eve@evil.test")
		require.Equal(w, id, ann.ID)
		require.ErrorIs(w, w.UndoEmailChange(w.ctx(), undo, secret.New(good)), ErrProof, "once")
	})
}

func TestAWayBackEnds(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		undo := w.moved(w.moves(w.signedIn("ann", good), "ann@new.test"), "ann@usher.test")
		w.forward(72 * time.Hour)
		require.ErrorIs(w, w.UndoEmailChange(w.ctx(), undo, secret.New(better)), ErrProof)
		w.user("ann2")
		token := w.moves(w.signedIn("ann2", good), "ann@usher.test")
		require.NoError(w, w.ConfirmEmailChange(w.ctx(), token), "the address is free by now")
	})
}

// Whoever got in can neither take the address before for another account, nor push the way back out by more changes, nor
// come back by one of them.
func TestNothingStandsInTheWayBack(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		eve := w.signedIn("ann", good)
		undo := w.moved(w.moves(eve, "eve0@evil.test"), "ann@usher.test")
		var backs []secret.String
		for i := range 3 {
			w.forward(time.Millisecond)
			backs = append(backs, w.moved(w.moves(eve, fmt.Sprintf("eve%d@evil.test", i+1)), fmt.Sprintf("eve%d@evil.test", i)))
		}
		w.forward(time.Hour)
		taken := newUser("mallory")
		taken.Email = "ann@usher.test"
		_, err := w.CreateUser(w.ctx(), w.admin, taken)
		require.ErrorIs(w, err, ErrEmailTaken)
		require.NoError(w, w.UndoEmailChange(w.ctx(), undo, secret.New(better)))
		w.at("ann@usher.test", better, "eve3@evil.test")
		for _, back := range backs {
			require.ErrorIs(w, w.UndoEmailChange(w.ctx(), back, secret.New(good)), ErrProof)
		}
	})
}

func TestWhoUndoesALaterChangeLeavesTheEarlier(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		first := w.moved(w.moves(ann, "ann@one.test"), "ann@usher.test")
		w.forward(time.Millisecond)
		second := w.moved(w.moves(ann, "ann@two.test"), "ann@one.test")
		require.NoError(w, w.UndoEmailChange(w.ctx(), second, secret.New(better)))
		w.at("ann@one.test", better, "ann@two.test")
		require.NoError(w, w.UndoEmailChange(w.ctx(), first, secret.New(good)))
		w.at("ann@usher.test", good, "ann@one.test")
	})
}

// Of all who confirm the same address at once, one has it.
func TestOneOfManyGetsAnAddress(t *testing.T) {
	onEach(t, func(w *world) {
		const many = 8
		tokens := make([]secret.String, many)
		for i := range tokens {
			name := fmt.Sprint("user ", i)
			w.user(name)
			tokens[i] = w.moves(w.signedIn(name, good), "wanted@usher.test")
		}
		met := atOnce(many, func(i int) error { return w.ConfirmEmailChange(w.ctx(), tokens[i]) })
		require.Equal(w, map[error]int{nil: 1, ErrEmailTaken: many - 1}, met)
		require.Len(w, w.delivers(), 1)
	})
}
