package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

func TestWorkspaceCreate(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		stdout, stderr, code := finish(t, dir, append(flags, "workspace", "create", "--name", "School", "--admin-email", "ann@example.com")...)
		require.Zero(t, code, stderr)
		assert.Regexp(t, `^WORKSPACE='[0-9a-f]{24}'\nADMIN_EMAIL='ann@example.com'\nADMIN_PASSWORD='\S+'\n`+
			`PUBLIC_CLIENT='web-\w+'\nCLIENT_ID='backend-\w+'\nCLIENT_SECRET='\S+'\n$`, stdout)
		p := serving(t, dir, flags...)
		answer := sh(t, dir, stdout+"AT="+p.url+";"+signingInAs+` -d client_id="$PUBLIC_CLIENT"`)
		assert.Contains(t, answer, `"refresh_token"`)
		answer = sh(t, dir, stdout+"AT="+p.url+";"+signingInAs)
		assert.Contains(t, answer, "invalid_grant", "the first workspace is another one")
	})
}

func TestAdminReset(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		first := serving(t, dir, flags...)
		files := credentials(t, dir)
		require.Len(t, files, 1)
		require.NoError(t, first.Process.Kill())
		first.awaitEnd(t)

		stdout, stderr, code := finish(t, dir, append(flags, "admin", "reset", "--email", "admin@localhost")...)
		require.Zero(t, code, stderr)
		assert.Regexp(t, `^WORKSPACE='[0-9a-f]{24}'\nADMIN_EMAIL='admin@localhost'\nADMIN_PASSWORD='\S+'\n$`, stdout)
		again, stderr, code := finish(t, dir, append(flags, "admin", "reset", "--workspace", stdout[11:35], "--email", "ADMIN@localhost")...)
		require.Zero(t, code, stderr)

		p := serving(t, dir, flags...)
		assert.Contains(t, sh(t, dir, again+"AT="+p.url+";"+signingInAs), `"refresh_token"`)
		assert.Contains(t, sh(t, dir, stdout+"AT="+p.url+";"+signingInAs), "invalid_grant")
		assert.Contains(t, sh(t, dir, ". "+files[0]+" && AT="+p.url+";"+signingInAs), "invalid_grant")
	})
}

func TestAdminResetOfNobody(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		p := serving(t, dir, flags...)
		require.NoError(t, p.Process.Kill())
		p.awaitEnd(t)
		for says, more := range map[string][]string{
			"the workspace has no user of this e-mail address": nil,
			"there is no such workspace in ":                   {"--workspace", "60cb1fd41f46ac12ff0eec79"},
		} {
			stdout, stderr, code := finish(t, dir, append(append(flags, "admin", "reset", "--email", "nobody@example.com"), more...)...)
			assert.Equal(t, 1, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, "usher: "+says)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		}
	})
}

func TestAdminResetMakesNoStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	reset := []string{"admin", "reset", "--email", "admin@localhost"}
	_, stderr, code := finish(t, dir, append(reset, "--data", "another.db")...)
	assert.Equal(t, 1, code)
	assert.Equal(t, "usher: stat another.db: no such file or directory\n", stderr)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "usher.db"), nil, 0o600))
	_, stderr, code = finish(t, dir, reset...)
	assert.Equal(t, 1, code)
	assert.Equal(t, "usher: usher.db is empty\n", stderr)
	_, stderr, code = finish(t, dir, append(reset, "--redis", redistest.URL(t), "--redis-prefix", redistest.Prefix(t))...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "usher: there is no first workspace in Redis under the prefix ")

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := files[0].Info()
	require.NoError(t, err)
	assert.Zero(t, info.Size())
}
