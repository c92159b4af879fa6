package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A step of the README's transcript: what is pasted, and what is said to come of it.
type step struct{ script, output string }

var (
	chapter = regexp.MustCompile(`(?s)<!-- transcript -->(.*?)<!-- end -->`)
	block   = regexp.MustCompile("(?s)```(sh|text)\n(.*?)```")
)

func transcript(t *testing.T) []step {
	t.Helper()
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	found := chapter.FindSubmatch(text)
	require.NotNil(t, found)
	var steps []step
	for _, b := range block.FindAllStringSubmatch(string(found[1]), -1) {
		if b[1] == "sh" {
			steps = append(steps, step{script: b[2]})
		} else {
			steps[len(steps)-1].output += b[2]
		}
	}
	require.Greater(t, len(steps), 8)
	return steps
}

const boundary = "--- the next step ---\n"

// The transcript, pasted as it stands behind the credentials, prints what the README shows.
func TestReadmeTranscript(t *testing.T) {
	t.Parallel()
	steps := transcript(t)
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		serving(t, dir, flags...)
		files := credentials(t, dir)
		require.Len(t, files, 1)
		script := ". " + files[0] + "\n"
		for _, s := range steps {
			script += s.script + "printf '\\n%s' '" + boundary + "'\n"
		}
		printed := strings.Split(sh(t, t.TempDir(), script), boundary)
		require.Len(t, printed, len(steps)+1)
		for i, s := range steps {
			if !assert.Equal(t, masked(s.output), masked(printed[i]), s.script) {
				t.Fatalf("it prints\n%s", printed[i])
			}
			likeInstants(t, s.output, printed[i])
		}
	})
}

var instant = regexp.MustCompile(`T\d\d:\d\d:\d\d(\.\d+)?Z`)

// likeInstants holds the form of the README's instants against that of the program's: whole seconds, or milliseconds,
// of which zeros at the end are not written.
func likeInstants(t *testing.T, shown, printed string) {
	t.Helper()
	got := instant.FindAllStringSubmatch(printed, -1)
	for i, one := range instant.FindAllStringSubmatch(shown, -1) {
		if one[1] == "" {
			assert.Empty(t, got[i][1], shown)
		} else {
			assert.Len(t, one[1], len(".000"), shown)
			assert.LessOrEqual(t, len(got[i][1]), len(".000"), printed)
		}
	}
}

// What varies from run to run, and how it is abbreviated in the README.
var varying = []struct {
	what *regexp.Regexp
	mask string
}{
	{regexp.MustCompile(`\s+`), ""},
	{regexp.MustCompile(`[0-9a-f]{24}`), "ID"},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "SERVER"},
	{regexp.MustCompile(`/room/[\w-]{12}\?`), "/room/ALIAS?"},
	{regexp.MustCompile(`"alias":"[\w-]{12}"`), `"alias":"ALIAS"`},
	{regexp.MustCompile(`accessToken=(…|[\w-]{80,})`), "accessToken=TOKEN"},
	{regexp.MustCompile(`"(access_token|refresh_token|roomToken|seatKey)":"[\w.-]+…?"`), `"$1":"TOKEN"`},
	{regexp.MustCompile(`"requestId":"[0-9a-f]+"`), `"requestId":"REQUEST"`},
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z"`), `"INSTANT"`},
}

func masked(output string) string {
	for _, v := range varying {
		output = v.what.ReplaceAllString(output, v.mask)
	}
	return output
}
