package invites_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/mailtest"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/invites"
	"usher/roles"
)

// rowsOf are so many rows, each with an address of its own.
func rowsOf(n int) invites.NewInvites {
	in := invites.NewInvites{Rows: make([]invites.Row, n)}
	for i := range in.Rows {
		in.Rows[i] = invites.Row{Email: fmt.Sprintf("pupil%d@here.test", i), Role: roles.SpaceUser, Name: fmt.Sprint("Pupil ", i)}
	}
	return in
}

// bulk invites many, and counts the outcomes.
func (h *house) bulk(in invites.NewInvites) (batch string, ids []string, outcomes map[invites.RowOutcome]int) {
	h.Helper()
	batch, rows, err := h.desk.CreateInvites(h.Context(), h.mod, h.space, in)
	require.NoError(h, err)
	outcomes = map[invites.RowOutcome]int{}
	for _, r := range rows {
		ids = append(ids, r.Invite)
		outcomes[r.Outcome]++
	}
	return batch, ids, outcomes
}

func (h *house) progress(batch string) invites.Progress {
	h.Helper()
	p, err := h.desk.Progress(h.Context(), h.mod, h.space, batch)
	require.NoError(h, err)
	return p
}

func (h *house) deliversAll() (all []mailtest.Letter) {
	h.Helper()
	for more := h.delivers(); len(more) > 0; more = h.delivers() {
		all = append(all, more...)
	}
	return all
}

// Each row is answered by itself, in its place.
func TestWhatBecomesOfARow(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.address(h.ann, "ann@here.test", true)
		h.join(h.ann, roles.SpaceUser)
		h.address(h.bob, "bob@here.test", false)
		h.join(h.bob, roles.SpaceUser)
		waits := h.create(invites.NewInvite{Email: "waits@here.test"})
		batch, rows, err := h.desk.CreateInvites(t.Context(), h.mod, h.space, invites.NewInvites{TTL: day, Note: "Welcome!", Rows: []invites.Row{
			{Email: "New@here.test", Role: roles.SpaceUser, Name: "New"},
			{Email: "waits@HERE.test", Role: roles.SpaceModerator},
			{Email: "ann@here.test", Role: roles.SpaceUser},
			{Email: "bob@here.test", Role: roles.SpaceUser}, // who has not shown that it is his
			{Email: "not one", Role: roles.SpaceUser},
			{Email: "", Role: roles.SpaceUser},
			{Email: "a@here.test", Role: roles.SpaceOwner},
			{Email: "b@here.test", Role: roles.SpaceUser, Name: "www.evil.test"},
			{Email: "new@here.test", Role: roles.SpaceUser, Name: "New again"},
		}})
		require.NoError(t, err)
		for i, want := range []invites.RowResult{
			{Outcome: invites.RowCreated},
			{Outcome: invites.RowPending, Invite: waits.ID},
			{Outcome: invites.RowMember},
			{Outcome: invites.RowCreated},
			{Outcome: invites.RowInvalid, Why: &auth.FieldError{Field: "/email"}},
			{Outcome: invites.RowInvalid, Why: &auth.FieldError{Field: "/email"}},
			{Outcome: invites.RowInvalid, Why: &auth.FieldError{Field: "/role"}},
			{Outcome: invites.RowInvalid, Why: &auth.FieldError{Field: "/name"}},
			{Outcome: invites.RowPending, Invite: rows[0].Invite},
		} {
			require.Equal(t, want.Outcome, rows[i].Outcome, i)
			wrong, _ := errors.AsType[*auth.FieldError](rows[i].Why)
			if named, ok := errors.AsType[*auth.FieldError](want.Why); ok {
				require.Equal(t, named.Field, wrong.Field, i)
			}
			if want.Outcome == invites.RowPending {
				require.Equal(t, want.Invite, rows[i].Invite, i)
			}
		}
		in, err := h.desk.GetInvite(t.Context(), h.mod, h.space, rows[0].Invite)
		require.NoError(t, err)
		require.Equal(t, []any{"New@here.test", "New", "Welcome!", h.now().Add(day)}, []any{in.Email, in.Name, in.Note, in.Ends})
		require.Equal(t, invites.Progress{Total: 2, Waiting: 2}, h.progress(batch))
		require.Len(t, h.deliversAll(), 2)
		require.Equal(t, invites.Progress{Total: 2, Sent: 2}, h.progress(batch))
		_, err = h.desk.Progress(t.Context(), h.mod, h.space, h.auth.NewID())
		require.ErrorIs(t, err, invites.ErrBatchNotFound)
		_, err = h.desk.Progress(t.Context(), h.ann, h.space, batch)
		require.ErrorIs(t, err, roles.ErrForbidden)
		_, _, err = h.desk.CreateInvites(t.Context(), h.ann, h.space, rowsOf(1))
		require.ErrorIs(t, err, roles.ErrForbidden)
		for field, in := range map[string]invites.NewInvites{"/rows": rowsOf(1001), "/note": {Note: "www.evil"}, "/expiresIn": {TTL: -1}} {
			_, _, err = h.desk.CreateInvites(t.Context(), h.mod, h.space, in)
			var wrong *auth.FieldError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, field, wrong.Field)
		}
	})
}

