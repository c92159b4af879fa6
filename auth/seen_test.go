package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
)

// When a user last came is noted where something is written for him anyway, once an hour.
func TestWhenAUserWasSeen(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		lastSeen := func() time.Time {
			recs, err := w.Store.Get(w.ctx(), UserKey(id))
			require.NoError(w, err)
			u, there := w.UserIn(w.first.Workspace, id, recs[0])
			require.True(w, there)
			return u.Seen
		}
		require.Zero(w, lastSeen())
		begin := w.Now().Truncate(time.Millisecond)
		tokens := w.signIn("ann", good)
		require.True(w, lastSeen().Equal(begin))
		w.forward(59 * time.Minute)
		tokens = w.refreshed(tokens.RefreshToken)
		require.True(w, lastSeen().Equal(begin))
		w.forward(time.Minute)
		tokens = w.refreshed(tokens.RefreshToken)
		require.True(w, lastSeen().Equal(begin.Add(time.Hour)))
		w.forward(time.Minute)
		require.NoError(w, w.Seen(w.ctx(), w.identity(tokens)))
		require.True(w, lastSeen().Equal(begin.Add(time.Hour+time.Minute)))
		w.write(store.Delete(UserKey(id)))
		require.NoError(w, w.Seen(w.ctx(), w.identity(tokens)))
		recs, err := w.Store.Get(w.ctx(), UserKey(id))
		require.NoError(w, err)
		require.Nil(w, recs[0])
	})
}
