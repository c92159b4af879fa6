package console_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// A shaky store does not list anything for a while.
type shaky struct {
	store.Store
	away *atomic.Bool
}

func (s shaky) List(ctx context.Context, index store.Key, p store.Page) ([]string, error) {
	if s.away.Load() {
		return nil, store.ErrUnavailable
	}
	return s.Store.List(ctx, index, p)
}

// A table that cannot be read says so, in its place: what is known beside it is shown all the same.
func TestATableThatCannotBeRead(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := newWorld(t, shaky{s, new(atomic.Bool)}, "https://usher.test")
		w.class()
		ann := w.reader("ann")
		away := w.Store.(shaky).away
		for _, path := range []string{
			"/users", "/users?q=marie", "/users/{marie}", "/rooms", "/spaces", "/spaces/{space}", "/issued/{space}", "/keys", "/staff", "/audit",
		} {
			away.Store(true)
			page := ann.sees(503, w.fill(path))
			require.Contains(w, page, `<p class="problem" role="alert">The server cannot say at the moment. Try again.`, path)
			require.Contains(w, page, `aria-label="Sections"`, path)
			if path == "/users/{marie}" {
				require.Contains(w, page, "marie@school.test")
			}
			away.Store(false)
			ann.sees(200, w.fill(path))
		}
	})
}
