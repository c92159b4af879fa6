package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
)

// forgets asks for a link for an address, and returns its token.
func (w *world) forgets(email string) secret.String {
	w.Helper()
	require.NoError(w, w.ForgotPassword(w.ctx(), "", email))
	got := w.letter()
	require.Contains(w, got.Link(), "https://usher.test/reset-password#token=")
	return secret.New(got.Token())
}

func TestAForgottenPasswordIsReplaced(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		phone, tablet := w.signIn("ann", good), w.signedIn("ann", good)
		require.NoError(w, w.ForgotPassword(w.ctx(), "web", "ANN@usher.test"))
		got := w.letter()
		require.Equal(w, "ann@usher.test", got.To, "as it is kept here, however it was typed")
		require.Contains(w, got.Text, "30 minutes")
		token := secret.New(got.Token())

		require.ErrorIs(w, w.ResetPassword(w.ctx(), token, secret.New("ann@usher.test")), password.ErrTooCommon, "and nothing is spent")
		require.NoError(w, w.ResetPassword(w.ctx(), token, secret.New(better)))
		w.over(tablet)
		_, err := w.refresh(phone.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		ann := w.signedIn("ann", better)
		require.Equal(w, ByVerifiedAccount, ann.How, "whoever reads the mail has the address")
		_, err = w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
		require.ErrorIs(w, err, ErrInvalidGrant)

		require.ErrorIs(w, w.ResetPassword(w.ctx(), token, secret.New(good)), ErrProof, "once")
		w.lives(ann)
		w.forward(time.Hour)
		require.Empty(w, w.delivers())
		require.Equal(w, id, ann.ID)
	})
}

func TestAResetLinkEnds(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		token := w.forgets("ann@usher.test")
		w.forward(30*time.Minute - time.Millisecond)
		require.ErrorIs(w, w.ResetPassword(w.ctx(), token, secret.New("short")), password.ErrTooShort, "it is good still")
		w.forward(time.Millisecond)
		require.ErrorIs(w, w.ResetPassword(w.ctx(), token, secret.New(better)), ErrProof)

		first := w.forgets("ann@usher.test")
		second := w.forgets("ann@usher.test")
		require.ErrorIs(w, w.ResetPassword(w.ctx(), first, secret.New(better)), ErrProof, "another has taken its place")
		_, err := w.ChangePassword(w.ctx(), w.signedIn("ann", good), secret.New(good), secret.New(better))
		require.NoError(w, err)
		require.ErrorIs(w, w.ResetPassword(w.ctx(), second, secret.New(good)), ErrProof, "there is a newer password")

		third := w.forgets("ann@usher.test")
		_, err = w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Email: new("ann@elsewhere.test")})
		require.NoError(w, err)
		require.ErrorIs(w, w.ResetPassword(w.ctx(), third, secret.New(good)), ErrProof, "the mailbox is another")

		fourth := w.forgets("ann@elsewhere.test")
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, id))
		require.ErrorIs(w, w.ResetPassword(w.ctx(), fourth, secret.New(good)), ErrProof, "who is blocked stays out")
		require.NoError(w, w.UnblockUser(w.ctx(), w.admin, id))
		require.ErrorIs(w, w.ResetPassword(w.ctx(), fourth, secret.New(good)), ErrProof)
	})
}

func TestForgottenIsNobody(t *testing.T) {
	onEach(t, func(w *world) {
		blocked := w.user("bob")
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, blocked))
		other, err := w.CreateWorkspace(w.ctx(), NewWorkspace{Name: "Another", AdminEmail: "ann@usher.test"})
		require.NoError(w, err)
		for _, email := range []string{"nobody@usher.test", "bob@usher.test", "ann@usher.test"} {
			require.NoError(w, w.ForgotPassword(w.ctx(), "web", email))
		}
		require.Empty(w, w.delivers())
		require.NoError(w, w.ForgotPassword(w.ctx(), other.PublicClient, "ann@usher.test"))
		require.Equal(w, "ann@usher.test", w.letter().To, "a workspace's own")
		require.Equal(w, &FieldError{"client_id", "no client"}, w.ForgotPassword(w.ctx(), "nobody's", "ann@usher.test"))
		require.Equal(w, &FieldError{"email", "not an e-mail address"}, w.ForgotPassword(w.ctx(), "", "ann"))
	})
}

