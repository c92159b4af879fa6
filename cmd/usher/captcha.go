package main

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"

	"usher/auth"
	"usher/internal/captcha"
	"usher/internal/secret"
)

// gate are the settings of what strangers have to solve who sign up.
type gate struct {
	Captcha         string        `default:"none" enum:"none,altcha,turnstile,hcaptcha" placeholder:"KIND" help:"What strangers have to solve who sign up: altcha (work for their browsers, which nobody else is asked about), turnstile or hcaptcha."`
	CaptchaSecret   secret.String `placeholder:"SECRET" help:"Our secret at Turnstile or hCaptcha."`
	CaptchaHostname string        `placeholder:"HOST" help:"The host of the page that has Turnstile's or hCaptcha's widget; that of <public-url> where none is given."`
}

// check finds what nobody can sign up by.
func (g gate) check(who auth.SignUp) error {
	site := g.Captcha == "turnstile" || g.Captcha == "hcaptcha"
	switch {
	case who == auth.SignUpOpen && g.Captcha == "none":
		return errors.New("--sign-up open: strangers need something to solve, and --captcha is not set")
	case site != !g.CaptchaSecret.Empty():
		return errors.New("--captcha-secret: turnstile and hcaptcha need it, and nothing else does")
	}
	return nil
}

// verifier judges what strangers have solved. It is nil for what the Authority hands out itself.
func (g gate) verifier(public string) captcha.Verifier {
	site := captcha.Site{Secret: g.CaptchaSecret, Hostname: cmp.Or(g.CaptchaHostname, hostname(public)), Client: http.DefaultClient}
	switch g.Captcha {
	case "turnstile":
		site.URL, site.Action = captcha.Turnstile, "sign-up"
	case "hcaptcha":
		site.URL = captcha.HCaptcha
	default:
		return nil
	}
	return site
}

// hostname is that of an address that was checked.
func hostname(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
