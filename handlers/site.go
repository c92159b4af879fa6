package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/secret"
)

// consolePath is where the administrators' console lies, to which the refresh token goes, too: a form that was filled in
// slowly is still taken.
const consolePath = "/console"

// workspaceCookie says in which workspace a browser was in the console last, whose page for signing in it is shown then.
// It is no secret, and believed for nothing else.
const (
	workspaceCookie = "consoleWorkspace"
	workspaceKept   = 365 * 24 * time.Hour
)

// A Site is pages of another package, below a path of their own and behind the guards of every answer.
type Site interface {
	Mount(gin.IRouter, Door)
}

// A Door is what a Site needs of the API.
type Door struct{ api *api }

// Deps are what the API works with.
func (d Door) Deps() Deps { return d.api.Deps }

// Enter finds out who comes, by the cookies of his browser: a user, or nobody. What a page of another origin sends or
// embeds is refused, and so is whatever would put a token into a query.
func (d Door) Enter(g *gin.Context) (*Call, error) {
	c, a := newCall(g), d.api
	if err := c.readQuery(); err != nil {
		return c, err
	}
	reads := g.Request.Method == http.MethodGet || g.Request.Method == http.MethodHead
	if !a.ours(g.Request) && (!reads || !led(g.Request)) {
		return c, errCrossOrigin
	}
	who, err := a.inCookies(c, "")
	if err == nil && who.Kind != auth.User && g.Request.Method != http.MethodHead {
		who, err = a.renewed(c)
	}
	if errors.Is(err, auth.ErrInvalidGrant) || errors.Is(err, auth.ErrInvalidClient) {
		a.forget(c)
		who, err = auth.Identity{}, nil
	}
	if err == nil && who.Kind == auth.User {
		c.who = who
		g.Set(whoKey, who)
		d.remember(c)
	}
	return c, err
}

// remember keeps the workspace of who has come beyond his session.
func (d Door) remember(c *Call) {
	if workspaceIn(c) == c.who.Workspace {
		return
	}
	public, _ := url.Parse(d.api.PublicURL) // the settings were checked
	d.api.setCookie(c, workspaceCookie, public.Path+consolePath, secret.New(c.who.Workspace), workspaceKept)
}

// workspaceIn is the workspace that the browser remembers, or empty.
func workspaceIn(c *Call) string {
	if id := c.cookie(workspaceCookie).Reveal(); auth.IsID(id) {
		return id
	}
	return ""
}

// SignIn is where a browser signs in and is led back from: as a user of the client's workspace, or else of the one that he
// is in or was in last, or else of the first one.
func (d Door) SignIn(c *Call, client, back string) string {
	query := url.Values{"return": {back}}
	if workspace := cmp.Or(c.who.Workspace, workspaceIn(c)); client == "" && workspace != "" {
		client, _ = d.api.Authority.PublicClient(c, workspace) // else he finds the first one's page, as if he had never been here
	}
	if client != "" {
		query.Set("client_id", client)
	}
	return d.api.PublicURL + signInPath + "?" + query.Encode()
}

// SignOut ends the session, if it lives, and takes the cookies back.
func (d Door) SignOut(c *Call) error {
	err := d.api.signsOut(c, c.who)
	if errors.Is(err, auth.ErrWrongToken) { // nobody's session
		d.api.forget(c)
		err = nil
	}
	return err
}

// Again is nil where who has come says his password once more, which counts like every other attempt at it.
func (d Door) Again(c *Call, pw secret.String) error {
	attempts, _ := limitNamed("password")
	_, err := d.api.limits.count(c, attempts, func(*call) (any, error) {
		return d.api.Authority.Reauthenticate(c, c.who, pw)
	})
	return err
}

// Form is what a form sends; beside its texts it may send one file, of so many bytes at most.
func (d Door) Form(c *Call, most int64) (texts url.Values, file []byte, err error) {
	if kind, err := contentKind(c.gin.Request.Header); err != nil || kind != "multipart/form-data" {
		texts, err = c.form()
		return texts, nil, err
	}
	return c.upload(most)
}

// Piece writes a part of an answer that takes longer than answers may, and sends it off at once. It fails where nobody
// takes it any more.
func (d Door) Piece(c *Call, piece []byte) error {
	return liveWriter{c.gin.Writer, http.NewResponseController(c.gin.Writer), d.api.Now}.write("%s", piece)
}

// Told is the problem that a page is to tell of. What is a fault of ours is in the log by then.
func (d Door) Told(c *Call, err error) wire.Problem {
	body := d.api.problem(d.api.told(c.gin, err), err)
	body.RequestID = requestID(c.gin)
	return body
}

// File serves what does not change while the server runs.
func (d Door) File(e gin.IRouter, path, kind string, content []byte) {
	d.api.page(e, path, kind, content)
}

// Lost has a site answer whoever asks for what there is not below its path, or by a method that is not there.
func (d Door) Lost(path string, show func(*gin.Context, error)) { d.api.lost[path+"/"] = show }

// astray answers who has come to where there is nothing: below the path of a site as the site does.
func (a *api) astray(err error) gin.HandlerFunc {
	return func(g *gin.Context) {
		for path, show := range a.lost {
			if strings.HasPrefix(g.Request.URL.Path, path) {
				show(g, err)
				return
			}
		}
		a.refuse(g, nil, err)
	}
}
