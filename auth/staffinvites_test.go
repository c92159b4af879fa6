package auth

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// invited is the token of the mail that invites somebody to a role.
func (w *world) invited(email string, role WorkspaceRole) secret.String {
	w.Helper()
	require.NoError(w, w.InviteStaff(w.ctx(), w.admin, email, role))
	got := w.letter()
	require.Equal(w, email, got.To)
	require.Contains(w, got.Link(), "https://usher.test/join-staff#token=")
	return secret.New(got.Token())
}

// staff are those who have a role, by their addresses, and those who wait for one.
func (w *world) staff() (has, waits map[string]WorkspaceRole) {
	w.Helper()
	has, waits = map[string]WorkspaceRole{}, map[string]WorkspaceRole{}
	all, err := w.ListStaff(w.ctx(), w.admin)
	require.NoError(w, err)
	for _, u := range all {
		has[u.Email] = u.Role
	}
	invites, err := w.ListStaffInvites(w.ctx(), w.admin)
	require.NoError(w, err)
	for _, in := range invites {
		waits[in.Email] = in.Role
	}
	return has, waits
}

type staffed = map[string]WorkspaceRole

// Whoever reads the mail makes the account, whoever else may sign up here, and has the role.
func TestStaffIsInvitedByMail(t *testing.T) {
	onEach(t, func(w *world) {
		token := w.invited("ann@usher.test", Support)
		has, waits := w.staff()
		require.Equal(w, staffed{"admin@usher.test": Admin}, has)
		require.Equal(w, staffed{"ann@usher.test": Support}, waits)
		w.refusesSignIn("ann@usher.test")
		w.forward(7*24*time.Hour - time.Second)
		w.admin = w.signedIn("admin@usher.test", good)
		closed := settings
		closed.SignUp = SignUpAdmins
		shut := w.open(w.Store, closed)
		require.NoError(w, shut.ConfirmSignUp(w.ctx(), token, secret.New(good)))
		ann := w.signedIn("ann@usher.test", good)
		require.Equal(w, ByVerifiedAccount, ann.How)
		me, err := w.GetMe(w.ctx(), ann)
		require.NoError(w, err)
		require.Equal(w, []string{"ann", "", string(Support)}, []string{me.Name, me.Username, string(me.Role)})
		has, waits = w.staff()
		require.Equal(w, staffed{"admin@usher.test": Admin, "ann@usher.test": Support}, has)
		require.Empty(w, waits)
		require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), token, secret.New(better)), ErrProof, "once")
		require.ErrorIs(w, w.InviteStaff(w.ctx(), ann, "bob@usher.test", Support), ErrForbidden)

		given := w.recorded(audit.Filter{Type: audit.WorkspaceRoleChanged, Subject: ann.ID})
		require.Equal(w, []string{"invited", string(Support)}, []string{given[0].Reason, given[0].Role})
		require.Equal(w, w.admin.ID, w.recorded(audit.Filter{Type: audit.StaffInvited, Subject: ann.ID})[0].Actor)
	})
}

// A user of the workspace gets the role at once, if the address is his own.
func TestAUserIsMadeStaff(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		var wrong *FieldError
		require.ErrorAs(w, w.InviteStaff(w.ctx(), w.admin, "ann@usher.test", Admin), &wrong)
		require.Equal(w, "email", wrong.Field)
		yes := true
		_, err := w.UpdateUser(w.ctx(), w.admin, id, UserPatch{EmailVerified: &yes})
		require.NoError(w, err)
		require.NoError(w, w.InviteStaff(w.ctx(), w.admin, "ANN@usher.test", Admin))
		has, waits := w.staff()
		require.Equal(w, staffed{"admin@usher.test": Admin, "ann@usher.test": Admin}, has)
		require.Empty(w, waits)
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, id, ""))
		has, _ = w.staff()
		require.Equal(w, staffed{"admin@usher.test": Admin}, has)

		for field, in := range map[string][2]string{"role": {"bob@usher.test", "role_space_owner"}, "email": {"bob", string(Admin)}} {
			require.ErrorAs(w, w.InviteStaff(w.ctx(), w.admin, in[0], WorkspaceRole(in[1])), &wrong)
			require.Equal(w, field, wrong.Field)
		}
		mute := settings
		mute.Mail = nil
		require.ErrorIs(w, w.open(w.Store, mute).InviteStaff(w.ctx(), w.admin, "bob@usher.test", Admin), ErrMailOff)
	})
}

