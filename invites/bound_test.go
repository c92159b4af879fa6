package invites_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/invites"
	"usher/roles"
)

// address gives somebody an e-mail address, verified or not.
func (w *world) address(who auth.Identity, email string, verified bool) {
	w.Helper()
	_, err := w.auth.UpdateUser(w.Context(), w.admin, who.ID, auth.UserPatch{Email: &email, EmailVerified: &verified})
	require.NoError(w, err)
}

// create makes an invite of the moderator's, to be a user of the space.
func (h *house) create(in invites.NewInvite) invites.Invite {
	h.Helper()
	in.Role = roles.SpaceUser
	made, err := h.desk.CreateInvite(h.Context(), h.mod, h.space, in)
	require.NoError(h, err)
	return made
}

// Only a verified address is anybody's; it is compared as mailboxes are, and a domain whole.
func TestWhomAnInviteIsFor(t *testing.T) {
	email := func(s string) invites.NewInvite { return invites.NewInvite{Email: s} }
	domain := func(s string) invites.NewInvite { return invites.NewInvite{Domain: s} }
	rows := []struct {
		in       invites.NewInvite
		address  string
		verified bool
		want     error
	}{
		{email("Ann@Here.test"), "ann@here.test", true, nil},
		{email("ann@here.test"), "ANN@HERE.test", true, nil},
		{email("ann@here.test"), "ann@here.test", false, invites.ErrEmailUnverified},
		{email("ann@here.test"), "anne@here.test", true, invites.ErrInviteNotForYou},
		{email("ann@here.test"), "anne@here.test", false, invites.ErrInviteNotForYou},
		{email("ann@strasse.test"), "ann@straße.test", true, invites.ErrInviteNotForYou},
		{domain("Here.test"), "ann@HERE.test", true, nil},
		{domain("here.test"), "ann@here.test", false, invites.ErrEmailUnverified},
		{domain("here.test"), "ann@there.here.test", true, invites.ErrInviteNotForYou},
		{domain("here.test"), "ann@nothere.test", true, invites.ErrInviteNotForYou},
		{domain("strasse.test"), "ann@straße.test", true, invites.ErrInviteNotForYou},
		{invites.NewInvite{}, "ann@here.test", false, nil},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			h := w.house(t)
			h.address(h.ann, row.address, row.verified)
			in := h.create(row.in)
			_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
			require.ErrorIs(t, err, row.want, "%v for %s", row.in, row.address)
		}
	})
}

// Who is not meant hears so after an invite is over, and before a ban; who has used it gets the same answer.
func TestWhenAnInviteIsForAnother(t *testing.T) {
	rows := []struct {
		name string
		do   func(h *house, in invites.Invite)
		want error
	}{
		{"expired", func(h *house, _ invites.Invite) { h.pass(7 * day) }, invites.ErrInviteExpired},
		{"revoked", func(h *house, in invites.Invite) {
			require.NoError(h, h.desk.RevokeInvite(h.Context(), h.mod, h.space, in.ID))
		}, invites.ErrInviteRevoked},
		{"used by another", func(h *house, in invites.Invite) {
			h.address(h.bob, "ann@here.test", true)
			_, err := h.desk.ActivateInvite(h.Context(), h.bob, h.space, in.ID)
			require.NoError(h, err)
			h.address(h.bob, "bob@school.test", true)
		}, invites.ErrInviteUsed},
		{"used by himself", func(h *house, in invites.Invite) {
			h.address(h.ann, "ann@here.test", true)
			_, err := h.desk.ActivateInvite(h.Context(), h.ann, h.space, in.ID)
			require.NoError(h, err)
			h.address(h.ann, "ann@there.test", true)
		}, nil},
		{"banned", func(h *house, _ invites.Invite) {
			require.NoError(h, h.spaces.SpaceBan(h.Context(), h.owner, h.space, h.ann.ID, nil, ""))
		}, invites.ErrInviteNotForYou},
		{"a role as high", func(h *house, _ invites.Invite) { h.join(h.ann, roles.SpaceModerator) }, invites.ErrInviteNotForYou},
		{"void", func(h *house, _ invites.Invite) {
			require.NoError(h, h.spaces.RemoveMember(h.Context(), h.owner, h.space, h.mod.ID, false))
		}, invites.ErrInviteNotForYou},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for _, row := range rows {
			h := w.house(t)
			h.address(h.ann, "ann@there.test", true)
			row.do(h, h.create(invites.NewInvite{Email: "ann@here.test"}))
			listed, _, err := h.desk.ListInvites(t.Context(), h.owner, h.space, "", auth.Page{Limit: 10})
			require.NoError(t, err)
			for _, in := range listed {
				if in.Email != "" {
					_, err = h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
				}
			}
			require.ErrorIs(t, err, row.want, row.name)
		}
	})
}

