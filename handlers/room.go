package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers/pages"
	"usher/internal/secret"
)

// The cookies of a room's page, beside those of a seat. Both lie under the room's path.
const (
	linkCookie = "linkToken" // of the link that was opened last
	seatCookie = "seatKey"   // one for the room: with each link it makes another seat
	pageKept   = 30 * 24 * time.Hour
)

var (
	aRoomsAlias = regexp.MustCompile(`^[A-Za-z0-9_-]{12}$`)
	aLinksToken = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
)

// A roomPage is the page behind a link, and behind the bare address of a room. Looking at it spends nothing, whoever
// looks: a scanner of mails opens everything. What it is for is done by its forms, without a script.
type roomPage struct {
	*api
	signUp                signUpDesk
	preview, redeem, come *limit // those of the API
}

func (a *api) mountRoom(e gin.IRouter, signUp signUpDesk) {
	p := roomPage{api: a, signUp: signUp}
	p.preview, _ = limitNamed("preview")
	p.redeem, _ = limitNamed("redeem")
	p.come, _ = limitNamed("join-as-guest")
	read(e, "/room/:alias", p.look)
	read(e, "/meet", p.meet)
	e.POST("/room/:alias", p.act)
}

// A visit is one request for the page, and who comes: in one browser there can be a guest of this room, and a user.
type visit struct {
	*call
	alias, here string
	link, key   secret.String
	member      secret.String // the access token of the user that another kind of link is for
	guest, user auth.Identity // guest may be a member, too
}

// visit finds out who comes. What a page of another origin embeds or sends is refused.
func (p roomPage) visit(g *gin.Context) (*visit, error) {
	v := &visit{call: newCall(g), alias: g.Param("alias")}
	v.here = p.PublicURL + "/room/" + v.alias
	r := g.Request
	if !aRoomsAlias.MatchString(v.alias) {
		return v, auth.ErrNotFound
	}
	if !p.ours(r) && !led(r) {
		return v, errCrossOrigin
	}
	v.link, v.key, v.member = v.cookie(linkCookie), v.cookie(seatCookie), v.cookie(memberCookie)
	var err error
	if v.user, err = p.inCookies(v.call, ""); err != nil {
		return v, err
	}
	if v.user.Kind != auth.User {
		v.user = auth.Identity{}
	}
	g.Request = r.WithContext(context.WithValue(r.Context(), seatKey{}, v.alias))
	if v.guest, err = p.inCookies(v.call, v.alias); err == nil && v.guest.Kind == auth.Nobody && r.Method != http.MethodHead {
		v.guest, err = p.renewed(v.call)
	}
	if errors.Is(err, auth.ErrInvalidGrant) || errors.Is(err, auth.ErrInvalidClient) {
		p.forget(v.call)
		err = nil
	}
	return v, err
}

func (c *call) cookie(name string) secret.String {
	if cookie, err := c.gin.Request.Cookie(name); err == nil {
		return secret.New(cookie.Value)
	}
	return secret.String{}
}

// keep lays a cookie under the room's path.
func (p roomPage) keep(v *visit, name string, value secret.String, life time.Duration) {
	public, _ := url.Parse(v.here) // it is the address that was asked for
	p.setCookie(v.call, name, public.Path, value, life)
}

// look shows what there is to do. The token of a link leaves the address bar and the history at once: it goes into a
// cookie, which no script sees, and whether the browser keeps cookies shows on the way to the bare address.
func (p roomPage) look(g *gin.Context) {
	v, err := p.visit(g)
	query := g.Request.URL.Query()
	switch {
	case err != nil:
		p.fail(v, roomView{}, err)
	case query.Has("accessToken"):
		p.keepToken(v, linkCookie, memberCookie, query.Get("accessToken"), pageKept)
		p.keepKey(v)
		g.Redirect(http.StatusSeeOther, v.here+"?via=link")
	case query.Get("via") == "link" && v.key.Empty(), query.Get("via") == "member" && v.member.Empty():
		p.fail(v, roomView{}, errNoCookies)
	case query.Get("via") == "link", query.Get("via") == "member":
		g.Redirect(http.StatusSeeOther, v.here)
	default:
		view, err := p.stand(v, query.Get("as") == "self")
		if errors.Is(err, errNoToken) && query.Get("via") == "meet" {
			p.strange(v, view)
			return
		}
		p.answer(v, view, err)
	}
}

// keepKey gives a browser its seat key, or goes on with the one it has.
func (p roomPage) keepKey(v *visit) {
	if v.key.Empty() {
		v.key = p.Desk.NewSeatKey()
	}
	p.keep(v, seatCookie, v.key, pageKept)
}

// answer shows a view. Who has to sign in is led there, and back.
func (p roomPage) answer(v *visit, view roomView, err error) {
	if errors.Is(err, errNoToken) {
		var to string
		if to, err = p.signInFor(v); err == nil {
			v.gin.Redirect(http.StatusSeeOther, to)
			return
		}
	}
	if err != nil {
		p.fail(v, view, err)
		return
	}
	p.render(v, http.StatusOK, view)
}

// fail shows why not, with the status that the API would answer.
func (p roomPage) fail(v *visit, view roomView, err error) {
	told := p.told(v.gin, err)
	view.explain(told, err)
	p.render(v, told.status, view)
}

func (p roomPage) render(v *visit, status int, view roomView) {
	view.Here = v.here
	page := pages.Page{Name: "room", Status: status, Data: view, Asks: view.Captcha}
	if view.LeadsOn {
		page.LeadsTo = []string{view.front.Origin()}
	}
	p.show(v.gin, page)
}
