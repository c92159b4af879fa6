package invites_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/invites"
	"usher/roles"
)

// patch changes a link as the moderator.
func (h *house) patch(of ticket, patch invites.LinkPatch) (invites.Link, error) {
	return h.desk.UpdateLink(h.Context(), h.mod, h.space, h.room, of.ID, patch)
}

func (h *house) patched(of ticket, patch invites.LinkPatch) invites.Link {
	h.Helper()
	link, err := h.patch(of, patch)
	require.NoError(h, err)
	return link
}

// wrongField asserts that an error is about a field.
func wrongField(t testing.TB, err error, field string) {
	t.Helper()
	var wrong *auth.FieldError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, field, wrong.Field)
}

// Each field is changed alone, what is left out stays, and the bounds are those of a new link.
func TestWhatAPatchChanges(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{MaxUses: 2, Note: strings.Repeat("long ", 30), PIN: pin})
		want := h.read(of)
		for _, row := range []struct {
			patch invites.LinkPatch
			does  func()
		}{
			{invites.LinkPatch{Note: new(" short ")}, func() { want.Note = "short" }},
			{invites.LinkPatch{Username: new("Jane")}, func() { want.Username = "Jane" }},
			{invites.LinkPatch{MaxUses: new(5)}, func() { want.MaxUses, want.Left = 5, 5 }},
			{invites.LinkPatch{NotBefore: new(h.now().Add(time.Hour))}, func() {
				want.NotBefore, want.State = h.now().Add(time.Hour), invites.Early
			}},
			{invites.LinkPatch{TTL: new(time.Minute)}, func() { want.Ends = h.now().Add(time.Hour + time.Minute) }},
			{invites.LinkPatch{NotBefore: new(h.now())}, func() { want.NotBefore, want.State = time.Time{}, invites.Live }},
			{invites.LinkPatch{PIN: new(noPIN), Note: new("")}, func() { want.PIN, want.Note = "", "" }},
			{invites.LinkPatch{Paused: new(true)}, func() { want.Paused, want.State = h.now(), invites.Paused }},
		} {
			got := h.patched(of, row.patch)
			row.does()
			require.NotEqual(t, want.Rev, got.Rev)
			want.Rev = got.Rev
			require.Equal(t, want, got)
		}
		for field, patch := range map[string]invites.LinkPatch{
			"/ttl": {TTL: new(time.Second)}, "username": {Username: new(" ")}, "/note": {Note: new("a\nb")},
			"/notBefore": {NotBefore: new(h.now().Add(91 * day))}, "/maxUses": {MaxUses: new(1001)}, "/pin": {PIN: new(secret.New("123"))},
			"/moveSeat": {MoveSeat: h.auth.NewID()},
		} {
			_, err := h.patch(of, patch)
			wrongField(t, err, field)
		}
		_, err := h.patch(of, invites.LinkPatch{NotBefore: new(want.Ends)})
		wrongField(t, err, "/notBefore")
		_, err = h.patch(h.link(permanent), invites.LinkPatch{MaxUses: new(5)})
		wrongField(t, err, "/maxUses")
		require.Equal(t, want, h.read(of), "what is refused changes nothing")
	})
}

// A link whose issuer fell is over for good: nothing changes it, also where he falls meanwhile.
func TestALinkWhoseIssuerFellIsNotChanged(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ttl, on := time.Hour, true
		patches := func(patch func(guest) invites.LinkPatch) func(*house, ticket, guest) error {
			return func(h *house, of ticket, g guest) error {
				_, err := h.desk.UpdateLink(t.Context(), h.owner, h.space, h.room, of.ID, patch(g))
				return err
			}
		}
		for _, changes := range []func(*house, ticket, guest) error{
			patches(func(guest) invites.LinkPatch { return invites.LinkPatch{TTL: &ttl} }),
			patches(func(guest) invites.LinkPatch { return invites.LinkPatch{Paused: &on} }),
			patches(func(g guest) invites.LinkPatch { return invites.LinkPatch{MoveSeat: g.ID} }),
			func(h *house, of ticket, _ guest) error {
				_, _, err := h.desk.ReplaceLink(t.Context(), h.owner, h.space, h.room, of.ID)
				return err
			},
		} {
			h := w.house(t)
			of := h.link(permanent)
			g := h.seat(of, laptop)
			h.line.does(0, overtakes(func() { h.grant(h.mod, roles.RoomUser) }))
			for range 2 {
				require.ErrorIs(t, changes(h, of, g), invites.ErrLinkRevoked)
			}
		}
	})
}

