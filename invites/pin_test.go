package invites_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
)

var (
	pin      = secret.New("4711")
	wrongPIN = secret.New("4712")
	guarded  = invites.NewLink{MaxUses: 3, PIN: pin}
)

// comes is a redemption with a PIN.
func (h *house) comes(of ticket, key, pin secret.String) error {
	_, err := h.desk.Redeem(h.Context(), of.token, key, pin)
	return err
}

// read is a link as those see it who manage it.
func (h *house) read(of ticket) invites.Link {
	h.Helper()
	link, err := h.desk.GetLink(h.Context(), h.mod, h.space, h.room, of.ID)
	require.NoError(h, err)
	return link
}

// A newcomer says the PIN. Who sits there is asked no more, and a right PIN forgives the wrong ones before it.
func TestAPIN(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(guarded)
		require.ErrorIs(t, h.comes(of, laptop, noPIN), invites.ErrPINRequired)
		require.Zero(t, h.read(of).PINFailures, "to say none is no guess")
		for i := range 9 {
			require.ErrorIs(t, h.comes(of, laptop, wrongPIN), invites.ErrPINWrong)
			require.Equal(t, i+1, h.read(of).PINFailures)
		}
		require.Zero(t, h.read(of).Taken())
		require.NoError(t, h.comes(of, laptop, pin))
		require.Zero(t, h.read(of).PINFailures)
		h.lives(h.seat(of, laptop))
		require.NoError(t, h.comes(of, laptop, wrongPIN), "nobody looks at it")
		require.ErrorIs(t, h.comes(of, phone, noPIN), invites.ErrPINRequired)
		open := h.link(oneTime)
		require.NoError(t, h.comes(open, laptop, pin), "where none is asked for, one does no harm")
	})
}

// The tenth wrong PIN keeps newcomers out for a quarter of an hour, the right one or not. Who sits there stays, and
// whoever manages the link is told, by the link and, once, by the audit log.
func TestTenWrongPINs(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(guarded)
		require.NoError(t, h.comes(of, laptop, pin))
		g := h.seat(of, laptop)
		for range invites.MaxPINFailures {
			require.ErrorIs(t, h.comes(of, phone, wrongPIN), invites.ErrPINWrong)
		}
		until := h.now().Add(invites.PINPause)
		require.Equal(t, until, h.read(of).PINPaused)
		require.Equal(t, invites.MaxPINFailures, h.read(of).PINFailures)
		h.pass(invites.PINPause - time.Millisecond)
		for _, said := range []secret.String{pin, wrongPIN, noPIN} {
			err := h.comes(of, phone, said)
			require.ErrorIs(t, err, invites.ErrPINPaused)
			var wait *invites.WaitError
			require.ErrorAs(t, err, &wait)
			require.Equal(t, until, wait.Until)
		}
		h.lives(g)
		h.lives(h.seat(of, laptop))
		require.Equal(t, 1, h.events(audit.LinkPINPaused, of.ID))

		h.pass(time.Millisecond)
		require.True(t, h.read(of).PINPaused.IsZero())
		require.ErrorIs(t, h.comes(of, phone, wrongPIN), invites.ErrPINWrong)
		require.Equal(t, 1, h.read(of).PINFailures, "it begins anew")
		for range invites.MaxPINFailures - 1 {
			require.ErrorIs(t, h.comes(of, phone, wrongPIN), invites.ErrPINWrong)
		}
		require.ErrorIs(t, h.comes(of, phone, pin), invites.ErrPINPaused)
		require.Equal(t, 2, h.events(audit.LinkPINPaused, of.ID))
		h.pass(invites.PINPause)
		require.NoError(t, h.comes(of, phone, pin))
	})
}

