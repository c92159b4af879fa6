package captcha

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/internal/secret"
)

// Where the services are asked.
const (
	Turnstile = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
	HCaptcha  = "https://api.hcaptcha.com/siteverify"
)

// patience is how long a service may take. Who can't be judged is not let in.
const patience = 3 * time.Second

// longestAnswer is more than a service says.
const longestAnswer = 64 << 10

// A Site asks a service that knows what its widget gave out: Turnstile and hCaptcha are asked alike.
type Site struct {
	URL      string
	Secret   secret.String
	Hostname string // whose form it is
	Action   string // what the form is for; not compared where empty, because hCaptcha knows none
	Client   *http.Client
}

var _ Verifier = Site{}

// Verify asks the service. Whatever is not a clear yes, for this host and this form, is a no.
func (s Site) Verify(ctx context.Context, token, remote string) error {
	if token == "" || len(token) > longest {
		return ErrRefused
	}
	form := url.Values{"secret": {s.Secret.Reveal()}, "response": {token}}
	if remote != "" {
		form.Set("remoteip", remote)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("%w: the address of the service", ErrUnavailable)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.Client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, withoutForm(err))
	}
	defer func() { _ = res.Body.Close() }() // it was read
	var says struct {
		Success  bool   `json:"success"`
		Hostname string `json:"hostname"`
		Action   string `json:"action"`
	}
	err = json.NewDecoder(io.LimitReader(res.Body, longestAnswer)).Decode(&says)
	if res.StatusCode != http.StatusOK || err != nil {
		return fmt.Errorf("%w: the service answers %d", ErrUnavailable, res.StatusCode)
	}
	if !says.Success || says.Hostname != s.Hostname || s.Action != "" && says.Action != s.Action {
		return ErrRefused
	}
	return nil
}

// withoutForm is what went wrong on the way, without the request.
func withoutForm(err error) error {
	if wrong, ok := errors.AsType[*url.Error](err); ok {
		return wrong.Err
	}
	return err
}
