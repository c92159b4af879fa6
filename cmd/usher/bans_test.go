package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Somebody guesses, has to wait, and is let guess again by the operator: at once, and at every process.
func TestAGuesserIsBannedAndForgiven(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		p := servingAnn(t, dir, flags...)
		guess := func() answer { return p.signInWith(t, "not 'the right' one") }
		last := guess()
		for last.status == 400 {
			last = guess()
		}
		require.Equal(t, "429 limited", last.word())
		onFile := len(flags) == 0
		if onFile {
			require.NoError(t, p.Process.Kill())
			p.awaitEnd(t)
		}
		list := func() (bans []bannedOne) {
			stdout, stderr, code := finish(t, dir, append(flags, "bans", "list")...)
			require.Zero(t, code, stderr)
			for line := range strings.Lines(stdout) {
				bans = append(bans, bannedOne{})
				require.NoError(t, json.Unmarshal([]byte(line), &bans[len(bans)-1]))
			}
			return bans
		}
		bans := list()
		require.Len(t, bans, 1)
		assert.Equal(t, bannedOne{
			ID: bans[0].ID, Limit: "sign-in", By: "account", Subject: fmt.Sprintf("user %s from 127.0.0.1", adminEmail), Strikes: 1, Until: bans[0].Until,
		}, bans[0])
		assert.WithinDuration(t, time.Now().Add(time.Minute), bans[0].Until, time.Minute)
		if onFile { // a restart is no pardon
			p = servingAnn(t, dir, flags...)
			require.Equal(t, "429 limited", guess().word())
			require.NoError(t, p.Process.Kill())
			p.awaitEnd(t)
		}

		_, stderr, code := finish(t, dir, append(flags, "bans", "lift", bans[0].ID)...)
		require.Zero(t, code, stderr)
		require.Empty(t, list())
		_, stderr, code = finish(t, dir, append(flags, "bans", "lift", bans[0].ID)...)
		assert.Equal(t, 1, code)
		assert.Contains(t, stderr, "there is no such ban in ")
		if onFile {
			p = servingAnn(t, dir, flags...)
		}
		require.Equal(t, "400 invalid_grant", guess().word())
		events := p.ask(t.Context(), "GET", "/v1/audit?type=guesser_banned", p.signIn(t), "")
		require.Len(t, events.Items, 1)
		assert.Contains(t, events.body, `"reason":"sign_in_account"`)
		assert.Contains(t, events.body, `"subjectId"`)
	})
}
