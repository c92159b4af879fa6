package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers/pages"
	"usher/invites"
)

// An invitePage is the page behind an invite. Looking at it spends nothing, whoever looks; what it is for is done by its
// forms, without a script.
type invitePage struct {
	*api
	signUp         operation // createUser
	activate, mail *limit
}

func (a *api) mountInvite(e gin.IRouter, doc *openapi3.T) error {
	item := doc.Paths.Find("/v1/users")
	op, err := readOperation(item, item.Post)
	if err != nil {
		return fmt.Errorf("handlers: invite: %w", err)
	}
	p := invitePage{api: a, signUp: op}
	p.activate, _ = limitNamed("activate")
	p.mail, _ = limitNamed("mail")
	path := invites.Page(":spaceId", ":inviteId")
	read(e, path, p.look)
	e.POST(path, p.act)
	return nil
}

// invitee finds out who comes. What a page of another origin embeds or sends is refused.
func (p invitePage) invitee(g *gin.Context) (*call, error) {
	c := newCall(g)
	if !p.ours(g.Request) && (!led(g.Request) || g.Request.Method == http.MethodPost) {
		return c, errCrossOrigin
	}
	who, err := p.inCookies(c, "")
	if who.Kind == auth.User {
		c.who = who
	}
	return c, err
}

func (p invitePage) look(g *gin.Context) {
	c, err := p.invitee(g)
	if err != nil {
		p.fail(c, inviteView{}, err)
		return
	}
	p.answer(c, inviteView{}, nil)
}

// act does what a button is for. What is refused is shown where the button was.
func (p invitePage) act(g *gin.Context) {
	c, err := p.invitee(g)
	if err != nil {
		p.fail(c, inviteView{}, err)
		return
	}
	view, to := inviteView{}, p.here(c)
	form, err := c.form()
	if err == nil {
		view.Email, view.Username = form.Get("email"), form.Get("username")
		to, err = p.does(c, form, &view)
	}
	switch {
	case errors.Is(err, errNoToken), errors.Is(err, auth.ErrInvalidToken):
		g.Redirect(http.StatusSeeOther, p.here(c)) // where he finds how to sign in
	case err == nil && to != "":
		g.Redirect(http.StatusSeeOther, to)
	default:
		p.answer(c, view, err)
	}
}

// does is one button's work, and where it leads to; nowhere where the page says what is to be done now.
func (p invitePage) does(c *call, form url.Values, view *inviteView) (to string, err error) {
	do := form.Get("do")
	if do == "sign-up" {
		view.Mailed = true
		return "", p.signsUp(c, form)
	}
	if c.who.Kind != auth.User {
		return "", errNoToken
	}
	switch do {
	case "switch":
		return p.here(c), p.leave(c)
	case "verify":
		view.Verifying = true
		_, err := p.limits.count(c, p.mail, p.sendVerification)
		return "", err
	}
	_, err = p.limits.count(c, p.activate, p.activateInvite)
	return p.here(c), err
}

// leave signs out who wants to come as somebody else.
func (p invitePage) leave(c *call) error {
	err := p.Spaces.Logout(c, c.who)
	if err == nil || errors.Is(err, auth.ErrInvalidToken) {
		p.forget(c)
		return nil
	}
	return err
}

// signsUp makes of the form what a front end would send, and has it count and answered as that.
func (p invitePage) signsUp(c *call, form url.Values) error {
	c.who = auth.Identity{}
	found, err := p.Desk.PreviewInvite(c, c.id("spaceId"), c.id("inviteId"))
	if err != nil {
		return err
	}
	client, err := p.Authority.PublicClient(c, found.Workspace)
	if err != nil {
		return err
	}
	return p.sends(c, p.signUp, kindJSON, map[string]any{
		"email": form.Get("email"), "username": form.Get("username"), "client_id": client, "captchaToken": form.Get("captchaToken"),
		"invite": map[string]any{"spaceId": c.id("spaceId"), "inviteId": c.id("inviteId")},
	}, with(p.createUser))
}

func (p invitePage) here(c *call) string {
	return p.PublicURL + invites.Page(url.PathEscape(c.id("spaceId")), url.PathEscape(c.id("inviteId")))
}

// answer shows what there is to do, and what has become of a button.
func (p invitePage) answer(c *call, view inviteView, because error) {
	err := p.stand(c, &view)
	if because != nil { // it says more than what stands in the way now
		err, view.Mailed, view.Verifying = because, false, false
	}
	if err != nil {
		p.fail(c, view, err)
		return
	}
	p.render(c, http.StatusOK, view)
}

func (p invitePage) fail(c *call, view inviteView, err error) {
	told := p.told(c.gin, err)
	view.explain(told, err)
	p.render(c, told.status, view)
}

func (p invitePage) render(c *call, status int, view inviteView) {
	view.Here = p.here(c)
	p.show(c.gin, pages.Page{Name: "invite", Status: status, Data: view, Asks: view.Captcha})
}
