package invites_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

// The mail says who invites whom, into what, as what, until when, and what else he has to say, as text.
func TestTheMailOfAnInvite(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		in, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, invites.NewInvite{
			Role: roles.SpaceModerator, Email: "New@here.test", Name: "Ms <i>New", Note: "Welcome!\n<b>Bring</b> pens & paper.", Send: true, TTL: 3 * day,
		})
		require.NoError(t, err)
		got := h.delivers()
		require.Len(t, got, 1)
		require.Equal(t, "New@here.test", got[0].To)
		require.Equal(t, "mod invites you to Year 7 on usher.test", got[0].Subject)
		require.Equal(t, "https://school.test/invite/"+h.space+"/"+in.ID, got[0].Link())
		for _, says := range []string{
			"Hello Ms <i>New,", "mod invites you to Year 7 on usher.test, as a moderator.", "Welcome!\n<b>Bring</b> pens & paper.", "3 days",
			h.now().Add(3 * day).Format("2 January 2006, 15:04 UTC"),
		} {
			require.Contains(t, strings.ReplaceAll(got[0].Text, "\r\n", "\n"), says)
		}
		require.Contains(t, got[0].HTML, "Hello Ms &lt;i&gt;New,")
		require.Contains(t, got[0].HTML, "&lt;b&gt;Bring&lt;/b&gt; pens &amp; paper.")
		require.Empty(t, h.delivers(), "once")
	})
}

// A mail that is of no use any more is not sent, and one that leads elsewhere by a name does not say the name.
func TestInvitesThatAreNotMailed(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.create(invites.NewInvite{Email: "a@here.test"})
		revoked := h.create(invites.NewInvite{Email: "b@here.test", Send: true})
		require.NoError(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, revoked.ID))
		gone := w.house(t)
		gone.create(invites.NewInvite{Email: "b@here.test", Send: true})
		require.NoError(t, gone.spaces.DeleteSpace(t.Context(), gone.owner, gone.space))
		require.Empty(t, h.delivers())

		_, err := h.spaces.UpdateSpace(t.Context(), h.owner, h.space, roles.SpaceUpdate{Name: "Win at evil.test"})
		require.NoError(t, err)
		h.create(invites.NewInvite{Email: "c@here.test", Send: true})
		got := h.delivers()
		require.Len(t, got, 1)
		require.NotContains(t, got[0].Raw, "evil.test")
		require.Contains(t, got[0].Text, "mod invites you to a space on usher.test.")
	})
}

// An invite that was answered for, or that somebody asks for again, has its mail and its event, wherever the server stopped.
func TestAMailIsNotLost(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for skip := 1; skip < 5; skip++ { // behind the quota: the invite, its event, the queue, the note that it is there
			h := w.house(t)
			in := invites.NewInvite{Role: roles.SpaceUser, Email: "ann@here.test", Send: true}
			h.line.does(skip, lost)
			_, err := h.desk.CreateInvite(t.Context(), h.mod, h.space, in)
			require.ErrorIs(t, err, store.ErrUnavailable)
			_, err = h.desk.CreateInvite(t.Context(), h.owner, h.space, in)
			var pending *invites.PendingError
			require.ErrorAs(t, err, &pending)
			require.Len(t, h.delivers(), 1, skip)
			_, err = h.desk.CreateInvite(t.Context(), h.owner, h.space, in)
			require.ErrorAs(t, err, &pending)
			require.Empty(t, h.delivers(), skip)
			events, _, err := h.auth.ListEvents(t.Context(), h.admin, audit.Filter{Type: audit.InviteCreated, Space: h.space}, auth.Page{Limit: 10})
			require.NoError(t, err)
			require.Len(t, events, 2, "with the moderator's own")
			require.Contains(t, []string{events[0].Actor, events[1].Actor}, h.mod.ID)
		}
	})
}