// Where the audit log is away when the pause begins, whoever meets the pause has it recorded.
func TestAPauseIsRecordedInTheEnd(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(guarded)
		for range invites.MaxPINFailures - 1 {
			require.ErrorIs(t, h.comes(of, phone, wrongPIN), invites.ErrPINWrong)
		}
		h.line.does(1, func(func() (store.Result, error)) (store.Result, error) { return store.Result{}, store.ErrUnavailable })
		require.ErrorIs(t, h.comes(of, phone, wrongPIN), store.ErrUnavailable)
		require.Zero(t, h.events(audit.LinkPINPaused, of.ID))
		for range 2 {
			require.ErrorIs(t, h.comes(of, phone, pin), invites.ErrPINPaused)
		}
		require.Equal(t, 1, h.events(audit.LinkPINPaused, of.ID))
	})
}

// events is how many events of a type the audit log has of something.
func (h *house) events(what audit.Type, subject string) int {
	h.Helper()
	found, _, err := h.auth.ListEvents(h.Context(), h.admin, audit.Filter{Type: what, Subject: subject}, auth.Page{Limit: 100})
	require.NoError(h, err)
	return len(found)
}

// Of a thousand guesses at once ten are answered, also after a pause, and whether or not one of them is right; a class
// of a hundred that knows the PIN comes in at once.
func TestGuessingAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(guarded)
		for range 2 {
			got := atOnce(many, func(int) error { return h.comes(of, laptop, wrongPIN) })
			require.Equal(t, map[string]int{
				invites.ErrPINWrong.Error(): invites.MaxPINFailures, invites.ErrPINPaused.Error(): many - invites.MaxPINFailures,
			}, got)
			h.pass(invites.PINPause)
		}
		require.Equal(t, 2, h.events(audit.LinkPINPaused, of.ID))

		class := h.link(invites.NewLink{MaxUses: 100, PIN: pin})
		got := atOnce(100, func(i int) error { return h.comes(class, keyOf(i), pin) })
		require.Equal(t, map[string]int{success: 100}, got)

		// A right one among them counts on as little as the wrong ones: what stood behind ten is not answered.
		mixed := h.link(guarded)
		var right atomic.Int64
		got = atOnce(200, func(i int) error {
			if i%20 != 7 {
				return h.comes(mixed, keyOf(i), secret.New(fmt.Sprintf("%04d", i)))
			}
			err := h.comes(mixed, keyOf(i), pin)
			if err == nil {
				right.Add(1)
			}
			return err
		})
		require.LessOrEqual(t, got[invites.ErrPINWrong.Error()], invites.MaxPINFailures*(int(right.Load())+1))
	})
}

// A right PIN that comes in the line behind ten wrong ones is not answered, although there were none when it was read.
func TestARightPINThatIsOvertaken(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(guarded)
		h.line.does(0, overtakes(func() {
			for range invites.MaxPINFailures {
				require.ErrorIs(t, h.comes(of, phone, wrongPIN), invites.ErrPINWrong)
			}
		}))
		require.ErrorIs(t, h.comes(of, laptop, pin), invites.ErrPINPaused)
		require.Zero(t, h.read(of).Taken())
	})
}

// A PIN that is wrong is not told where the link is over, and nothing is counted: what the link is comes first.
func TestAPINAtALinkThatIsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		early := h.link(invites.NewLink{PIN: pin, NotBefore: h.now().Add(time.Hour)})
		require.ErrorIs(t, h.comes(early, laptop, wrongPIN), invites.ErrLinkEarly)
		of := h.link(guarded)
		h.line.does(0, overtakes(func() { h.pause(of.ID, true) }))
		require.ErrorIs(t, h.comes(of, laptop, wrongPIN), invites.ErrLinkPaused)
		require.Zero(t, h.read(of).PINFailures)
		h.pause(of.ID, false)
		require.NoError(t, h.spaces.RemoveMember(t.Context(), h.owner, h.space, h.mod.ID, false))
		require.ErrorIs(t, h.comes(of, laptop, wrongPIN), invites.ErrLinkRevoked)
	})
}
