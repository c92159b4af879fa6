package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

// guess tries a client that is not there, said to come from an address, and returns the status.
func guess(t *testing.T, p *process, from string) string {
	t.Helper()
	return sh(t, ".", `curl -s -o /dev/null -w '%{http_code}' -H 'X-Forwarded-For: `+from+`' `+p.url+
		`/v1/auth/token -d grant_type=client_credentials -d client_id=nobody -d client_secret=guessed`)
}

// guessAll guesses as often as one address may guess at one account in a minute.
func guessAll(t *testing.T, p *process, from string) {
	t.Helper()
	for range 30 {
		require.Equal(t, "401", guess(t, p, from))
	}
}

func TestAFleetCountsTogether(t *testing.T) {
	t.Parallel()
	dir, flags := t.TempDir(), onRedis(t)
	one, other := serving(t, dir, flags...), serving(t, dir, flags...)
	guessAll(t, one, "192.0.2.1")
	assert.Equal(t, "429", guess(t, other, "192.0.2.1"))
}

func TestOnlyATrustedProxySaysWhoCalls(t *testing.T) {
	t.Parallel()
	for status, flags := range map[string][]string{"401": {"--trusted-proxies", "127.0.0.1"}, "429": nil} {
		p := serving(t, t.TempDir(), flags...)
		guessAll(t, p, "192.0.2.1")
		assert.Equal(t, "429", guess(t, p, "192.0.2.1"))
		assert.Equal(t, status, guess(t, p, "192.0.2.2"), "%v", flags)
	}
}

func TestAWriteWaitsForReplicas(t *testing.T) {
	t.Parallel()
	dir, flags := t.TempDir(), onRedis(t)
	serving(t, dir, flags...)
	files := credentials(t, dir)
	require.Len(t, files, 1)
	p := serving(t, dir, append(flags, "--redis-wait-replicas", "1")...)
	assert.Contains(t, sh(t, dir, ". "+files[0]+" && AT="+p.url+";"+signingInAs), `"status":503`, "there is no replica")
}

func TestAFleetOnEveryKindOfRedis(t *testing.T) {
	t.Parallel()
	for mode, flags := range map[string]func(*testing.T) []string{
		"cluster": func(t *testing.T) []string { return []string{"--redis", redistest.Cluster(t)} },
		"sentinel": func(t *testing.T) []string {
			return []string{"--redis", redistest.Start(t).Sentinel(t, "rooms").Addr, "--redis-master", "rooms"}
		},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir, flags := t.TempDir(), append(flags(t), "--redis-mode", mode)
			first, second := serving(t, dir, flags...), serving(t, dir, flags...)
			assert.NotContains(t, second.log(), "made a workspace")
			files := credentials(t, dir)
			require.Len(t, files, 1)

			_, script, found := strings.Cut(first.printed(t), "\n\n")
			require.True(t, found)
			space := regexp.MustCompile(`\nspace: ([0-9a-f]{24})\n`).FindStringSubmatch(sh(t, dir, script))
			require.NotNil(t, space)
			answer := sh(t, dir, ". "+files[0]+" && AT="+second.url+"; TOKEN=$("+signingInAs+
				` | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); curl -s -H "Authorization: Bearer $TOKEN" $AT/v1/spaces/`+space[1])
			assert.Contains(t, answer, `"name":"School"`)
		})
	}
}