// Whoever registers another's address before him, and waits, has nothing once the other comes.
func TestAResetDrivesOutWhoCameBefore(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("eve")
		eve := w.signIn("eve", good)
		require.NoError(w, w.RequestEmailChange(w.ctx(), w.identity(eve), "eve@evil.test", secret.New(good)))
		trap := secret.New(w.letter().Token())
		require.NoError(w, w.ResetPassword(w.ctx(), w.forgets("eve@usher.test"), secret.New(better)))
		w.over(w.identity(eve))
		require.ErrorIs(w, w.ConfirmEmailChange(w.ctx(), trap), ErrProof)
		me, err := w.GetMe(w.ctx(), w.signedIn("eve", better))
		require.NoError(w, err)
		require.Equal(w, "eve@usher.test", me.Email)
		require.True(w, me.EmailVerified)
	})
}

func TestAResetTokenIsSpentOnceByAThousand(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		token := w.forgets("ann@usher.test")
		met := atOnce(50, func(int) error { return w.ResetPassword(w.ctx(), token, secret.New(better)) })
		require.Equal(w, 1, met[nil], "%v", met)
		require.Equal(w, 50, met[nil]+met[ErrProof]+met[password.ErrBusy], "%v", met)
	})
}

// A mail that goes out again, because nobody knows whether it did, brings the token that it brought; once that was used
// it brings none.
func TestAMailThatIsRepeatedOpensNothingAgain(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		again := func(id string) {
			require.NoError(w, w.Authority.post(w.ctx(), id, errand{Purpose: toReset, Workspace: w.first.Workspace, Email: "ann@usher.test"}, time.Time{}))
		}
		id := w.NewID()
		again(id)
		first := w.letter()
		again(id)
		second := w.letter()
		require.Equal(w, first.Token(), second.Token())
		require.Equal(w, first.Header.Get("Message-ID"), second.Header.Get("Message-ID"))
		require.NoError(w, w.ResetPassword(w.ctx(), secret.New(first.Token()), secret.New(better)))
		again(id)
		require.Empty(w, w.delivers())
		require.ErrorIs(w, w.ResetPassword(w.ctx(), secret.New(first.Token()), secret.New(good)), ErrProof)
	})
}

// What waits to be sent is of no use to who reads the store, and what was sent neither.
func TestNoTokenIsStored(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		token := w.forgets("ann@usher.test")
		recs, err := w.Store.Get(w.ctx(), proofKey(id, toReset, ""))
		require.NoError(w, err)
		require.Equal(w, token.Hash(), recs[0]["hash"])
		for field, value := range recs[0] {
			require.NotContains(w, token.Reveal(), value, field)
			require.LessOrEqual(w, len(value), 64, field)
		}
		require.NotContains(w, w.log.String(), token.Reveal())
	})
}

func TestOnlyATokenOfAMailIsOne(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		ann := w.signedIn("ann", good)
		require.NoError(w, w.SendVerification(w.ctx(), ann))
		verify := w.letter().Token()
		reset := w.forgets("ann@usher.test").Reveal()
		for name, token := range map[string]string{
			"nothing": "", "garbage": "garbage", "another's": strings.Repeat("a", len(reset)), "longer": reset + "AAAA", "shorter": reset[:len(reset)-4],
			"for another purpose": verify, "a user's of nothing": w.proofToken(toReset, w.NewID(), w.NewID()).Reveal(),
			"of a mail that was not sent": w.proofToken(toReset, id, w.NewID()).Reveal(), "padded": reset + "=", "a refresh token": w.signIn("ann", good).RefreshToken.Reveal(),
		} {
			require.ErrorIs(w, w.ResetPassword(w.ctx(), secret.New(token), secret.New(better)), ErrProof, name)
		}
		require.ErrorIs(w, w.VerifyEmail(w.ctx(), secret.New(reset)), ErrProof)
		require.ErrorIs(w, w.ConfirmEmailChange(w.ctx(), secret.New(verify)), ErrProof)
		require.ErrorIs(w, w.UndoEmailChange(w.ctx(), secret.New(verify), secret.New(better)), ErrProof)
		w.lives(ann)
		require.NoError(w, w.ResetPassword(w.ctx(), secret.New(reset), secret.New(better)))
	})
}