// What is not right in itself is refused, and the field is named.
func TestWhatNoInviteIsMadeOf(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		for _, row := range []struct {
			field string
			in    invites.NewInvite
		}{
			{"/email", invites.NewInvite{Email: "ann"}},
			{"/email", invites.NewInvite{Email: "Ann <ann@here.test>"}},
			{"/domain", invites.NewInvite{Domain: "here test"}},
			{"/domain", invites.NewInvite{Domain: "ann@here.test"}},
			{"/domain", invites.NewInvite{Domain: "[127.0.0.1]"}},
			{"/domain", invites.NewInvite{Domain: "here.test", Email: "ann@here.test"}},
			{"/maxUses", invites.NewInvite{MaxUses: 1001}},
			{"/maxUses", invites.NewInvite{MaxUses: -1}},
			{"/maxUses", invites.NewInvite{MaxUses: 2, Email: "ann@here.test"}},
			{"/send", invites.NewInvite{Send: true}},
			{"/send", invites.NewInvite{Send: true, Domain: "here.test"}},
			{"/name", invites.NewInvite{Name: " "}},
			{"/name", invites.NewInvite{Name: "Ann www.evil.test"}},
			{"/note", invites.NewInvite{Note: strings.Repeat("ä", 501)}},
			{"/note", invites.NewInvite{Note: "a\x00"}},
			{"/note", invites.NewInvite{Note: "a\u202eb"}},
		} {
			row.in.Role = roles.SpaceUser
			_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, row.in)
			var wrong *auth.FieldError
			require.ErrorAs(t, err, &wrong, "%+v", row.in)
			require.Equal(t, row.field, wrong.Field, "%+v", row.in)
		}
	})
}

// A personal note says what it likes, and leads nowhere.
func TestWhatANoteMaySay(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		for _, good := range []string{
			"", "Hello Ann,\n\nsee you at 9.30, on 24.12., in room 4.2!", "z.B. <b>so</b> & d.h. nicht anders...", "こんにちは。よろしく", "Note:bring 2 pens", strings.Repeat("ä", 500),
		} {
			in := h.create(invites.NewInvite{Note: good})
			got, err := h.desk.GetInvite(t.Context(), h.mod, h.space, in.ID)
			require.NoError(t, err)
			require.Equal(t, good, got.Note)
		}
		for _, bad := range []string{
			"http://evil.test", "HTTPS://evil", "go to evil.test", "evil.test/login", "ｅｖｉｌ．ｔｅｓｔ", "www.evil", "ann@evil", "mailto:a", "javascript:a()",
			"10.1.2.3", "ev\u200dil.te\u200dst", "мир.рф", "ftp://a", "हिन्दी.com", "मेरा.भारत",
		} {
			_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser, Note: bad})
			var wrong *auth.FieldError
			require.ErrorAs(t, err, &wrong, bad)
			require.Equal(t, "/note", wrong.Field)
			require.NotContains(t, wrong.Error(), bad)
		}
	})
}

