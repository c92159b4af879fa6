package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The same users are there however often it is run, also after it was stopped in the middle.
func TestAWorkspaceIsSeeded(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		servingAnn(t, dir, flags...).kill(t)
		seed := func(users string, more ...string) (string, string, int) {
			return finish(t, dir, append(append(flags, "seed", "--users", users), more...)...)
		}
		for range 2 {
			stdout, stderr, code := seed("60")
			require.Zero(t, code, stderr)
			require.Equal(t, "demo-000001 to demo-000060 are there.\n", stdout)
			require.Contains(t, stderr, "msg=seeding done=54 of=60")
		}
		p := servingAnn(t, dir, flags...)
		listed := p.ask(t.Context(), "GET", "/v1/users?limit=100", p.signIn(t), "").body
		assert.Equal(t, 61, strings.Count(listed, `"id":`), "and the administrator")
		for n := 1; n <= 60; n++ {
			assert.Equal(t, 1, strings.Count(listed, fmt.Sprintf(`"externalId":"demo-%06d"`, n)))
		}
		assert.Contains(t, listed, `"name":"`+nameOf(7)+`"`)
		p.kill(t)

		_, stderr, code := seed("5", "--workspace", "60cb1fd41f46ac12ff0eec79")
		assert.Equal(t, 1, code)
		assert.Contains(t, stderr, "there is no such workspace in ")
		for _, wrong := range []string{"0", "1000000", "x"} {
			_, _, code = seed(wrong)
			assert.Equal(t, 2, code, wrong)
		}
	})
}

// nameOf is what a seeded user is called in every workspace.
func nameOf(n int) string {
	_, user := seed(n)
	return *user.Name
}

// A seed that is stopped says so, and leaves nothing half made: the next one goes on.
func TestSeedingIsStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	servingAnn(t, dir).kill(t)
	screen, end := terminal(t)
	cmd := programAt(t, dir, "seed", "--users", "100000")
	cmd.Stdout = end
	require.NoError(t, cmd.Start())
	shown := make([]byte, 16)
	_, err := io.ReadFull(screen, shown) // the bar
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	go func() { _, _ = io.Copy(io.Discard, screen) }()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		require.Error(t, err)
		require.Equal(t, 1, cmd.ProcessState.ExitCode())
	case <-time.After(time.Minute):
		t.Fatal("it does not stop")
	}
	_, stderr, code := finish(t, dir, "seed", "--users", "50")
	require.Zero(t, code, stderr)
}
