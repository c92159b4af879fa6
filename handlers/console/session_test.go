package console_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
)

// Whoever is of another workspace than the first signs in there again: after he has signed out, and after his session is
// over, in whichever tab.
func TestTheSignInOfTheSameWorkspace(t *testing.T) {
	onEach(t, func(w *world) {
		other, err := w.CreateWorkspace(w.Context(), auth.NewWorkspace{Name: "Other", AdminEmail: "bea@other.test", AdminPassword: secret.New(pass)})
		require.NoError(w, err)
		at := func(client, page string) string {
			return w.url + "/sign-in?" + url.Values{"client_id": {client}, "return": {w.url + "/console" + page}}.Encode()
		}
		bea := w.reader("")
		enters := func() {
			w.Helper()
			form := url.Values{"username": {"bea@other.test"}, "password": {pass}}
			require.Equal(w, 303, bea.asks("POST", "/sign-in?client_id="+other.PublicClient, form).status)
			bea.sees(200, "/users")
		}
		enters()
		require.Equal(w, at(other.PublicClient, ""), bea.sends("/sign-out").location)
		require.Equal(w, at(other.PublicClient, "/rooms"), bea.asks("GET", "/console/rooms", nil).location)
		require.Equal(w, at(other.PublicClient, ""), bea.sends("/sign-out").location, "in another tab")
		require.Equal(w, at("web", ""), bea.asks("GET", "/console?client_id=web", nil).location, "what an address says comes first")
		enters()
		w.ahead.Add(int64(100 * 24 * time.Hour))
		require.Equal(w, at(other.PublicClient, "/users"), bea.asks("GET", "/console/users", nil).location)
		require.Equal(w, other.PublicClient, query(w, bea.asks("GET", "/console/users", nil, "HX-Request", "true").header.Get("HX-Redirect")).Get("client_id"))

		ann := w.reader("ann")
		ann.sees(200, "/users")
		require.Equal(w, at(w.first.PublicClient, ""), ann.sends("/sign-out").location)
		for _, value := range []string{"", "x", "000000000000000000000000", "{web}"} {
			got := w.reader("").asks("GET", "/console/users", nil, "Cookie", "consoleWorkspace="+value)
			require.Equal(w, w.url+"/sign-in?return="+url.QueryEscape(w.url+"/console/users"), got.location, value)
		}
	})
}

func query(w *world, address string) url.Values {
	w.Helper()
	at, err := url.Parse(address)
	require.NoError(w, err)
	return at.Query()
}