// An address has one invite that waits in a space, however it is typed; what is over does not count.
func TestOnePendingInviteForAnAddress(t *testing.T) {
	over := map[string]func(h *house, in invites.Invite){
		"revoked": func(h *house, in invites.Invite) {
			require.NoError(h, h.desk.RevokeInvite(h.Context(), h.owner, h.space, in.ID))
		},
		"expired": func(h *house, _ invites.Invite) { h.pass(7 * day) },
		"used": func(h *house, in invites.Invite) {
			h.address(h.ann, "ann@here.test", true)
			_, err := h.desk.ActivateInvite(h.Context(), h.ann, h.space, in.ID)
			require.NoError(h, err)
		},
		"void": func(h *house, _ invites.Invite) {
			require.NoError(h, h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceUser, false))
			require.NoError(h, h.spaces.SetSpaceRole(h.Context(), h.owner, h.space, h.mod.ID, roles.SpaceModerator, false))
		},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for name, end := range over {
			h, other := w.house(t), w.house(t)
			in := h.create(invites.NewInvite{Email: "Ann@Here.test"})
			other.create(invites.NewInvite{Email: "ann@here.test"})
			h.create(invites.NewInvite{Email: "anne@here.test"})
			for _, who := range []auth.Identity{h.mod, h.owner} {
				_, err := h.desk.CreateInvite(t.Context(), who, h.space, invites.NewInvite{Role: roles.SpaceModerator, Email: "ann@HERE.test"})
				var pending *invites.PendingError
				require.ErrorAs(t, err, &pending, name)
				require.Equal(t, in.ID, pending.Invite)
				require.NotContains(t, err.Error(), "here")
			}
			require.Len(t, h.invited(10), 3, "with the moderator's own")
			end(h, in)
			again := h.create(invites.NewInvite{Email: "ann@here.test"})
			require.NotEqual(t, in.ID, again.ID, name)
		}
	})
}

func TestOnePendingInviteOfTwoHundredAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		const crowd = 200
		got := atOnce(crowd, func(int) error {
			_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser, Email: "ann@here.test"})
			return err
		})
		require.Equal(t, map[string]int{success: 1, (&invites.PendingError{}).Error(): crowd - 1}, got)
		require.Len(t, h.invited(10), 2, "with the moderator's own")
	})
}

// An invite for many admits each once, and not one more.
func TestThirtyMembersForTwoHundredUsers(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		const each = 200
		crowd, in := h.crowd(each), h.create(invites.NewInvite{MaxUses: 30})
		let := make([]bool, each)
		got := atOnce(2*each, func(i int) error { // each comes twice at once
			_, err := h.desk.ActivateInvite(t.Context(), crowd[i/2], h.space, in.ID)
			return err
		})
		require.Equal(t, map[string]int{success: 60, invites.ErrInviteUsed.Error(): 2*each - 60}, got)
		after, err := h.desk.GetInvite(t.Context(), h.mod, h.space, in.ID)
		require.NoError(t, err)
		require.Equal(t, invites.Used, after.State)
		require.Equal(t, 30, after.Uses)
		for i := range crowd {
			_, err := h.desk.ActivateInvite(t.Context(), crowd[i], h.space, in.ID)
			let[i] = err == nil
		}
		require.Equal(t, "30", fmt.Sprint(strings.Count(fmt.Sprint(let), "true")), "the same again get the same answer")
		require.ErrorIs(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, in.ID), invites.ErrInviteUsed)
	})
}

// Who used an invite for many and was removed is not let in by it again, and one that is taken back keeps whom it let in.
func TestAnInviteForManyLetsInOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		in := h.create(invites.NewInvite{MaxUses: 2})
		for range 2 {
			got, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
			require.NoError(t, err)
			require.Equal(t, invites.Membership{Space: h.space, Role: roles.SpaceUser}, got)
		}
		require.NoError(t, h.spaces.RemoveMember(t.Context(), h.owner, h.space, h.ann.ID, false))
		_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteUsed)
		after, err := h.desk.GetInvite(t.Context(), h.mod, h.space, in.ID)
		require.NoError(t, err)
		require.Equal(t, invites.Pending, after.State)
		require.Equal(t, 1, after.Uses)
		require.Empty(t, after.UsedBy)
		used, _, err := h.auth.ListEvents(t.Context(), h.admin, audit.Filter{Type: audit.InviteUsed, Space: h.space, Actor: h.ann.ID}, auth.Page{Limit: 10})
		require.NoError(t, err)
		require.Len(t, used, 1)
		require.Empty(t, used[0].Subject, "whoever reads the log could pass it on")
		require.NoError(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, in.ID))
		_, err = h.desk.ActivateInvite(t.Context(), h.bob, h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteRevoked)
	})
}
