package auth

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
	"usher/internal/store"
)

// A notebook writes down what is asked of a store, but for who it is about.
type notebook struct {
	store.Store
	asked []string
}

func (n *notebook) note(what string, keys ...store.Key) {
	for _, k := range keys {
		what += " " + k.Kind
	}
	n.asked = append(n.asked, what)
}

func (n *notebook) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	n.note("get", keys...)
	return n.Store.Get(ctx, keys...)
}

func (n *notebook) List(ctx context.Context, index store.Key, page store.Page) ([]string, error) {
	n.note("list", index)
	return n.Store.List(ctx, index, page)
}

func (n *notebook) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	n.note(fmt.Sprintf("apply %d %d %d", len(tx.If), len(tx.Do), len(tx.Read)))
	return n.Store.Apply(ctx, tx)
}

// addresses are one that has an account, and one that has none.
var addresses = [2]string{"ann@usher.test", "bob@usher.test"}

func TestForgettingDoesTheSameWhoeverThereIs(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		var asked [2][]string
		for i, email := range addresses {
			book := &notebook{Store: w.Store}
			set := settings
			set.Mail = sender(t, w.post)
			a := w.open(book, set)
			book.asked = nil
			require.NoError(w, a.ForgotPassword(w.ctx(), "", email))
			asked[i] = book.asked
		}
		require.Equal(w, asked[0], asked[1])
		require.Equal(w, []string{"get client", "apply 1 2 0"}, asked[0])
	})
}

// The time that it takes does not tell either: of many, taken in turns while the mails go out, the medians are the same
// but for what a busy machine makes of them.
func TestForgettingTakesAsLongWhoeverThereIs(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		const samples = 400
		var took [2][]time.Duration
		for i := range samples {
			for j := range addresses {
				which := (i + j) % 2
				begin := time.Now()
				require.NoError(w, w.ForgotPassword(w.ctx(), "", addresses[which]))
				took[which] = append(took[which], time.Since(begin))
			}
			if i%50 == 0 {
				w.delivers()
			}
		}
		for i := range took {
			slices.Sort(took[i])
		}
		there, not := took[0][samples/2], took[1][samples/2]
		ratio := float64(there) / float64(not)
		w.Logf("medians: %v where there is somebody, %v where not, ratio %.3f", there, not, ratio)
		require.InDelta(w, 1, ratio, 0.2)
	})
}

func TestSigningUpDoesTheSameWhoeverThereIs(t *testing.T) {
	onEachOpen(t, func(w *world) {
		w.user("ann")
		var asked [2][]string
		for i, email := range addresses {
			book := &notebook{Store: w.Store}
			set := settings
			set.SignUp, set.Mail = SignUpOpen, sender(w.T, w.post)
			a := w.open(book, set)
			s := Stranger{NewUser: NewUser{Email: email, Username: "new", Password: secret.New(good)}, Captcha: w.solved()}
			book.asked = nil
			require.NoError(w, a.SignUp(w.ctx(), s))
			asked[i] = book.asked
		}
		require.Equal(w, asked[0], asked[1])
		require.Equal(w, []string{"get client", "apply 1 2 0", "get name", "apply 1 2 0", "apply 1 2 0"}, asked[0])
	})
}
