package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Signs in, goes to a room, and asks for what the settings of the test below are about.
const underSettings = `
field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
post() { curl -s -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$3" "$AT$2"; }
sign_in() { curl -s $AT/v1/auth/token -d grant_type=password --data-urlencode username="$1" --data-urlencode password="$2"; }
sign_in "$ADMIN_EMAIL" "$ADMIN_PASSWORD"
ADMIN=$(sign_in "$ADMIN_EMAIL" "$ADMIN_PASSWORD" | field access_token)
post $ADMIN /v1/users '{"email":"ann@example.com","username":"Ann","password":"gmi28abc"}'
ANN=$(sign_in Ann gmi28abc | field access_token)
post $ANN /v1/users '{"email":"joe@example.com","username":"Joe","password":"gmi28abc"}'
SPACE=$(post $ADMIN /v1/spaces '{"name":"School"}' | field id)
ROOM=$(post $ADMIN /v1/spaces/$SPACE/rooms '{"name":"Algebra"}' | field id)
post $ADMIN /v1/spaces/$SPACE/rooms/$ROOM/generate-access '{"username":"John","role":"user","ttl":7200}'
post $ADMIN /v1/spaces/$SPACE/rooms/$ROOM/generate-access '{"username":"John","role":"user","ttl":7201}'
curl -s -X POST -H "Authorization: Bearer $ADMIN" $AT/v1/spaces/$SPACE/rooms/$ROOM/join
post $ANN /v1/spaces '{"name":"Club"}'
`

func TestSettingsTakeEffect(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, dir, "--data", "other.db", "--public-url", "https://usher.example.com/", "--room-url", "https://rooms.example.com",
		"--sign-up", "admins", "--create-space", "admins", "--max-link-ttl", "2h", "--access-ttl", "60s", "--room-token-ttl", "30s", "--log-format", "text")
	files := credentials(t, dir)
	require.Equal(t, []string{dir + "/other.db.credentials"}, files)
	answers := strings.Split(strings.TrimSpace(sh(t, dir, ". "+files[0]+"; AT="+p.url+underSettings)), "\n")
	require.Len(t, answers, 7)

	assert.Contains(t, answers[0], `"expires_in":60`)
	access := claimsOf(t, answers[0])
	assert.Equal(t, "https://usher.example.com", access["iss"])
	assert.Contains(t, answers[1], `"id"`)
	assert.Contains(t, answers[2], `"forbidden"`, "--sign-up admins")
	assert.Contains(t, answers[2], "https://usher.example.com/problems#forbidden")
	assert.Contains(t, answers[3], `"url":"https://rooms.example.com/`)
	assert.Contains(t, answers[4], `"field":"/ttl"`)
	room := claimsOf(t, answers[5])
	assert.InDelta(t, 30, room["exp"].(float64)-room["iat"].(float64), 1)
	assert.Contains(t, answers[6], `"forbidden"`, "--create-space admins")

	readme, err := os.ReadFile(readme)
	require.NoError(t, err)
	for _, claims := range []map[string]any{access, room} {
		for name := range claims {
			assert.True(t, bytes.Contains(readme, []byte("`"+name+"`")), "the README does not name the claim %s", name)
		}
	}
}

var anyToken = regexp.MustCompile(`"eyJ[\w-]+\.([\w-]+)\.`)

// claimsOf are the claims of the token in an answer.
func claimsOf(t *testing.T, answer string) map[string]any {
	t.Helper()
	found := anyToken.FindStringSubmatch(answer)
	require.NotNil(t, found, answer)
	raw, err := base64.RawURLEncoding.DecodeString(found[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(raw, &claims))
	return claims
}

func TestTheLogIsJSONWhereAsked(t *testing.T) {
	t.Parallel()
	p := launch(t, programAt(t, t.TempDir(), "--listen", "127.0.0.1:0", "--log-format", "json"))
	p.await(t, regexp.MustCompile(`"msg":"listening"`))
	for line := range strings.Lines(p.log()) {
		assert.True(t, json.Valid([]byte(line)), line)
	}
}

func TestTheLogKeepsToItsLevel(t *testing.T) {
	t.Parallel()
	_, stderr, code := finish(t, t.TempDir(), "--log-level", "error", "admin", "reset", "--email", "nobody@example.com")
	assert.Equal(t, 1, code)
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
}
