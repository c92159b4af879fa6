package auth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store/storetest"
)

// Who asks need not be who has the mailbox: what he calls the password never signs in, and is not kept. The account has
// the one that is chosen by whoever shows the mail's token.
func TestThePasswordIsChosenByWhoHasTheMailbox(t *testing.T) {
	onEachOpen(t, func(w *world) {
		token := secret.New(w.signsUp().Token())
		id, task, err := readProof(token)
		require.NoError(w, err)
		recs, err := w.Store.Get(w.ctx(), proofKey(id, toSignUp, task))
		require.NoError(w, err)
		require.NotNil(w, recs[0])
		require.Zero(w, hashOf(recs[0]))
		for pw, want := range map[string]error{
			"": password.ErrTooShort, "short": password.ErrTooShort, strings.Repeat("long", 300): password.ErrTooLong,
			"password1": password.ErrTooCommon, "Ann@usher.test": password.ErrTooCommon,
		} {
			require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), token, secret.New(pw)), want, pw)
		}
		require.NoError(w, w.ConfirmSignUp(w.ctx(), token, secret.New(better)))
		require.Equal(w, id, w.signedIn("ann", better).ID)
		w.refusesSignIn("ann")
		require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), token, secret.New(good)), ErrProof, "once, and for nobody else's password")
		w.refusesSignIn("ann")

		silent := w.stranger("bob")
		silent.Password = secret.String{}
		require.NoError(w, w.SignUp(w.ctx(), silent), "nor need he say one")
		require.NoError(w, w.ConfirmSignUp(w.ctx(), secret.New(w.letter().Token()), secret.New(good)))
		w.signedIn("bob", good)
		nameless := newUser("carl")
		nameless.Password = secret.String{}
		_, err = w.CreateUser(w.ctx(), w.admin, nameless)
		require.ErrorIs(w, err, password.ErrTooShort, "who makes the account of another does")
	})
}

func TestAConfirmationOutlastsALostReply(t *testing.T) {
	onEachOpen(t, func(w *world) {
		token := secret.New(w.signsUp().Token())
		set := settings
		set.SignUp, set.Mail = SignUpOpen, sender(w.T, w.post)
		require.NoError(w, w.open(storetest.Interrupted{Store: w.Store}, set).ConfirmSignUp(w.ctx(), token, secret.New(better)))
		w.signedIn("ann", better)
	})
}
