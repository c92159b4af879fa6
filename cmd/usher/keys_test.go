package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var keyRow = regexp.MustCompile(`(?m)^([0-9a-f]{24}) +(signing|refresh|pin|token) +(active|next|retired) +(EdDSA|HS256|A256GCM) +\S+Z +(\S+) +(yes|no)$`)

// keyRows are the keys as a command lists them: of each its kid, use, state, algorithm, end, and whether it is encrypted.
func keyRows(t *testing.T, dir string, flags ...string) (rows [][]string) {
	t.Helper()
	stdout, stderr, code := finish(t, dir, append(flags, "keys", "list")...)
	require.Zero(t, code, stderr)
	for _, row := range keyRow.FindAllStringSubmatch(stdout, -1) {
		rows = append(rows, row[1:])
	}
	require.Len(t, rows, strings.Count(stdout, "\n")-1, stdout)
	return rows
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Kill())
	p.awaitEnd(t)
}

func TestKeysListRotateRevoke(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		p := servingAnn(t, dir, flags...)
		token := p.signIn(t)
		p.kill(t)

		before := keyRows(t, dir, flags...)
		require.Len(t, before, 8)
		assert.Equal(t, []string{"signing", "active", "EdDSA", "-", "no"}, before[0][1:])
		assert.Equal(t, []string{"signing", "next", "EdDSA", "-", "no"}, before[1][1:])
		assert.Equal(t, []string{"refresh", "active", "HS256", "-", "no"}, before[2][1:])
		assert.Equal(t, []string{"token", "active", "A256GCM", "-", "no"}, before[6][1:])

		_, stderr, code := finish(t, dir, append(flags, "keys", "revoke", before[0][0], "0123456789abcdef01234567")...)
		assert.Equal(t, 1, code)
		assert.Contains(t, stderr, "usher: not all of these are keys in ")
		assert.Equal(t, before, keyRows(t, dir, flags...))
		stdout, stderr, code := finish(t, dir, append(flags, "keys", "revoke", before[0][0])...)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, "Gone.")
		stdout, stderr, code = finish(t, dir, append(flags, "keys", "rotate")...)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, "A server rotates the keys")
		after := keyRows(t, dir, flags...)
		require.Len(t, after, 8, "without a server nothing is rotated")
		assert.Equal(t, []string{before[1][0], "signing", "active"}, after[0][:3])

		p = servingAnn(t, dir, flags...)
		p.await(t, regexp.MustCompile(`event=key_rotated use=refresh kid=`+before[3][0]))
		assert.Equal(t, "401 invalid_token", p.ask(t.Context(), "GET", "/v1/users/me", token, "").word())
		assert.Equal(t, "200", p.ask(t.Context(), "GET", "/v1/users/me", p.signIn(t), "").word())
		p.kill(t)
		assert.Len(t, keyRows(t, dir, flags...), 10)
	})
}

func TestKeysMakesNoStore(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"list", "rotate", "revoke 0123456789abcdef01234567"} {
		_, stderr, code := finish(t, t.TempDir(), append([]string{"keys"}, strings.Fields(command)...)...)
		assert.Equal(t, 1, code)
		assert.Equal(t, "usher: stat usher.db: no such file or directory\n", stderr)
	}
}

func TestKeysAreEncryptedWhenAsked(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		one, other := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
		with := func(more ...string) []string { return append(append([]string{}, flags...), more...) }
		p := servingAnn(t, dir, flags...)
		token := p.signIn(t)
		p.kill(t)
		p = servingAnn(t, dir, with("--key-encryption-key", one)...)
		assert.Equal(t, "200", p.ask(t.Context(), "GET", "/v1/users/me", token, "").word())
		p.kill(t)
		for _, row := range keyRows(t, dir, with("--key-encryption-key", one)...) {
			assert.Equal(t, "yes", row[5])
		}

		for says, more := range map[string][]string{
			"it is encrypted, and there is no key-encryption key": nil,
			"it is encrypted under another key-encryption key":    {"--key-encryption-key", other},
		} {
			for _, command := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"keys", "list"}} {
				_, stderr, code := finish(t, dir, append(with(more...), command...)...)
				assert.Equal(t, 1, code)
				assert.Contains(t, stderr, says)
				assert.Equal(t, 1, strings.Count(stderr, "usher: "), stderr)
			}
		}
		_, stderr, code := finish(t, dir, with("--key-encryption-key", "my secret", "keys", "list")...)
		assert.Equal(t, 2, code)
		assert.Contains(t, stderr, "openssl rand -hex 32")
		assert.NotContains(t, stderr, "my secret")

		p = servingAnn(t, dir, with("--key-encryption-key", other, "--key-encryption-key-old", one)...)
		assert.Equal(t, "200", p.ask(t.Context(), "GET", "/v1/users/me", token, "").word())
		p.kill(t)
		keyRows(t, dir, with("--key-encryption-key", other)...)
	})
}
