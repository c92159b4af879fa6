package console_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
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

// What was found before does not stand there as if it were the answer to a search that has none: whether the list cannot
// be read, something before the server says so, or nobody answers. Who was chosen stays so.
func TestASearchThatFails(t *testing.T) {
	t.Parallel()
	var way atomic.Value
	away := new(atomic.Bool)
	w := serveOn(t, shaky{storetest.Bolt(t), away}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch way.Load() {
			case "proxy":
				http.Error(w, "Bad Gateway", http.StatusBadGateway)
			case "cut":
				panic(http.ErrAbortHandler)
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	p := w.person()
	room := w.reader("ann").room("Physics", "marie")
	for path, found := range map[string]string{"/users": "#users-found", "/rooms/new": "#picked"} {
		p.opens(path)
		if found == "#picked" {
			p.Do(chromedp.Click(found + ` [value="` + w.id["sue"] + `"]`))
		}
		search := func() {
			p.Says(`var it = document.querySelector("[type=search]"); it.value = "curi"; it.dispatchEvent(new Event("search")); ""`)
		}
		for how, says := range map[string]string{
			"store": "The server cannot say at the moment.", "proxy": "does not answer at the moment", "cut": "does not answer at the moment",
		} {
			way.Store(how)
			away.Store(how == "store")
			search()
			p.polls(`document.querySelector("` + found + ` .problem")?.innerText.includes("` + says + `")`)
			require.NotContains(t, p.Says(`document.querySelector("`+found+`").innerText`), "Marie", how)
			require.Equal(t, "false", p.Says(`document.querySelector("`+found+`").ariaBusy`), how)
			way.Store("")
			away.Store(false)
			search()
			p.polls(`!document.querySelector(".problem") && document.querySelector("` + found + `").innerText.includes("Marie")`)
		}
		if found == "#picked" {
			require.Equal(t, w.id["sue"], p.Says(`document.querySelector("#picked :checked").value`))
		}
	}
	p.opens("/rooms/" + room)
	way.Store("cut")
	p.polls(`document.querySelector("#present-found").innerText.includes("does not answer at the moment")`)
	way.Store("")
	p.polls(`document.querySelector("#present-found").innerText === "Nobody."`)
}