// Whoever hangs up has paid for what is sent then, and it is sent once, wherever he hangs up.
func TestHangingUpMakesNoMailFree(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.desk = invites.New(w.auth, w.spaces, invites.Settings{RoomURL: roomURL, MailPerUser: 1, MailPerWorkspace: 3})
		for skip := range 5 { // the quota, the invite, its event, the queue, the note that it is there
			for _, before := range []bool{true, false} {
				h := w.house(t)
				h.pass(day)
				ctx, stop := context.WithCancel(t.Context())
				h.line.does(skip, func(apply func() (store.Result, error)) (store.Result, error) {
					if !before {
						_, err := apply()
						require.NoError(t, err)
					}
					stop()
					return apply()
				})
				send := func(ctx context.Context, email string) error {
					_, err := h.desk.CreateInvite(ctx, h.mod, h.space, invites.NewInvite{Role: roles.SpaceUser, Email: email, Send: true})
					return err
				}
				err := send(ctx, "ann@here.test")
				require.Equal(t, skip == 0, errors.Is(err, context.Canceled), "%d: %v", skip, err)
				got := len(h.delivers())
				require.Equal(t, skip > 0, got == 1, skip)
				err = send(t.Context(), "ann@here.test")
				require.Equal(t, skip == 0 && before, err == nil, "%d: %v", skip, err)
				require.ErrorAs(t, send(t.Context(), "bob@here.test"), new(*invites.QuotaError), skip)
				require.LessOrEqual(t, got+len(h.delivers()), 1, skip)
			}
		}
	})
}

// Of a mail that was sent before it was noted that it is in the queue, because the server stopped there, it is known that
// it was sent: there is no second one.
func TestAMailThatWasSentIsNotSentAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for skip := 4; skip < 6; skip++ { // behind the batch, the quota, the invite and its event: the queue, the note
			h := w.house(t)
			h.line.does(skip, lost)
			if skip == 5 {
				h.line.does(skip, func(func() (store.Result, error)) (store.Result, error) { return store.Result{}, store.ErrUnavailable })
			}
			batch, _, err := h.desk.CreateInvites(t.Context(), h.mod, h.space, rowsOf(1))
			require.ErrorIs(t, err, store.ErrUnavailable)
			require.Equal(t, invites.Progress{Total: 1, Waiting: 1}, h.progress(batch))
			require.Len(t, h.delivers(), 1)
			require.Equal(t, invites.Progress{Total: 1, Sent: 1}, h.progress(batch))
			_, ids, outcomes := h.bulk(rowsOf(1))
			require.Equal(t, map[invites.RowOutcome]int{invites.RowPending: 1}, outcomes)
			require.Empty(t, h.delivers())
			_, err = h.desk.ResendInvite(t.Context(), h.mod, h.space, ids[0])
			require.NoError(t, err)
			require.Len(t, h.delivers(), 1, "as another mail")
		}
	})
}

// What anybody sees of an invite beforehand is whom it is from and where it leads, not whom it is for.
func TestThePreviewOfAnInvite(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		in := h.create(invites.NewInvite{Email: "ann@here.test", TTL: time.Hour})
		want := invites.InvitePreview{
			Workspace: h.owner.Workspace, Space: "Year 7", Role: roles.SpaceUser, By: "mod", Ends: h.now().Add(time.Hour), State: invites.Pending, Addressed: true,
		}
		got, err := h.desk.PreviewInvite(t.Context(), h.space, in.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
		h.pass(time.Hour)
		got, err = h.desk.PreviewInvite(t.Context(), h.space, in.ID)
		require.NoError(t, err)
		want.State = invites.Expired
		require.Equal(t, want, got)
		got, err = h.desk.PreviewInvite(t.Context(), h.space, h.create(invites.NewInvite{}).ID)
		require.NoError(t, err)
		require.False(t, got.Addressed)
		for _, at := range [][2]string{{h.space, h.auth.NewID()}, {w.house(t).space, in.ID}, {h.auth.NewID(), in.ID}, {"", ""}} {
			_, err := h.desk.PreviewInvite(t.Context(), at[0], at[1])
			require.ErrorIs(t, err, invites.ErrInviteNotFound)
		}
		require.NoError(t, h.spaces.DeleteSpace(t.Context(), h.owner, h.space))
		_, err = h.desk.PreviewInvite(t.Context(), h.space, in.ID)
		require.ErrorIs(t, err, invites.ErrInviteNotFound)
	})
}
