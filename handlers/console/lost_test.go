package console_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// An address that there is not is answered by a page like the others, which says no more than that to a stranger.
func TestAnAddressThatThereIsNot(t *testing.T) {
	onEach(t, func(w *world) {
		ann, marie, nobody := w.reader("ann"), w.reader("marie"), w.reader("")
		for _, path := range []string{"/nothing", "//", "/users/", "/users/{marie}/edit/more", "/rooms/{marie}/members/{marie}/nothing", "/assets/nothing.js", "/sign-out/x", "/%2e%2e/v1"} {
			for _, r := range []reader{ann, marie, nobody} {
				got := r.asks("GET", "/console"+w.fill(path), nil)
				require.Equal(w, 404, got.status, path)
				require.Equal(w, "text/html; charset=utf-8", got.header.Get("Content-Type"), path)
				require.Contains(w, got.text, "There is no such page.", path)
				require.Contains(w, got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
				for part, shown := range map[string]bool{`aria-label="Sections"`: r == ann, "/sign-out": r != nobody} {
					if shown {
						require.Contains(w, got.text, part, path)
					} else {
						require.NotContains(w, got.text, part, path)
					}
				}
			}
		}
		require.Equal(w, w.url+"/console/users", ann.asks("GET", "/console/", nil).location, "with the slash that people type")
		require.Equal(w, 404, ann.sends("/nothing").status)
		require.Equal(w, 403, ann.asks("POST", "/console/nothing", url.Values{}, "Sec-Fetch-Site", "cross-site").status)
		got := ann.sends("/users")
		require.Equal(w, 405, got.status)
		require.Contains(w, got.text, "There is nothing to send to this page.")
		got = ann.asks("GET", "/consoles", nil)
		require.Equal(w, 404, got.status)
		require.Equal(w, "application/problem+json", got.header.Get("Content-Type"))
	})
}
