package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/redistest"
)

// asProgram in the environment makes the test binary the program itself.
const asProgram = "USHER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	redistest.Main(m)
}

// inProcess runs the program within the test, and returns what it printed, with its error as main prints it.
func inProcess(t *testing.T, env map[string]string, args ...string) (stdout, message string, code int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // should it come to serve, then not for long
	var out, log bytes.Buffer
	err := run(ctx, args, func(name string) string { return env[name] }, &out, &log)
	if err != nil {
		message = oneLine(err)
	}
	return out.String(), message, exitCode(err)
}

func TestMistakesInSettingsAreUsageErrors(t *testing.T) {
	t.Parallel()
	empty := t.TempDir() + "/empty"
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for name, row := range map[string]struct {
		args []string
		env  map[string]string
		says string
	}{
		"unknown flag":        {[]string{"--lisen", "x"}, nil, "--listen"},
		"unknown command":     {[]string{"serv"}, nil, "serv"},
		"no subcommand":       {[]string{"workspace"}, nil, "create"},
		"no name":             {[]string{"workspace", "create"}, nil, "--name"},
		"listen":              {[]string{"--listen", "8080"}, nil, "--listen"},
		"listen, port":        {[]string{"--listen", "127.0.0.1:99999"}, nil, "--listen"},
		"data":                {[]string{"--data="}, nil, "--data"},
		"public url":          {[]string{"--public-url", "usher.example.com"}, nil, "--public-url"},
		"public url, query":   {[]string{"--public-url", "https://usher.example.com/?a"}, nil, "--public-url"},
		"room url":            {nil, map[string]string{"USHER_ROOM_URL": "ftp://example.com"}, "--room-url"},
		"proxies":             {[]string{"--trusted-proxies", "10.0.0.0/8,everybody"}, nil, "everybody"},
		"proxies, variable":   {nil, map[string]string{"USHER_TRUSTED_PROXIES": "10.0.0.1,everybody"}, `"everybody"`},
		"origins":             {[]string{"--cors-origins", "https://app.example.com/"}, nil, "--cors-origins"},
		"origins, all":        {[]string{"--cors-origins", "*"}, nil, "--cors-origins"},
		"origins, none":       {[]string{"--cors-origins", "null"}, nil, "--cors-origins"},
		"return hosts":        {[]string{"--return-hosts", "https://app.example.com"}, nil, "--return-hosts"},
		"return hosts, path":  {[]string{"--return-hosts", "app.example.com/a"}, nil, "--return-hosts"},
		"sign-up":             {[]string{"--sign-up", "open"}, nil, "--sign-up"},
		"link ttl":            {[]string{"--max-link-ttl", "59s"}, nil, "--max-link-ttl"},
		"access ttl":          {[]string{"--access-ttl", "0s"}, nil, "--access-ttl"},
		"not a duration":      {nil, map[string]string{"USHER_REFRESH_IDLE": "3 weeks"}, "--refresh-idle"},
		"log format":          {[]string{"--log-format", "xml"}, nil, "--log-format"},
		"log level":           {[]string{"--log-level", "loud"}, nil, "--log-level"},
		"redis mode":          {[]string{"--redis", "localhost", "--redis-mode", "ring"}, nil, "--redis-mode"},
		"redis master":        {[]string{"--redis", "localhost", "--redis-mode", "sentinel"}, nil, "master"},
		"redis prefix":        {[]string{"--redis", "localhost", "--redis-prefix", "a{b}"}, nil, "prefix"},
		"secret twice":        {nil, map[string]string{"USHER_REDIS": "x", "USHER_REDIS_FILE": "y"}, "both set"},
		"secret's file":       {nil, map[string]string{"USHER_ADMIN_PASSWORD_FILE": "/nowhere/at/all"}, "/nowhere/at/all"},
		"secret's empty file": {nil, map[string]string{"USHER_CLIENT_SECRET_FILE": empty}, "empty"},
		"admin's e-mail":      {[]string{"--admin-email", "nobody"}, nil, "--admin-email"},
		"a short password":    {[]string{"workspace", "create", "--name", "x", "--admin-password", "gmi28"}, nil, "--admin-password"},
		"a common password":   {nil, map[string]string{"USHER_ADMIN_PASSWORD": "password1"}, "--admin-password"},
		"a short secret":      {[]string{"--client-secret", "gmi28"}, nil, "--client-secret"},
		"a name":              {[]string{"workspace", "create", "--name", "\n"}, nil, "--name"},
		"another password":    {[]string{"admin", "reset", "--email", "ann@example.com", "--admin-password", "gmi28"}, nil, "--admin-password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, message, code := inProcess(t, row.env, row.args...)
			assert.Equal(t, 2, code, message)
			assert.Contains(t, message, row.says)
			assert.NotContains(t, message, "\n")
			assert.Empty(t, stdout)
		})
	}
}

func TestNoMessageShowsAPassword(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"not a url":           {"--redis", "redis://:hunter%2@localhost:6379"},
		"no such port":        {"--redis", "redis://user:hunter2@localhost:port"},
		"an argument":         {"redis://:hunter2@localhost:6379"},
		"an argument, behind": {"serve", "redis://:hunter2@localhost/0"},
		"another flag":        {"--redis-url=redis://:hunter2@localhost/0"},
		"another flag's":      {"--redis-mode", "redis://:hunter2@localhost/0"},
		"a slash":             {"serve", "redis://u:hunter2/et@localhost:6379"},
		"spaces":              {"serve", "redis://u:hunter2 et cetera@localhost:6379"},
		"quotes":              {"--redis-mode", `u:"hunter2" et@localhost:6379`},
		"no scheme":           {"u:hunter2@localhost:6379"},
		"no user":             {"serve", "hunter2@localhost:6379"},
		"a proxy":             {"--trusted-proxies", "u:hunter2/et@localhost:6379"},
		"several":             {"--redis", "redis://:hunter2@one:6379,two:6379"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, message, code := inProcess(t, nil, args...)
			assert.Equal(t, 2, code)
			assert.NotContains(t, message, "hunter")
			assert.NotContains(t, message, "\n")
		})
	}
}

func TestNoMessageShowsAVariablesPassword(t *testing.T) {
	t.Parallel()
	_, message, code := inProcess(t, map[string]string{"USHER_REDIS_MODE": "redis://u:hunter2 et@localhost"})
	assert.Equal(t, 2, code)
	assert.Contains(t, message, "--redis-mode")
	assert.NotContains(t, message, "hunter")
}

func TestHelpNamesEveryVariable(t *testing.T) {
	t.Parallel()
	stdout, message, code := inProcess(t, nil, "serve", "--help")
	require.Zero(t, code, message)
	for _, word := range []string{"--listen", "$USHER_LISTEN", "$USHER_REDIS_FILE", "127.0.0.1:8080"} {
		assert.Contains(t, stdout, word)
	}
	assert.NotContains(t, stdout, "$USHER_LISTEN_FILE")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	stdout, message, code := inProcess(t, nil, "version")
	require.Zero(t, code, message)
	assert.True(t, strings.HasPrefix(stdout, "usher "), stdout)
}
