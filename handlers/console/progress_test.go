package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"usher/internal/browsertest"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/roles"
)

// A toll is a store that asks before each write how many it still takes.
type toll struct {
	store.Store
	take *atomic.Pointer[func() error]
}

func (s toll) Apply(ctx context.Context, tx store.Tx) (store.Result, error) {
	if take := s.take.Load(); take != nil {
		if err := (*take)(); err != nil {
			return store.Result{}, err
		}
	}
	return s.Store.Apply(ctx, tx)
}

// after does something once that many writes were made, each time from then on.
func (s toll) after(n int64, do func() error) {
	take := func() error {
		if atomic.AddInt64(&n, -1) < 0 {
			return do()
		}
		return nil
	}
	s.take.Store(&take)
}

// rooms makes some, in each of which somebody has a role.
func (w *world) rooms(n int, user string) {
	w.Helper()
	for i := range n {
		in := roles.NewRoom{Name: fmt.Sprint("Lesson ", i), Access: roles.Private, Members: []roles.NewAttendee{{User: w.id[user], Role: roles.RoomUser}}}
		_, err := w.spaces.CreateRoom(w.Context(), w.office(), w.admin.Workspace, in)
		require.NoError(w, err)
	}
}

// What takes long is shown while it goes on, and what does not is done at once; where it fails half-way its repetition
// completes it.
func TestALongDeletion(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		slow := toll{s, new(atomic.Pointer[func() error])}
		w := newWorld(t, slow, "https://usher.test")
		ann := w.reader("ann")
		w.rooms(60, "marie")
		slow.after(30, func() error { return store.ErrUnavailable })
		got := ann.sends(w.fill("/users/{marie}/delete"))
		require.Equal(t, 200, got.status)
		for _, part := range []string{"<h1>Deleting the user</h1>", ">0 of 60<", ">1 of 60<", "The server cannot say at the moment.", w.fill(`href="https://usher.test/console/users/{marie}/delete"`)} {
			require.Contains(t, strings.ReplaceAll(got.text, "</progress> ", "</progress>"), part)
		}
		require.NotContains(t, got.text, "Done.")
		require.True(t, strings.HasSuffix(got.text, "</html>\n"), "the page is whole")
		slow.take.Store(nil)
		require.Contains(t, ann.sees(200, w.fill("/users/{marie}")), "marie@school.test")

		got = ann.sends(w.fill("/users/{marie}/delete"))
		if got.status == http.StatusOK { // more than some are left
			require.Contains(t, got.text, `content="0;url=https://usher.test/console/users?done=deleted"`)
		}
		ann.sees(404, w.fill("/users/{marie}"))

		w.rooms(20, "sue")
		require.NoError(t, w.SetWorkspaceRole(t.Context(), w.admin, w.id["sue"], ""))
		require.Contains(t, ann.does(w.fill("/users/{sue}/delete")), "deleted")
	})
}

// Whoever closes the page has begun it all the same.
func TestALongDeletionThatNobodyWatches(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		w.rooms(60, "marie")
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.url+w.fill("/console/users/{marie}/delete"), nil)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, cookie := range ann.jar.Cookies(req.URL) {
			req.AddCookie(cookie)
		}
		w.ServeHTTP(&deaf{ResponseRecorder: httptest.NewRecorder()}, req)
		ann.sees(404, w.fill("/users/{marie}"))
	})
}

// A deaf line takes nothing.
type deaf struct{ *httptest.ResponseRecorder }

func (*deaf) Write([]byte) (int, error)       { return 0, context.Canceled }
func (*deaf) WriteString(string) (int, error) { return 0, context.Canceled }

// In a browser the page shows how far it is, while it is, and leads on by itself: with scripts, and without.
func TestProgressIsSeen(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	slow := toll{storetest.Bolt(t), new(atomic.Pointer[func() error])}
	w := newWorld(t, slow, "http://"+server.Listener.Addr().String())
	w.ahead.Add(int64(time.Hour)) // lines have deadlines by this clock, and end by that on the wall
	server.Config.Handler = w.Handler
	server.Start()
	t.Cleanup(server.Close)
	p := person{w, browsertest.Open(w)}
	p.signsIn()
	for _, name := range []string{"marie", "pierre"} {
		if name == "pierre" {
			w.user(name, name)
			p.Scripts(false)
		}
		w.rooms(80, name)
		p.opens("/users/{" + name + "}/delete")
		gate := make(chan struct{})
		opens := sync.OnceFunc(func() { close(gate) })
		t.Cleanup(opens)
		slow.after(40, func() error { <-gate; return nil })
		p.Do(chromedp.Click("main form button"))
		if name == "marie" {
			p.polls(`[...document.querySelectorAll("progress")].some(it => it.value > 30)`)
			require.Regexp(t, `^Deleting the user\s+3\d of 80$`, p.reads())
			p.Accessible("console-progress")
		}
		opens()
		p.polls(`document.querySelector("#users")`)
		require.Equal(t, w.url+"/console/users?done=deleted", p.Says("location.href"))
		require.NotContains(t, p.reads(), name+"@school.test")
	}
}

// polls until a script says yes, over changes of the page, which leave a question unanswered, and where no page runs
// scripts of its own.
func (p person) polls(script string) {
	p.Helper()
	require.Eventually(p.world, func() bool {
		soon, cancel := context.WithTimeout(p.Page, time.Second)
		defer cancel()
		yes, err := chromedp.Run(soon, chromedp.Evaluate[bool]("Boolean("+script+")"))
		return err == nil && yes
	}, time.Minute, 20*time.Millisecond)
}
