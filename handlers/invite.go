package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers/pages"
	"usher/invites"
)

// An invitePage is the page behind an invite. Looking at it spends nothing, whoever looks; what it is for is done by its
// forms, without a script.
type invitePage struct {
	*api
	signUp         signUpDesk
	activate, mail *limit
}

func (a *api) mountInvite(e gin.IRouter, signUp signUpDesk) {
	p := invitePage{api: a, signUp: signUp}
	p.activate, _ = limitNamed("activate")
	p.mail, _ = limitNamed("mail")
	path := invites.Page(":spaceId", ":inviteId")
	read(e, path, p.look)
	e.POST(path, p.act)
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
		to, err = p.does(c, form, &view)
		view.typed(form, err)
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
		return "", p.signsUp(c, form)
	}
	if c.who.Kind != auth.User {
		return "", errNoToken
	}
	switch do {
	case "switch":
		return p.here(c), p.signsOut(c, c.who)
	case "verify":
		view.Verifying = true
		_, err := p.limits.count(c, p.mail, p.sendVerification)
		return "", err
	}
	if form.Get("user") != c.who.ID { // the page was shown to somebody else
		return p.here(c), nil
	}
	_, err = p.limits.count(c, p.activate, p.activateInvite)
	return p.here(c), err
}

// signsUp makes an account for who comes with this invite, to which the mail leads back.
func (p invitePage) signsUp(c *call, form url.Values) error {
	found, err := p.Desk.PreviewInvite(c, c.id("spaceId"), c.id("inviteId"))
	if err != nil {
		return err
	}
	invite := map[string]any{"spaceId": c.id("spaceId"), "inviteId": c.id("inviteId")}
	return p.signUp.take(c, form, found.Workspace, map[string]any{"invite": invite}, p.createUser)
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
