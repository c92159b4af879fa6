package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/handlers/wire"
	"usher/internal/redistest"
)

func TestTheAuditLogAsLines(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		p := servingAnn(t, dir, flags...)
		require.Equal(t, "400 invalid_grant", p.signInWith(t, "not 'the right' one", "User-Agent", "a browser").word())
		p.signIn(t)
		require.NoError(t, p.Process.Kill())
		p.awaitEnd(t)

		stdout, stderr, code := finish(t, dir, append(flags, "audit")...)
		require.Zero(t, code, stderr)
		var types []string
		for _, line := range strings.Split(strings.TrimSpace(stdout), "\n") {
			var e wire.Event
			require.NoError(t, json.Unmarshal([]byte(line), &e), line)
			types = append(types, e.Type)
			if e.Type == "sign_in_refused" {
				assert.Equal(t, []string{"127.0.0.1", "a browser", "wrong_password"}, []string{e.Address, e.UserAgent, e.Reason})
				assert.NotEmpty(t, e.RequestID)
			}
		}
		assert.Equal(t, []string{"workspace_created", "sign_in_refused", "sign_in"}, types)
		_, stderr, code = finish(t, dir, append(flags, "audit", "--workspace", "60cb1fd41f46ac12ff0eec79")...)
		assert.Equal(t, 1, code)
		assert.Contains(t, stderr, "there is no such workspace")
	})
}

// Whoever follows the log sees what happens at every process of a fleet, each event once, and stops when told to.
func TestTheAuditLogIsFollowed(t *testing.T) {
	t.Parallel()
	flags := []string{"--redis", redistest.URL(t), "--redis-prefix", redistest.Prefix(t)}
	fleet := []*process{servingAnn(t, t.TempDir(), flags...), servingAnn(t, t.TempDir(), flags...)}
	follower := programAt(t, t.TempDir(), append(flags, "audit", "--follow")...)
	out, err := follower.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, follower.Start())
	t.Cleanup(func() { _ = follower.Process.Kill() })
	read := json.NewDecoder(out)
	next := func() (e wire.Event) {
		require.NoError(t, read.Decode(&e))
		return e
	}
	require.Equal(t, "workspace_created", next().Type)
	seen := map[string]bool{}
	for i := range 6 {
		fleet[i%2].signIn(t)
		e := next()
		require.Equal(t, "sign_in", e.Type)
		require.False(t, seen[e.ID])
		seen[e.ID] = true
	}
	require.NoError(t, follower.Process.Signal(os.Interrupt))
	require.NoError(t, follower.Wait())
}
