package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"usher/internal/captcha"
)

var signUpInLog = regexp.MustCompile(`link="?http://\S+/confirm-sign-up#token=([\w-]+)`)

// Whoever develops signs up with nothing but the program: the link is in the log. A challenge outlasts a restart.
func TestAStrangerSignsUpAtTheProgram(t *testing.T) {
	t.Parallel()
	onEngines(t, func(t *testing.T, dir string, flags []string) {
		flags = append(flags, "--listen", "127.0.0.1:0", "--sign-up", "open", "--captcha", "altcha", "--admin-email", adminEmail, "--admin-password", adminPassword)
		p := launch(t, programAt(t, dir, flags...))
		p.awaitListening(t)
		var c captcha.Challenge
		got := p.ask(t.Context(), "GET", "/v1/captcha/challenge", "", "")
		require.NoError(t, json.Unmarshal([]byte(got.body), &c), got.body)
		require.NoError(t, p.Process.Kill())
		p.awaitEnd(t)
		p = launch(t, programAt(t, dir, flags...))
		p.awaitListening(t)
		stranger := fmt.Sprintf(`{"email":"bob@example.com","username":"Bob","captchaToken":%q}`, captcha.Solve(c))
		require.Equal(t, http.StatusAccepted, p.ask(t.Context(), "POST", "/v1/users", "", stranger).status)
		token := p.await(t, signUpInLog)[1]
		require.Equal(t, 204, p.ask(t.Context(), "POST", "/v1/auth/sign-up/confirm", "", fmt.Sprintf(`{"token":%q,"password":"gmi28abc"}`, token)).status)
		signIn := `{"grant_type":"password","username":"bob@example.com","password":"gmi28abc"}`
		require.Equal(t, 200, p.ask(t.Context(), "POST", "/v1/auth/token", "", signIn).status)
	})
}

func TestSignUpIsOpenOnlyWithAllThatItNeeds(t *testing.T) {
	t.Parallel()
	for says, flags := range map[string]string{
		"--sign-up open: strangers need something to solve, and --captcha is not set": "--sign-up open",
		"--captcha-secret: turnstile and hcaptcha need it, and nothing else does":     "--sign-up open --captcha turnstile",
		"--captcha-secret: turnstile and hcaptcha need it":                            "--captcha altcha --captcha-secret s3cret",
		"--sign-up open: strangers sign up by mail, and --smtp is not set":            "--sign-up open --captcha altcha --listen 127.0.0.1:0 --public-url https://usher.example.com",
	} {
		_, stderr, code := finish(t, t.TempDir(), strings.Fields(flags)...)
		assert.Equal(t, 2, code, flags)
		assert.Contains(t, stderr, says)
		assert.NotContains(t, stderr, "s3cret")
	}
}

// Each service is asked where it is, about the host that has its widget.
func TestServicesOfCaptchasAreAskedWhereTheyAre(t *testing.T) {
	t.Parallel()
	require.Nil(t, gate{Captcha: "altcha"}.verifier("https://usher.example.com:8443/door"))
	site := gate{Captcha: "turnstile"}.verifier("https://usher.example.com:8443/door").(captcha.Site)
	require.Equal(t, [3]string{captcha.Turnstile, "usher.example.com", "sign-up"}, [3]string{site.URL, site.Hostname, site.Action})
	site = gate{Captcha: "hcaptcha", CaptchaHostname: "app.example.com"}.verifier("https://usher.example.com").(captcha.Site)
	require.Equal(t, [3]string{captcha.HCaptcha, "app.example.com", ""}, [3]string{site.URL, site.Hostname, site.Action})
}
