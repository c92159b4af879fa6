package handlers

import (
	"errors"
	"fmt"
	"maps"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/secret"
)

// A signUpForm is what a page shows to who may make an account there.
type signUpForm struct {
	SignUp          bool
	Captcha         bool   // but as any stranger may
	Mailed, Refused bool   // what came of it: a mail is on its way, or there is a problem
	Email, Username string // as they were typed
}

// typed keeps what somebody has typed, who may be asked again, and what came of it.
func (f *signUpForm) typed(form url.Values, err error) {
	f.Email, f.Username = form.Get("email"), form.Get("username")
	f.Mailed, f.Refused = err == nil, err != nil
	if form.Get("do") != "sign-up" {
		f.Mailed, f.Refused = false, false
	}
}

// A signUpDesk takes the forms of pages on which one signs up, as createUser, with that one's limit.
type signUpDesk struct {
	*api
	op operation
}

func (a *api) signUpDesk(doc *openapi3.T) (signUpDesk, error) {
	item := doc.Paths.Find("/v1/users")
	op, err := readOperation(item, item.Post)
	if err != nil {
		return signUpDesk{}, fmt.Errorf("handlers: sign-up: %w", err)
	}
	return signUpDesk{a, op}, nil
}

// take makes of a form what a front end would send, with some fields more, and has it counted and answered as that.
func (s signUpDesk) take(c *call, form url.Values, workspace string, more map[string]any, h func(*call, wire.NewUser) (any, error)) error {
	client, err := s.Authority.PublicClient(c, workspace)
	if err != nil {
		return err
	}
	c.who = auth.Identity{}
	fields := map[string]any{
		"email": form.Get("email"), "username": form.Get("username"), "client_id": client, "captchaToken": form.Get("captchaToken"),
	}
	maps.Copy(fields, more)
	return s.sends(c, s.op, kindJSON, fields, with(h))
}

// signsOut ends the session of who wants to come as somebody else, and his cookies.
func (a *api) signsOut(c *call, who auth.Identity) error {
	err := a.Spaces.Logout(c, who)
	if err == nil || errors.Is(err, auth.ErrInvalidToken) {
		a.forget(c)
		return nil
	}
	return err
}

func newUserOf(in wire.NewUser) auth.NewUser {
	return auth.NewUser{
		Email: in.Email, Username: in.Username, Password: secret.New(in.Password),
		Name: in.Name, Phone: in.Phone, ProfileURL: in.ProfileURL,
	}
}

func strangerOf(c *call, in wire.NewUser) auth.Stranger {
	return auth.Stranger{NewUser: newUserOf(in), Client: in.ClientID, Captcha: in.CaptchaToken, Address: c.gin.ClientIP()}
}