// An invite that was taken back, replaced, is over, or was sent by who is no administrator any more makes nobody anything.
func TestAStaffInviteEnds(t *testing.T) {
	onEach(t, func(w *world) {
		second := w.user("second")
		require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.admin, second, Admin))
		for name, ends := range map[string]func(){
			"revoked": func() {
				waiting, err := w.ListStaffInvites(w.ctx(), w.admin)
				require.NoError(w, err)
				id := waiting[slices.IndexFunc(waiting, func(in StaffInvite) bool { return in.Email == "revoked@usher.test" })].ID
				require.NoError(w, w.RevokeStaffInvite(w.ctx(), w.admin, id))
				require.ErrorIs(w, w.RevokeStaffInvite(w.ctx(), w.admin, id), ErrNotFound)
			},
			"replaced": func() { w.invited("REPLACED@usher.test", Support) },
			"fallen":   func() { require.NoError(w, w.SetWorkspaceRole(w.ctx(), w.signedIn("second", good), w.admin.ID, "")) },
		} {
			token := w.invited(name+"@usher.test", Admin)
			ends()
			require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), token, secret.New(good)), ErrProof, name)
			w.refusesSignIn(name + "@usher.test")
			w.admin = w.signedIn("second", good)
			_ = w.SetWorkspaceRole(w.ctx(), w.admin, w.signedIn("admin@usher.test", good).ID, Admin)
			w.admin = w.signedIn("admin@usher.test", good)
		}
		token := w.invited("late@usher.test", Admin)
		w.forward(7 * 24 * time.Hour)
		w.admin = w.signedIn("admin@usher.test", good)
		require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), token, secret.New(good)), ErrProof)
		_, waits := w.staff()
		require.Empty(w, waits)
	})
}

// Many invites to one mailbox at once: one waits, and the links of the others are worth nothing.
func TestStaffIsInvitedAtOnce(t *testing.T) {
	onEach(t, func(w *world) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				assert.NoError(w, w.InviteStaff(w.ctx(), w.admin, []string{"ann@usher.test", "ANN@usher.test"}[i%2], Support))
			})
		}
		all.Wait()
		invites, err := w.ListStaffInvites(w.ctx(), w.admin)
		require.NoError(w, err)
		require.Len(w, invites, 1)
		opened, sent := 0, w.delivers()
		for ; len(sent) > 0; sent = w.delivers() {
			for _, mail := range sent {
				if w.ConfirmSignUp(w.ctx(), secret.New(mail.Token()), secret.New(better)) == nil {
					opened++
				}
			}
		}
		require.Equal(w, 1, opened)
	})
}

// Whoever was stopped on the way to his role, or lost the answer, repeats it, and has it then, once.
func TestAnAppointmentIsCompletedByItsRepetition(t *testing.T) {
	onEach(t, func(w *world) {
		token := w.invited("ann@usher.test", Admin)
		stops, err := w.open(w.Store, settings), store.ErrUnavailable
		for n := 0; n < 20 && errors.Is(err, store.ErrUnavailable); n++ {
			stops.Store = &storetest.Halting{Store: w.Store, After: n}
			err = stops.ConfirmSignUp(w.ctx(), token, secret.New(good))
		}
		if err != nil { // it was stopped behind all that matters before
			require.ErrorIs(w, err, ErrProof)
		}
		has, waits := w.staff()
		require.Equal(w, staffed{"admin@usher.test": Admin, "ann@usher.test": Admin}, has)
		require.Empty(w, waits)
		require.EqualValues(w, 2, w.admins())
		met := map[error]int{}
		token = w.invited("bob@usher.test", Support)
		for err, n := range atOnce(20, func(int) error { return w.ConfirmSignUp(w.ctx(), token, secret.New(good)) }) {
			met[err] += n
		}
		require.GreaterOrEqual(w, met[nil], 1)
		has, _ = w.staff()
		require.Equal(w, Support, has["bob@usher.test"])
		require.EqualValues(w, 2, w.admins())
	})
}
