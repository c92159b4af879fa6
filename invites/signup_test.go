package invites_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/invites"
	"usher/roles"
)

const newcomersPassword = "correct horse 7 newcomer"

// signsUp asks for an account as whoever has this address.
func (h *house) signsUp(email, space, invite string) error {
	h.Helper()
	return h.desk.SignUp(h.Context(), auth.Stranger{NewUser: auth.NewUser{
		Email: email, Username: "newcomer", Password: secret.New("what a stranger likes"),
	}, Client: h.client}, space, invite)
}

// Whoever holds an invite to his address signs up by it where strangers don't, and is led back to it, and in.
func TestWhoIsInvitedSignsUp(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		in := h.create(invites.NewInvite{Email: "New@there.test"})
		require.NoError(t, h.signsUp("new@There.test", h.space, in.ID))
		got := h.posts(h.auth.DeliverMail)
		require.Len(t, got, 1)
		token, back, _ := strings.Cut(got[0].Token(), "&back=")
		require.Equal(t, "/invite/"+h.space+"/"+in.ID, back)
		h.open(auth.SignUpAdmins)
		require.ErrorIs(t, h.auth.ConfirmSignUp(t.Context(), secret.New(token), secret.New(newcomersPassword)), auth.ErrProof, "administrators alone make users by now")
		h.open(auth.SignUpUsers)
		require.NoError(t, h.desk.ConfirmSignUp(t.Context(), secret.New(token), secret.New(newcomersPassword)))
		newcomer := h.signIn("new@there.test", secret.New(newcomersPassword))
		require.Equal(t, auth.ByVerifiedAccount, newcomer.How)
		_, err := h.desk.ActivateInvite(t.Context(), newcomer, h.space, in.ID)
		require.NoError(t, err)
		require.Equal(t, roles.SpaceUser, h.role(newcomer))
	})
}

// Whose invite was taken back before he used the mail's link is a stranger, who makes no account here.
func TestWhoIsNoLongerInvitedMakesNoAccount(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		confirms := func() error {
			token, _, _ := strings.Cut(h.posts(h.auth.DeliverMail)[0].Token(), "&back=")
			return h.desk.ConfirmSignUp(t.Context(), secret.New(token), secret.New(newcomersPassword))
		}
		for name, ends := range map[string]func(invites.Invite) error{
			"revoked": func(in invites.Invite) error { return h.desk.RevokeInvite(t.Context(), h.mod, h.space, in.ID) },
			"expired": func(invites.Invite) error { h.pass(time.Hour); return nil },
		} {
			in := h.create(invites.NewInvite{Email: name + "@there.test", TTL: time.Hour})
			require.NoError(t, h.signsUp(name+"@there.test", h.space, in.ID))
			require.NoError(t, ends(in))
			require.ErrorIs(t, confirms(), auth.ErrProof, name)
		}
		require.ErrorIs(t, h.desk.ConfirmSignUp(t.Context(), secret.New("unheard of"), secret.New(newcomersPassword)), auth.ErrProof)
	})
}

// Any other invite is as good as none, and the answer says nothing of whom it is for.
func TestWhoIsNotInvitedIsAStranger(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h, other := w.house(t), w.house(t)
		bound := h.create(invites.NewInvite{Email: "new@there.test"})
		revoked := h.create(invites.NewInvite{Email: "revoked@there.test"})
		require.NoError(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, revoked.ID))
		rows := map[string]struct{ email, space, invite string }{
			"none":             {"new@there.test", "", ""},
			"no ids":           {"new@there.test", "x", "y"},
			"another address":  {"news@there.test", h.space, bound.ID},
			"another mailbox":  {"new@strasse.test", h.space, h.create(invites.NewInvite{Email: "new@straße.test"}).ID},
			"of another space": {"new@there.test", other.space, bound.ID},
			"revoked":          {"revoked@there.test", h.space, revoked.ID},
			"to a domain":      {"new@there.test", h.space, h.create(invites.NewInvite{Domain: "there.test"}).ID},
			"to anybody":       {"new@there.test", h.space, h.create(invites.NewInvite{}).ID},
		}
		for name, row := range rows {
			require.ErrorIs(t, h.signsUp(row.email, row.space, row.invite), auth.ErrSignUpClosed, name)
		}
		h.open(auth.SignUpAdmins)
		require.ErrorIs(t, h.signsUp("new@there.test", h.space, bound.ID), auth.ErrSignUpClosed)
		h.open(auth.SignUpOpen)
		for name, row := range rows {
			require.ErrorIs(t, h.signsUp(row.email, row.space, row.invite), auth.ErrCaptchaMissing, name)
		}
		require.NoError(t, h.signsUp("new@there.test", h.space, bound.ID), "whoever is invited needs no captcha")
		h.pass(8 * day)
		h.open(auth.SignUpUsers)
		require.ErrorIs(t, h.signsUp("new@there.test", h.space, bound.ID), auth.ErrSignUpClosed, "expired")
	})
}
