package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/browsertest"
)

// node runs a script of testdata/pagecall with axios from npm. Of the script nothing is changed but the base URL and the
// key.
func (p *process) node(t *testing.T, script, key string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "pagecall", script))
	require.NoError(t, err)
	changed := strings.NewReplacer("https://api.pagecall.com/v1", p.url+"/pagecall/v1", "YOUR_API_KEY", key).Replace(string(text))
	require.NotEqual(t, string(text), changed)
	file := filepath.Join(t.TempDir(), script)
	require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
	cmd := exec.CommandContext(t.Context(), "node", file)
	cmd.Env = []string{"NODE_PATH=" + browsertest.Axios(t), "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

// What integrators have written for the other API runs as it stands.
func TestClientsOfTheOtherAPIRunAsTheyStand(t *testing.T) {
	t.Parallel()
	p := serving(t, t.TempDir(), "--admin-email", adminEmail, "--admin-password", adminPassword)
	made := p.made(t, "/v1/api-keys", p.signIn(t), `{"name":"Back end","scopes":["users:write","rooms:write"]}`)
	var key struct{ Key string }
	require.NoError(t, json.Unmarshal([]byte(made.body), &key))

	for range 2 { // a user who is there already is the same, with the same token
		said := p.node(t, "create-user.js", key.Key)
		require.Regexp(t, `^User created with AccessToken: [A-Za-z0-9_-]{32}\n$`, said)
		_, token, _ := strings.Cut(strings.TrimSpace(said), ": ")
		user := p.ask(t.Context(), "GET", "/pagecall/v1/users/USER_ID_ASSIGNED_BY_YOUR_SERVICE", key.Key, "")
		require.Equal(t, 200, user.status)
		require.Contains(t, user.body, token)
	}
	said := p.node(t, "create-room.js", key.Key)
	require.Regexp(t, `^Meeting room created with ID: [0-9a-f]{24}\n$`, said)
	_, room, _ := strings.Cut(strings.TrimSpace(said), ": ")
	members := p.ask(t.Context(), "GET", "/pagecall/v1/rooms/"+room+"/members", key.Key, "")
	require.Contains(t, members.body, `"user_id":"USER_ID_ASSIGNED_BY_YOUR_SERVICE"`)
}
