package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A gate holds up what takes a moment until it is opened.
type gate struct {
	http.Handler
	holds   func(*http.Request) <-chan struct{} // nil where it does not
	arrived chan string
}

func (g gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if open := g.holds(r); open != nil {
		g.arrived <- r.URL.Path
		select {
		case <-open:
		case <-r.Context().Done(): // the browser is gone
		}
	}
	g.Handler.ServeHTTP(w, r)
}

func slowly(t *testing.T, holds func(*http.Request) <-chan struct{}) (gate, person) {
	t.Helper()
	g := gate{holds: holds, arrived: make(chan string, 9)}
	w := serveBehind(t, func(h http.Handler) http.Handler {
		g.Handler = h
		return g
	})
	return g, w.person()
}

// pressAgain is what somebody does who waits, when the server has the form. While it waits itself the browser runs no
// script of a test, and so this one is of the page.
const pressAgain = `document.addEventListener("submit", () => setTimeout(async () => {
	await fetch("/livez");
	for (const again of document.querySelectorAll(".buttons button, .enter")) again.click();
	sessionStorage.busy = [...document.querySelectorAll("[aria-busy=true]")].map(it => it.innerText);
	fetch("/livez");
}), {once: true}); ""`

// A form that takes a moment says so by its button, and is sent once, however often that is pressed.
func TestAButtonThatIsPressedTwice(t *testing.T) {
	t.Parallel()
	rooms, lives := make(chan struct{}), make(chan struct{}, 2)
	g, p := slowly(t, func(r *http.Request) <-chan struct{} {
		switch {
		case r.URL.Path == "/livez":
			return lives
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/rooms/new"):
			return rooms
		}
		return nil
	})
	p.opens("/rooms/new")
	p.Says(pressAgain)
	p.Do(chromedp.SendKeys("#name", "Physics\r"))
	require.ElementsMatch(t, []string{"/console/rooms/new", "/livez"}, []string{<-g.arrived, <-g.arrived})
	lives <- struct{}{}
	require.Equal(t, "/livez", <-g.arrived)
	lives <- struct{}{}
	close(rooms)
	p.Do(chromedp.WaitVisible(".notice"))
	require.Contains(t, p.reads(), "The room is created.")
	require.Empty(t, g.arrived)
	require.Equal(t, "Create", p.Says("sessionStorage.busy"))
	require.Equal(t, 1, strings.Count(p.reader("ann").sees(200, "/rooms"), ">Physics<"))

	p.Do(chromedp.NavigateBack())
	require.Equal(t, "0", p.Says(`String(document.querySelectorAll("[aria-busy]").length)`))
	p.Says(`document.querySelector(".buttons button").setAttribute("aria-busy", "true"); ""`)
	p.Keep("console-busy")
	require.Equal(t, "false", p.Says(`dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
		String(document.querySelector(".buttons button").hasAttribute("aria-busy"))`))
	p.presses(".out button")
	require.Contains(t, p.Says("location.pathname"), "/sign-in")
}

// Whoever has stopped the browser may send the form again: at once by the key that stops it, and else after a while.
func TestAFormThatWasStopped(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	g, p := slowly(t, func(r *http.Request) <-chan struct{} {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/rooms/new") {
			return open
		}
		return nil
	})
	t.Cleanup(func() { close(open) })
	busy := func() string { return p.Says(`String(document.querySelectorAll("button[aria-busy]").length)`) }
	p.opens("/rooms/new")
	p.Says(`window.setTimeout = (does, after) => { window.later = does; window.after = after; }; ""`)
	for _, let := range []chromedp.Action[chromedp.Void]{chromedp.KeyEvent("\x1b"), nil} {
		p.Do(chromedp.SetValue("#name", "Physics"), chromedp.Click(".buttons button"))
		<-g.arrived
		p.Do(chromedp.Stop())
		require.Equal(t, "1", busy())
		if let == nil {
			require.Equal(t, "10000", p.Says(`later(); String(after)`))
		} else {
			p.Do(let)
		}
		require.Equal(t, "0", busy())
	}
}

// What was found before is no answer to what is being searched for.
func TestASearchThatTakesAMoment(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	g, p := slowly(t, func(r *http.Request) <-chan struct{} {
		if r.Header.Get("HX-Request") == "" {
			return nil
		}
		return open
	})
	for path, found := range map[string]string{"/users": "#users-found", "/rooms/new": "#picked"} {
		p.opens(path)
		p.Says(`const sought = document.querySelector("[type=search]"); sought.value = "curi"; sought.dispatchEvent(new Event("search")); ""`)
		<-g.arrived
		busy := p.Says(`String(document.querySelector("` + found + `").ariaBusy)`)
		open <- struct{}{}
		require.Equal(t, "true", busy)
		_, err := chromedp.Run(p.Page, chromedp.Poll[bool](`!document.querySelector("`+found+`").innerText.includes("Sue")`))
		require.NoError(t, err)
		require.NotEqual(t, "true", p.Says(`String(document.querySelector("`+found+`").ariaBusy)`))
	}
}