// There are never fewer places than were taken, and one more is one more, also while a class comes.
func TestChangingHowManySeats(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{MaxUses: 3})
		first := h.seat(of, keyOf(0))
		h.seat(of, keyOf(1))
		_, err := h.patch(of, invites.LinkPatch{MaxUses: new(1)})
		wrongField(t, err, "/maxUses")
		require.Equal(t, invites.Used, h.patched(of, invites.LinkPatch{MaxUses: new(2)}).State)
		h.lives(first)
		require.ErrorIs(t, h.comes(of, keyOf(2), noPIN), invites.ErrLinkUsed)

		class := h.link(invites.NewLink{MaxUses: 20})
		got := atOnce(101, func(i int) error {
			if i == 50 {
				_, err := h.patch(class, invites.LinkPatch{MaxUses: new(60)})
				return err
			}
			return h.comes(class, keyOf(i), noPIN)
		})
		require.Equal(t, 101, got[success]+got[invites.ErrLinkUsed.Error()], got)
		late := atOnce(100, func(i int) error { return h.comes(class, keyOf(1000+i), noPIN) })
		require.Equal(t, 60, got[success]-1+late[success], "exactly as many as there are in the end")
		h.taken(class, 60)

		shrinking := h.link(invites.NewLink{MaxUses: 60})
		h.line.does(0, overtakes(func() {
			for i := range 31 {
				h.seat(shrinking, keyOf(i))
			}
		}))
		_, err = h.patch(shrinking, invites.LinkPatch{MaxUses: new(30)})
		wrongField(t, err, "/maxUses")
		h.taken(shrinking, 31)
	})
}

// A new name is that of the link and of its seats: the session goes on, and its next room token says it. Who comes while
// it is given has it, too.
func TestRenamingALink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{MaxUses: 3})
		g := h.seat(of, laptop)
		h.patched(of, invites.LinkPatch{Username: new("Jane Doe")})
		h.named(g, "Jane Doe")
		require.Equal(t, g.ID, h.seat(of, laptop).ID)
		require.Equal(t, "Jane Doe", h.seat(of, phone).Username)

		late := secret.New("late-late-late-late-late")
		h.line.does(0, overtakes(func() { h.patched(of, invites.LinkPatch{Username: new("Joan")}) }))
		h.named(h.seat(of, late), "Joan")
	})
}

func (h *house) named(g guest, name string) {
	h.Helper()
	seat, _, err := h.desk.GetSeat(h.Context(), g.who)
	require.NoError(h, err)
	require.Equal(h, name, seat.Username)
	pass, err := h.spaces.Join(h.Context(), g.who, h.space, h.room)
	require.NoError(h, err)
	require.Equal(h, name, pass.Name)
}

// A newly set PIN is what newcomers are asked for, and a pause is over with the old one; also for who has read the link
// before.
func TestChangingThePIN(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(guarded)
		for range invites.MaxPINFailures {
			require.ErrorIs(t, h.comes(of, phone, wrongPIN), invites.ErrPINWrong)
		}
		h.pause(of.ID, false)
		require.ErrorIs(t, h.comes(of, phone, pin), invites.ErrPINPaused, "another change ends no pause")
		h.patched(of, invites.LinkPatch{PIN: &wrongPIN})
		require.Zero(t, h.read(of).PINFailures)
		require.ErrorIs(t, h.comes(of, phone, pin), invites.ErrPINWrong)
		require.NoError(t, h.comes(of, phone, wrongPIN))
		h.line.does(0, overtakes(func() { h.patched(of, invites.LinkPatch{PIN: &pin}) }))
		require.ErrorIs(t, h.comes(of, laptop, wrongPIN), invites.ErrPINWrong)
		h.line.does(0, overtakes(func() { require.ErrorIs(t, h.comes(of, laptop, wrongPIN), invites.ErrPINWrong) }))
		require.Equal(t, 2, h.patched(of, invites.LinkPatch{Note: new("x")}).PINFailures, "and counts on meanwhile")
		h.patched(of, invites.LinkPatch{PIN: &noPIN})
		require.NoError(t, h.comes(of, laptop, noPIN))
	})
}

