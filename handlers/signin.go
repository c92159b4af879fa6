package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers/pages"
	"usher/internal/secret"
)

const (
	signInPath = "/sign-in"

	// A browser is sent on so often, within a while, without anybody signing in. Then it is going round: what is at the
	// address does not take the session, and sends back whoever comes with it.
	mostRounds  = 3
	roundCookie = "usherRounds"
	roundsTake  = 30 * time.Second
)

// A signIn is the page at which a browser gets cookies, and from which it returns to where a proxy did not let it in.
// Its form is the password grant of getAccessToken, with that one's limits.
type signIn struct {
	*api
	op    operation // getAccessToken
	path  string    // as browsers see it
	hosts []string  // that it returns to
}

// A signInPage is what there is to see.
type signInPage struct {
	Here        string // its address
	Form        bool
	To, Problem string
	Username    string
}

// signInOf is the address at which people of a workspace sign in, and which leads back.
func (a *api) signInOf(c *call, workspace, back string) (string, error) {
	client, err := a.Authority.PublicClient(c, workspace)
	return a.PublicURL + signInPath + "?" + url.Values{"client_id": {client}, "return": {back}}.Encode(), err
}

func (a *api) mountSignIn(e gin.IRouter, doc *openapi3.T) error {
	item := doc.Paths.Find("/v1/auth/token")
	op, err := readOperation(item, item.Post)
	if err != nil {
		return fmt.Errorf("handlers: sign-in: %w", err)
	}
	public, err := url.Parse(a.PublicURL)
	if err != nil {
		return fmt.Errorf("handlers: sign-in: %w", err)
	}
	s := signIn{api: a, op: op, path: public.Path + signInPath, hosts: append(slices.Clone(a.ReturnHosts), public.Host)}
	read(e, signInPath, s.look)
	e.POST(signInPath, s.take)
	return nil
}

// A destination is what the query of the page says: where to return to, or nowhere, and by which client, if by another
// than the public one of the first workspace.
type destination struct{ client, to string }

// destination reads the query. The address is the rest of it: as it stands, from a proxy that cannot encode it, or
// encoded.
func (s signIn) destination(r *http.Request) (d destination, err error) {
	query := r.URL.RawQuery
	if rest, named := strings.CutPrefix(query, "client_id="); named {
		d.client, query, _ = strings.Cut(rest, "&")
		d.client, _ = url.QueryUnescape(d.client) // else it is nobody's
	}
	to, given := strings.CutPrefix(query, "return=")
	if !given && query == "" {
		return d, nil
	}
	if !strings.Contains(to, "://") {
		to, _, _ = strings.Cut(to, "&")
		to, _ = url.QueryUnescape(to) // else it leads nowhere
	}
	if d.to = returnable(s.hosts, to); !given || d.to == "" {
		return d, errNoReturn
	}
	return d, nil
}

// look returns at once who is signed in, or whose session the refresh token in the cookie prolongs. Everybody else gets
// the form.
func (s signIn) look(g *gin.Context) {
	c := newCall(g)
	d, err := s.destination(g.Request)
	in := false
	ours := led(g.Request) || s.ownPage(g.Request, s.op)          // what another page embeds comes without cookies
	if err == nil && ours && g.Request.Method == http.MethodGet { // a HEAD changes nothing
		in, err = s.signedIn(c)
	}
	switch {
	case err != nil:
		s.fail(g, d, err, signInPage{})
	case !in:
		s.render(g, http.StatusOK, d, signInPage{Form: true})
	case d.to == "" || s.goesRound(c):
		s.render(g, http.StatusOK, d, signInPage{})
	default:
		g.Redirect(http.StatusSeeOther, d.to)
	}
}

// take signs in by the form.
func (s signIn) take(g *gin.Context) {
	c := newCall(g)
	d, err := s.destination(g.Request)
	if err != nil {
		s.fail(g, d, err, signInPage{})
		return
	}
	if err := s.try(c, d.client); err != nil {
		s.fail(g, d, err, signInPage{Form: true, Username: c.field("username")})
		return
	}
	g.Redirect(http.StatusSeeOther, cmp.Or(d.to, s.PublicURL+signInPath))
}

func (s signIn) signedIn(c *call) (bool, error) {
	who, err := s.inCookies(c, "")
	if err == nil && who.Kind == auth.User {
		_, _, err = s.Authority.Get(c, who)
		if !errors.Is(err, auth.ErrInvalidToken) {
			return err == nil, err
		}
	}
	who, err = s.renewed(c)
	if errors.Is(err, auth.ErrInvalidGrant) || errors.Is(err, auth.ErrInvalidClient) {
		s.forget(c)
		return false, nil
	}
	return who.Kind == auth.User, err
}

// goesRound counts how often the browser was sent on lately, and begins anew once it says so.
func (s signIn) goesRound(c *call) bool {
	n := 0
	if cookie, err := c.gin.Request.Cookie(roundCookie); err == nil {
		n, _ = strconv.Atoi(cookie.Value)
	}
	if n >= mostRounds {
		s.setCookie(c, roundCookie, s.path, secret.String{}, 0)
		return true
	}
	s.setCookie(c, roundCookie, s.path, secret.New(strconv.Itoa(n+1)), roundsTake)
	return false
}

// try makes of the form what a front end would send for cookies, and has it count and answered as that.
func (s signIn) try(c *call, client string) error {
	if !s.ownPage(c.gin.Request, s.op) {
		return errCrossOrigin
	}
	if err := c.readBody(s.op.RequestBody.Value, 0); err != nil {
		return err
	}
	fields := map[string]any{"grant_type": "password", "username": c.field("username"), "password": c.field("password"), "useCookies": true}
	if client != "" {
		fields["client_id"] = client
	}
	return s.sends(c, s.op, kindForm, fields, with(s.getAccessToken))
}

// fail shows a problem, with its status.
func (s signIn) fail(g *gin.Context, d destination, err error, page signInPage) {
	p := s.told(g, err)
	page.Problem = p.code
	s.render(g, p.status, d, page)
}

func (s signIn) render(g *gin.Context, status int, d destination, page signInPage) {
	here := url.Values{}
	if d.client != "" {
		here.Set("client_id", d.client)
	}
	if d.to != "" {
		here.Set("return", d.to) // which is the last in the order of the alphabet, too
	}
	page.To, page.Here = d.to, s.PublicURL+signInPath+"?"+here.Encode()
	s.show(g, pages.Page{Name: "sign-in", Status: status, Data: page, LeadsTo: s.ReturnHosts})
}
