package handlers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The published keys are the one answer that may be kept.
func TestThePublishedKeysMayBeKept(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		for _, method := range []string{"GET", "HEAD"} {
			r := d.do("", method, "/.well-known/jwks.json", "")
			require.Equal(t, 200, r.status)
			require.Equal(t, []string{"public, max-age=60"}, r.header.Values("Cache-Control"))
		}
		require.Len(t, d.ok(200, "", "GET", "/.well-known/jwks.json", "").body["keys"], 2)
		require.Equal(t, "no-store", d.do("", "GET", "/.well-known/jwks.json?token=x", "").header.Get("Cache-Control"))
	})
}