// A seat is moved: the session and the key that had it are over, and the next newcomer has its place, one of however many
// come at once. Repeated it changes nothing, and it does not undo a kick.
func TestMovingASeat(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		old := h.seat(of, laptop)
		require.Equal(t, old.ID, h.read(of).Seat)
		require.Equal(t, invites.Live, h.patched(of, invites.LinkPatch{MoveSeat: old.ID}).State)
		h.dead(old)
		require.ErrorIs(t, h.comes(of, laptop, noPIN), invites.ErrLinkUsed, "it is another's now")
		got := atOnce(100, func(i int) error { return h.comes(of, keyOf(i), noPIN) })
		require.Equal(t, map[string]int{success: 1, invites.ErrLinkUsed.Error(): 99}, got)
		h.patched(of, invites.LinkPatch{MoveSeat: old.ID})
		h.taken(of, 1)
		require.NotEqual(t, old.ID, h.read(of).Seat)
		require.ErrorIs(t, h.comes(of, laptop, noPIN), invites.ErrLinkUsed)
		require.Equal(t, 2, h.events(audit.SeatMoved, old.ID))

		class := h.link(permanent)
		kicked, stays := h.seat(class, laptop), h.seat(class, phone)
		require.NoError(t, h.spaces.Kick(t.Context(), h.owner, h.space, h.room, kicked.ID))
		for _, wrong := range []string{kicked.ID, h.read(of).Seat} {
			_, err := h.patch(class, invites.LinkPatch{MoveSeat: wrong})
			wrongField(t, err, "/moveSeat")
		}
		got = atOnce(50, func(int) error { _, err := h.patch(class, invites.LinkPatch{MoveSeat: stays.ID}); return err })
		require.Equal(t, map[string]int{success: 50}, got)
		h.taken(class, 0)
		require.Empty(t, h.read(class).Seat)
		both := h.seat(class, keyOf(0))
		h.line.does(0, overtakes(func() {
			require.NoError(t, h.spaces.Kick(t.Context(), h.owner, h.space, h.room, both.ID))
		}))
		_, err := h.patch(class, invites.LinkPatch{MoveSeat: both.ID})
		wrongField(t, err, "/moveSeat")
		h.taken(class, 0)
	})
}

// A link gets another address: the one before leads nowhere at once, also for who has read the link before, and those
// who sit there stay.
func TestReplacingALink(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{MaxUses: 2, PIN: pin})
		require.NoError(t, h.comes(of, laptop, pin))
		g := h.seat(of, laptop)
		found := of
		replace := func() {
			link, location, err := h.desk.ReplaceLink(t.Context(), h.owner, h.space, h.room, of.ID)
			require.NoError(t, err)
			require.Equal(t, of.ID, link.ID)
			found.token = tokenIn(t, location)
		}
		for _, key := range []secret.String{laptop, phone} {
			last := found
			h.line.does(0, overtakes(replace))
			require.ErrorIs(t, h.comes(last, key, pin), invites.ErrLinkUnknown)
		}
		_, err := h.desk.Preview(t.Context(), of.token)
		require.ErrorIs(t, err, invites.ErrLinkUnknown)
		h.lives(g)
		require.Equal(t, g.ID, h.seat(found, laptop).ID)
		require.ErrorIs(t, h.comes(found, phone, noPIN), invites.ErrPINRequired)
		require.NoError(t, h.comes(found, phone, pin))
		h.taken(of, 2)
		require.Equal(t, 2, h.events(audit.LinkReplaced, of.ID))

		h.grant(h.mod, roles.RoomUser)
		_, _, err = h.desk.ReplaceLink(t.Context(), h.owner, h.space, h.room, of.ID)
		require.ErrorIs(t, err, invites.ErrLinkRevoked, "its issuer fell")
	})
}
