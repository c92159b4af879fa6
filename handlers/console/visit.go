package console

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers"
	"usher/handlers/wire"
)

// A visit is one request of somebody who has come in.
type visit struct {
	*handlers.Call
	*Console
	gin   *gin.Context
	route route
	me    auth.Account

	file []byte // that a form brings; empty where it brings none

	// Of a form that was refused.
	typed   url.Values
	problem *wire.Problem

	unfolding
}

// A leadsTo is where a page is that was looked for elsewhere.
type leadsTo string

func (leadsTo) Error() string { return "console: the page is elsewhere" }

// Why somebody is not let in.
var (
	errNobody   = errors.New("console: nobody has signed in")
	errNotStaff = errors.New("console: neither administrator nor support")
)

// enter finds out who comes. The console is for those who have a role in the workspace.
func (s *Console) enter(g *gin.Context, r route) (*visit, error) {
	c, err := s.Enter(g)
	v := &visit{Call: c, Console: s, gin: g, route: r}
	switch {
	case err != nil:
		return v, err
	case c.Who().Kind != auth.User:
		return v, errNobody
	}
	me, err := s.Authority.GetMe(c, c.Who())
	switch {
	case errors.Is(err, auth.ErrInvalidToken):
		return v, errNobody
	case err != nil:
		return v, err
	}
	if v.me = me; me.Role != auth.Admin && me.Role != auth.Support {
		return v, errNotStaff
	}
	return v, nil
}

// shows answers with the page of the visit's route.
func (s *Console) shows(v *visit, status int) {
	p, err := v.route.shows(v)
	if err != nil {
		s.fail(v, err)
		return
	}
	p.Tab = v.route.tab
	s.render(v, max(status, p.status()), p)
}

// fail says why there is no page. Nobody is led to where he signs in, and back.
func (s *Console) fail(v *visit, err error) {
	if to, ok := errors.AsType[leadsTo](err); ok {
		v.gin.Redirect(http.StatusSeeOther, s.base+string(to))
		return
	}
	if errors.Is(err, errNobody) {
		s.goSignIn(v)
		return
	}
	if errors.Is(err, errNotStaff) {
		s.render(v, http.StatusForbidden, page{Title: "For administrators", Stranger: true})
		return
	}
	told := s.Told(v.Call, err)
	s.render(v, told.Status, page{Title: told.Title, Tab: v.route.tab, Problem: v.sentence(told), RequestID: told.RequestID})
}

// sentence is what people are told of a problem; where the address names one thing only, it is that which is not there.
func (v *visit) sentence(told wire.Problem) string {
	for name, thing := range things {
		if told.Code == "not_found" && strings.Contains(v.route.path, name) && strings.Count(v.route.path, ":") == 1 {
			return "There is no such " + thing + ", or not any more."
		}
	}
	return sentence(told)
}

// lost says that there is no such page, to whoever comes: who has not signed in is told no more than that.
func (s *Console) lost(g *gin.Context, err error) {
	v, wrong := s.enter(g, route{})
	if wrong != nil && !errors.Is(wrong, errNobody) && !errors.Is(wrong, errNotStaff) {
		err = wrong
	}
	s.fail(v, err)
}

// goSignIn leads to the page for signing in. A script that asked for a part of a page is told to go there as a whole.
func (s *Console) goSignIn(v *visit) {
	back := s.base
	if v.gin.Request.Method == http.MethodGet {
		back = s.base + v.gin.Request.URL.EscapedPath()[len(path):]
	}
	to := s.SignIn(v.Call, v.query("client_id"), back)
	if v.gin.GetHeader("HX-Request") != "" {
		v.gin.Header("HX-Redirect", to)
		v.gin.Status(http.StatusNoContent)
		return
	}
	v.gin.Redirect(http.StatusSeeOther, to)
}

// query is a parameter of the query, or empty.
func (v *visit) query(name string) string { return v.gin.Request.URL.Query().Get(name) }

// cursor is a parameter that says where in a list a page begins. What is none counts as the beginning.
func (v *visit) cursor(name string) string {
	text, _ := base64.RawURLEncoding.DecodeString(v.query(name))
	return string(text)
}

// with is the address of this page with one parameter more, and without others.
func (v *visit) with(name, value string, without ...string) string {
	query := v.gin.Request.URL.Query()
	for _, other := range append(without, "done") {
		query.Del(other)
	}
	query.Set(name, value)
	return v.here() + "?" + query.Encode()
}

// here is the address of the page.
func (v *visit) here() string { return v.base + v.gin.Request.URL.EscapedPath()[len(path):] }
