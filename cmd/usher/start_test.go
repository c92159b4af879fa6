package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

// signingInAs says who signs in, given the credentials that sh has read.
const signingInAs = ` curl -s "$AT/v1/auth/token" -d grant_type=password --data-urlencode "username=$ADMIN_EMAIL" ` +
	`--data-urlencode "password=$ADMIN_PASSWORD"`

func TestFirstStartShowsCredentialsOnce(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		first := serving(t, dir, flags...)
		files := credentials(t, dir)
		require.Len(t, files, 1)
		info, err := os.Stat(files[0])
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode())
		assert.Contains(t, first.log(), "path="+files[0])

		secrets, err := os.ReadFile(files[0])
		require.NoError(t, err)
		for _, secret := range regexp.MustCompile(`(?:PASSWORD|SECRET)='(.+)'`).FindAllStringSubmatch(string(secrets), -1) {
			assert.NotContains(t, first.log()+first.printed(t), secret[1])
		}
		answer := sh(t, dir, ". "+files[0]+" && AT=$USHER;"+signingInAs)
		assert.Contains(t, answer, `"refresh_token"`)

		require.NoError(t, first.Process.Signal(os.Interrupt))
		require.Zero(t, first.awaitEnd(t))
		second := serving(t, dir, flags...)
		assert.Empty(t, second.printed(t))
		assert.Len(t, credentials(t, dir), 1)
		answer = sh(t, dir, ". "+files[0]+" && AT="+second.url+";"+signingInAs)
		assert.Contains(t, answer, `"refresh_token"`)
		assert.Equal(t, 200, second.status(t, "/readyz"))
	})
}

// What guards a password is as costly as the program means it to be.
func TestPasswordsAreHashedAsRecommended(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir)
	stored, err := os.ReadFile(filepath.Join(dir, "usher.db"))
	require.NoError(t, err)
	found := regexp.MustCompile(`argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+`).FindAllString(string(stored), -1)
	require.NotEmpty(t, found)
	for _, params := range found {
		assert.Equal(t, "argon2id$v=19$m=19456,t=2,p=1", params)
	}
}

func TestThePrintedLinesWorkAsTheyStand(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, _ string, flags []string) {
		dir := filepath.Join(t.TempDir(), "it's here")
		require.NoError(t, os.Mkdir(dir, 0o700))
		p := serving(t, dir, flags...)
		_, script, found := strings.Cut(p.printed(t), "\n\n")
		require.True(t, found)
		assert.Equal(t, 4, strings.Count(strings.TrimSpace(script), "\n")+1)
		out := sh(t, t.TempDir(), script) // wherever one is
		assert.Regexp(t, `^signed in: eyJ\S+\nspace: [0-9a-f]{24}\nroom: [0-9a-f]{24}\n\{.*"url":"`+p.url+`/room/`, out)
	})
}

func TestGivenCredentialsAreUsed(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		secret := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(secret, []byte("s3cret of the back end\n"), 0o600))
		cmd := programAt(t, dir, append([]string{"--listen", "127.0.0.1:0"}, flags...)...)
		cmd.Env = append(cmd.Env, "USHER_ADMIN_EMAIL=ann@example.com", "USHER_ADMIN_PASSWORD=not 'a common' one",
			"USHER_CLIENT_SECRET_FILE="+secret)
		p := launch(t, cmd)
		p.awaitListening(t)
		assert.Empty(t, p.printed(t))
		assert.Empty(t, credentials(t, dir))
		given := `ADMIN_EMAIL=ann@example.com ADMIN_PASSWORD="not 'a common' one" AT=` + p.url + ";"
		assert.Contains(t, sh(t, dir, given+signingInAs), `"refresh_token"`)
		assert.Contains(t, sh(t, dir, "curl -s "+p.url+`/v1/auth/token -d grant_type=client_credentials -d client_id=backend `+
			`--data-urlencode "client_secret=s3cret of the back end"`), `"access_token"`)
	})
}

func TestABadFirstPasswordMakesNothing(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		cmd := programAt(t, dir, append([]string{"--listen", "127.0.0.1:0"}, flags...)...)
		cmd.Env = append(cmd.Env, "USHER_ADMIN_PASSWORD=gmi28")
		p := launch(t, cmd)
		assert.Equal(t, 2, p.awaitEnd(t))
		assert.Contains(t, p.log(), "--admin-password: password: shorter than 8 characters")
		assert.NotContains(t, p.log()+p.printed(t), "gmi28")
		assert.NoFileExists(t, filepath.Join(dir, "usher.db"))
		assert.NotContains(t, p.log(), "made a workspace")
		serving(t, dir, flags...).await(t, regexp.MustCompile("made a workspace"))
	})
}

func TestCredentialsAreNotWrittenOverOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "usher.db.credentials")
	require.NoError(t, os.WriteFile(old, []byte("old"), 0o600))
	p := serving(t, dir)
	assert.Contains(t, p.log(), "path="+old+".2")
	kept, err := os.ReadFile(old)
	require.NoError(t, err)
	assert.Equal(t, "old", string(kept))
}

func TestAFleetMakesOneWorkspace(t *testing.T) {
	t.Parallel()
	dir, prefix := t.TempDir(), redistest.Prefix(t)
	var fleet [3]*process
	for i := range fleet {
		fleet[i] = launch(t, programAt(t, dir, "--listen", "127.0.0.1:0", "--redis", redistest.URL(t), "--redis-prefix", prefix))
	}
	made := 0
	for _, p := range fleet {
		p.awaitListening(t)
		made += strings.Count(p.log(), "made a workspace")
	}
	assert.Equal(t, 1, made)
	files := credentials(t, dir)
	require.Len(t, files, 1)
	for _, p := range fleet {
		assert.Contains(t, sh(t, dir, ". "+files[0]+" && AT="+p.url+";"+signingInAs), `"refresh_token"`)
	}
	options, err := redis.ParseURL(redistest.URL(t))
	require.NoError(t, err)
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	workspaces, err := client.Keys(t.Context(), prefix+":*:workspace:*").Result()
	require.NoError(t, err)
	assert.Len(t, workspaces, 1)
}
