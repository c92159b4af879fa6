package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
		stdout, stderr, code := finish(t, dir, append(flags, "admin", "reset", "--email", "nobody@example.com")...)
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Equal(t, "usher: the workspace has no user of this e-mail address\n", stderr)
	})
}
