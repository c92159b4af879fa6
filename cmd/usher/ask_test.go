package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	adminEmail    = "ann@example.com"
	adminPassword = "not 'a common' one"
)

// servingAnn starts the program with an administrator whose password is known. Its tokens name one issuer, whichever
// port it has.
func servingAnn(t *testing.T, dir string, flags ...string) *process {
	t.Helper()
	return serving(t, dir, append([]string{
		"--public-url", "https://usher.example.com", "--admin-email", adminEmail, "--admin-password", adminPassword,
	}, flags...)...)
}

type answer struct {
	status     int
	kind, body string
}

// text is a field of a JSON body, or "".
func (a answer) text(field string) string {
	var fields map[string]any
	_ = json.Unmarshal([]byte(a.body), &fields)
	text, _ := fields[field].(string)
	return text
}

// ask sends a request; body is JSON, or none where it is empty. An error is one of the connection.
func (p *process) ask(ctx context.Context, method, path, token, body string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	read, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header.Get("Content-Type"), string(read)}, err
}

// post makes what has to succeed, and returns a field of the answer.
func (p *process) post(t *testing.T, path, token, body, field string) string {
	t.Helper()
	got, err := p.ask(t.Context(), "POST", path, token, body)
	require.NoError(t, err)
	require.Less(t, got.status, 300, got.body)
	return got.text(field)
}

var signInAsAnn = `{"grant_type":"password","username":"` + adminEmail + `","password":"` + adminPassword + `"}`

// signIn gives Ann's access token.
func (p *process) signIn(t *testing.T) string {
	t.Helper()
	return p.post(t, "/v1/auth/token", "", signInAsAnn, "access_token")
}

// redemption is a request for a seat by a guest link, with a seat key of its own.
func redemption(token string) string {
	return fmt.Sprintf(`{"accessToken":%q,"seatKey":%q}`, token, rand.Text())
}

// tokenOf is the token of the guest link that an answer shows.
func tokenOf(access answer) string {
	_, token, _ := strings.Cut(access.text("url"), "accessToken=")
	return token
}
