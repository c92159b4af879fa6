package auth

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
	"usher/internal/store"
)

// noting is a store that notes what it is asked, as far as somebody on the other side of it could tell.
type noting struct {
	store.Store
	mu    sync.Mutex
	calls []string
}

func (n *noting) note(call string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, call)
}

func (n *noting) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	n.note("get")
	return n.Store.Get(ctx, keys...)
}

func (n *noting) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	n.note("apply")
	return n.Store.Apply(ctx, tx)
}

// attempt is somebody's try with a wrong password.
func attempt(t *testing.T, a *Authority, username string) time.Duration {
	t.Helper()
	began := time.Now()
	_, err := a.GetAccessToken(t.Context(), TokenRequest{GrantType: "password", Username: username, Password: secret.New("wrong horse battery")})
	took := time.Since(began)
	require.Equal(t, ErrInvalidGrant, err, "and nothing more")
	return took
}

// An account that is there, one that is blocked, one that nobody has: the answer is one, and so is the work behind it.
func TestSignInDoesNotTellWhoHasAnAccount(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, w.user("bob")))
		s := &noting{Store: w.Store}
		a := w.open(s, settings)
		work := map[string][]string{}
		for _, name := range []string{"ann", "bob", "nobody", "ann@usher.test", "nobody@usher.test"} {
			s.calls = nil
			attempt(w.T, a, name)
			work[name] = s.calls
		}
		for name, calls := range work {
			require.Equal(w, work["ann"], calls, name)
		}
	})
}

// The same by the clock: of many attempts in turns, the medians differ by less than a trip to the store would make them.
// The hash, which would drown any difference, costs nothing here. A busy machine may spoil one comparison, but not each of several.
func TestSignInDoesNotTellByItsTime(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		var ratio float64
		for range 5 {
			var there, nowhere []time.Duration
			for range 300 {
				there = append(there, attempt(w.T, w.Authority, "ann"))
				nowhere = append(nowhere, attempt(w.T, w.Authority, "nobody"))
			}
			slices.Sort(there)
			slices.Sort(nowhere)
			ratio = float64(there[150]) / float64(nowhere[150])
			w.Logf("median of an account that is there, to one that is not: %.3f", ratio)
			if ratio > 1/1.2 && ratio < 1.2 {
				return
			}
		}
		w.Errorf("sign-in tells by its time who has an account: %.3f", ratio)
	})
}