// A request that comes again creates nothing twice, also where it was stopped at any place: then it is completed.
func TestABatchThatComesAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for skip := range 12 {
			h := w.house(t)
			h.pass(day) // a payment whose reply was lost counts, and these are the same three addresses
			in := rowsOf(3)
			h.line.does(skip, lost)
			_, _, err := h.desk.CreateInvites(t.Context(), h.mod, h.space, in)
			require.ErrorIs(t, err, store.ErrUnavailable, skip)
			batch, ids, _ := h.bulk(in)
			again, same, outcomes := h.bulk(in)
			require.Equal(t, map[invites.RowOutcome]int{invites.RowPending: 3}, outcomes)
			require.Equal(t, batch, again)
			require.Equal(t, ids, same)
			require.Equal(t, invites.Progress{Total: 3, Waiting: 3}, h.progress(batch), skip)
			require.Len(t, h.deliversAll(), 3, skip)
			require.Equal(t, invites.Progress{Total: 3, Sent: 3}, h.progress(batch))
			h.bulk(in)
			require.Empty(t, h.deliversAll())
			events, _, err := h.auth.ListEvents(t.Context(), h.admin, audit.Filter{Type: audit.InviteCreated, Space: h.space}, auth.Page{Limit: 10})
			require.NoError(t, err)
			require.Len(t, events, 4, "with the moderator's own")
		}
	})
}

// The progress is exact, whoever asks: what was refused is told apart, another server says the same, and a batch that
// comes again when its invites have ended begins anew.
func TestTheProgressOfABatch(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		batch, ids, outcomes := h.bulk(rowsOf(20))
		require.Equal(t, map[invites.RowOutcome]int{invites.RowCreated: 20}, outcomes)
		require.NoError(t, h.desk.RevokeInvite(t.Context(), h.mod, h.space, ids[7]))
		require.Len(t, h.deliversAll(), 19)
		h.desk = invites.New(h.auth, h.spaces, invites.Settings{MailPerUser: 100, MailPerWorkspace: 100})
		require.Equal(t, invites.Progress{Total: 20, Sent: 19, Failed: 1}, h.progress(batch))
		h.pass(8 * day)
		again, _, outcomes := h.bulk(rowsOf(20))
		require.Equal(t, map[invites.RowOutcome]int{invites.RowCreated: 20}, outcomes)
		require.Equal(t, batch, again)
		require.Equal(t, invites.Progress{Total: 20, Waiting: 20}, h.progress(batch))
		require.Len(t, h.deliversAll(), 20)
		require.Equal(t, invites.Progress{Total: 20, Sent: 20}, h.progress(batch))
	})
}

// What is not in the queue yet, because the server stopped there, waits.
func TestTheProgressOfABatchThatWasStopped(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		h.line.does(3, lost) // the event, behind the batch, the quota and the invite
		batch, _, err := h.desk.CreateInvites(t.Context(), h.mod, h.space, rowsOf(1))
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.Empty(t, h.deliversAll())
		require.Equal(t, invites.Progress{Total: 1, Waiting: 1}, h.progress(batch))
	})
}

// Rows beyond the day's quota say so, and are completed on the next day.
func TestABatchBeyondTheQuota(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.desk = invites.New(w.auth, w.spaces, invites.Settings{MailPerUser: 12, MailPerWorkspace: 100})
		h := w.house(t)
		for range 2 {
			_, _, outcomes := h.bulk(rowsOf(20))
			require.Equal(t, 8, outcomes[invites.RowRefused])
		}
		h.pass(day)
		batch, _, outcomes := h.bulk(rowsOf(20))
		require.Equal(t, map[invites.RowOutcome]int{invites.RowPending: 12, invites.RowCreated: 8}, outcomes)
		require.Len(t, h.deliversAll(), 20)
		require.Equal(t, invites.Progress{Total: 20, Sent: 20}, h.progress(batch))
	})
}

// BenchmarkInvites is the longest list that is taken.
func BenchmarkInvites(b *testing.B) {
	for _, again := range []bool{false, true} {
		b.Run(fmt.Sprintf("again=%v", again), func(b *testing.B) {
			storetest.Engines(b, func(b *testing.B, s store.Store) {
				w := newWorld(b, s, newClock())
				w.desk = invites.New(w.auth, w.spaces, invites.Settings{MailPerUser: 1 << 30, MailPerWorkspace: 1 << 30})
				for b.Loop() {
					b.StopTimer()
					h := w.house(b)
					if again {
						h.bulk(rowsOf(invites.MaxRows))
					}
					b.StartTimer()
					h.bulk(rowsOf(invites.MaxRows))
				}
				b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(time.Second.Milliseconds()), "s/list")
			})
		})
	}
}