func TestAnAddressIsVerified(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		ann := w.signedIn("ann", good)
		require.NoError(w, w.SendVerification(w.ctx(), ann))
		got := w.letter()
		require.Contains(w, got.Link(), "https://usher.test/verify-email#token=")
		w.forward(24*time.Hour - time.Millisecond)
		require.NoError(w, w.VerifyEmail(w.ctx(), secret.New(got.Token())))
		require.Equal(w, ByVerifiedAccount, w.signedIn("ann", good).How)
		require.ErrorIs(w, w.VerifyEmail(w.ctx(), secret.New(got.Token())), ErrProof, "once")
		require.ErrorIs(w, w.SendVerification(w.ctx(), w.signedIn("ann", good)), ErrVerified)

		_, err := w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Email: new("ann@elsewhere.test")})
		require.NoError(w, err)
		require.NoError(w, w.SendVerification(w.ctx(), w.signedIn("ann", good)))
		late := secret.New(w.letter().Token())
		w.forward(24 * time.Hour)
		require.ErrorIs(w, w.VerifyEmail(w.ctx(), late), ErrProof)

		require.NoError(w, w.SendVerification(w.ctx(), w.signedIn("ann", good)))
		old := secret.New(w.letter().Token())
		require.NoError(w, w.SendVerification(w.ctx(), w.signedIn("ann", good)))
		_, err = w.UpdateUser(w.ctx(), w.admin, id, UserPatch{Email: new("ann@third.test")})
		require.NoError(w, err)
		require.Empty(w, w.delivers(), "it is not the user's address any more when its turn comes")
		require.ErrorIs(w, w.VerifyEmail(w.ctx(), old), ErrProof)
		g, _ := w.guest()
		require.ErrorIs(w, w.SendVerification(w.ctx(), g), ErrWrongToken)
	})
}

func TestWithoutMailNothingIsPromised(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann := w.signedIn("ann", good)
		off := w.open(w.Store, settings)
		require.ErrorIs(w, off.ForgotPassword(w.ctx(), "", "ann@usher.test"), ErrMailOff)
		require.ErrorIs(w, off.ForgotPassword(w.ctx(), "", "nobody@usher.test"), ErrMailOff)
		require.ErrorIs(w, off.SendVerification(w.ctx(), ann), ErrMailOff)
		require.ErrorIs(w, off.RequestEmailChange(w.ctx(), ann, "ann@new.test", secret.New(good)), ErrMailOff)
		off.DeliverMail(w.ctx(), nil) // and comes back
		require.Empty(w, w.delivers())
	})
}

// What waits while the server is away is sent when it is back, and not when it has become useless.
func TestMailsWaitForTheirServer(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		w.post.Stop()
		require.NoError(w, w.ForgotPassword(w.ctx(), "", "ann@usher.test"))
		require.Empty(w, w.delivers())
		w.post.Again()
		w.forward(30 * time.Second)
		require.NoError(w, w.ResetPassword(w.ctx(), secret.New(w.letter().Token()), secret.New(better)))
		require.NoError(w, w.ForgotPassword(w.ctx(), "", "ann@usher.test"))
		w.forward(30 * time.Minute)
		require.Empty(w, w.delivers())
		dead, _, err := w.outbox.Dead(w.ctx(), "", 10)
		require.NoError(w, err)
		require.Len(w, dead, 1)
		require.Equal(w, store.Record{"purpose": "reset", "workspace": w.first.Workspace, "email": "ann@usher.test"}, dead[0].What)
	})
}
