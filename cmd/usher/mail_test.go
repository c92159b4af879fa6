package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/mailtest"
	"usher/internal/redistest"
)

// mailingBy are the flags for mails that go out by a server.
func mailingBy(server *mailtest.Server) []string {
	return []string{"--smtp", server.URL(), "--mail-from", "The door <door@example.com>"}
}

func forgotten(email string) string { return fmt.Sprintf(`{"email":%q}`, email) }

// A mail that was asked for is sent, also when the process is killed before, and the server of the mails comes late.
func TestAMailSurvivesAKill(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		server := mailtest.Start(t)
		server.Stop()
		flags = append(flags, mailingBy(server)...)
		p := servingAnn(t, dir, flags...)
		require.Equal(t, 202, p.ask(t.Context(), "POST", "/v1/auth/password/forgot", "", forgotten(adminEmail)).status)
		require.NoError(t, p.Process.Kill())
		p.awaitEnd(t)
		require.Empty(t, server.Letters())
		server.Again()
		p = servingAnn(t, dir, flags...)
		got := server.Next()
		require.Equal(t, adminEmail, got.To)
		require.Contains(t, got.Link(), "https://usher.example.com/reset-password#token=")
		reset := fmt.Sprintf(`{"token":%q,"newPassword":"a long sentence is best"}`, got.Token())
		require.Equal(t, 204, p.ask(t.Context(), "POST", "/v1/auth/password/reset", "", reset).status)
		require.Equal(t, "200", p.signInWith(t, "a long sentence is best").word())
		require.NotContains(t, p.log(), got.Token())
	})
}

// A fleet sends every mail, and each one once.
func TestAFleetSendsEachMailOnce(t *testing.T) {
	t.Parallel()
	server, flags := mailtest.Start(t), append([]string{"--redis", redistest.URL(t), "--redis-prefix", redistest.Prefix(t)}, "--audit-kept", "24h")
	var fleet []*process
	for range 3 {
		fleet = append(fleet, servingAnn(t, t.TempDir(), append(flags, mailingBy(server)...)...))
	}
	admin := fleet[0].signIn(t)
	const many = 24
	for i := range many {
		fleet[0].made(t, "/v1/users", admin, fmt.Sprintf(`{"email":"user%d@example.com","username":"user %d","password":"gmi28abc"}`, i, i))
	}
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			a := fleet[i%3].ask(t.Context(), "POST", "/v1/auth/password/forgot", "", forgotten(fmt.Sprintf("user%d@example.com", i)))
			assert.Equal(t, 202, a.status, a.body)
		})
	}
	all.Wait()
	times := map[string]int{}
	for range many {
		times[server.Next().To]++
	}
	for _, p := range fleet { // whoever was about to send one more would do so before it ends
		require.NoError(t, p.Process.Signal(os.Interrupt))
		require.Zero(t, p.awaitEnd(t))
	}
	require.Len(t, times, many)
	require.Len(t, server.Letters(), many)
}

var linkInLog = regexp.MustCompile(`link="?(http://\S+/reset-password#token=[\w-]+)`)

// Whoever develops finds the links in the log; in production nobody does, and everybody is told that mail is off.
func TestWithoutAServerOfMails(t *testing.T) {
	t.Parallel()
	p := launch(t, programAt(t, t.TempDir(), "--listen", "127.0.0.1:0", "--admin-email", adminEmail, "--admin-password", adminPassword))
	p.awaitListening(t)
	require.Contains(t, p.log(), "mail is off")
	require.Equal(t, 202, p.ask(t.Context(), "POST", "/v1/auth/password/forgot", "", forgotten(adminEmail)).status)
	link := p.await(t, linkInLog)[1]
	page, token, _ := strings.Cut(link, "#token=")
	require.Equal(t, p.url+"/reset-password", page)
	reset := fmt.Sprintf(`{"token":%q,"newPassword":"a long sentence is best"}`, token)
	require.Equal(t, 204, p.ask(t.Context(), "POST", "/v1/auth/password/reset", "", reset).status)

	p = servingAnn(t, t.TempDir())
	require.Contains(t, p.log(), "mail is off, because --smtp is not set: nobody can recover a password")
	for _, email := range []string{adminEmail, "nobody@example.com"} {
		require.Equal(t, "503 mail_off", p.ask(t.Context(), "POST", "/v1/auth/password/forgot", "", forgotten(email)).word())
	}
	require.NotContains(t, p.log(), "token=")
}

func TestSettingsOfMailsAreHeldTogether(t *testing.T) {
	t.Parallel()
	for says, flags := range map[string][]string{
		"--smtp, --mail-from: one needs the other": {"--smtp", "smtp://ann:s3cret@mail.example.com"},
		"--smtp: not an address":                   {"--smtp", "http://ann:s3cret@mail.example.com", "--mail-from", "door@example.com"},
		"--mail-from: not an e-mail address":       {"--smtp", "smtp://ann:s3cret@mail.example.com", "--mail-from", "door"},
		"--account-url: not an http or https URL":  {"--account-url", "ftp://example.com"},
		"--mail-templates: ":                       {"--mail-templates", "/dev/null/none"},
	} {
		_, stderr, code := finish(t, t.TempDir(), flags...)
		assert.Equal(t, 2, code, says)
		assert.Contains(t, stderr, says)
		assert.NotContains(t, stderr, "s3cret")
	}
}
