package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/loopback"
	"usher/internal/secret"
)

// The cookies of a browser that has asked for them, by the names that clients of long standing know.
const (
	accessCookie  = "accessToken"
	refreshCookie = "refreshToken"
)

// mostCookies are looked at of one name: a browser sends those of narrower paths too.
const mostCookies = 4

// aSeat finds the API as the page of a room asks for it: /room/<alias>/v1/…. A seat's cookies lie under that path and
// are seen there alone, and nobody else's count there. So who opens a guest link stays signed in everywhere else, and
// may sit in many rooms at once.
var aSeat = regexp.MustCompile(`^(/room/([A-Za-z0-9_-]{12}))/v1/`)

type seatKey struct{}

// fromSeat turns such a request into one for the API that remembers for whose seat it is.
func fromSeat(r *http.Request) *http.Request {
	found := aSeat.FindStringSubmatch(r.URL.EscapedPath())
	if found == nil {
		return r
	}
	r.URL.Path, r.URL.RawPath = strings.TrimPrefix(r.URL.Path, found[1]), strings.TrimPrefix(r.URL.RawPath, found[1])
	return r.WithContext(context.WithValue(r.Context(), seatKey{}, found[2]))
}

// room is the alias of the room whose page asks for a guest, or empty.
func (c *call) room() string {
	alias, _ := c.gin.Request.Context().Value(seatKey{}).(string)
	return alias
}

// identifyByCookie finds out who is asking without a header. Cookies count for requests of our own pages and of named
// origins alone; for all others they are not there. Where the access token is over, or its cookie is gone with it, the
// session goes on by the refresh token, in the same request; two tabs that do so at once get the same successor. What
// a proxy asks is not renewed: if it lost the answer's cookies, the next request would look like a theft.
func (a *api) identifyByCookie(c *call, op operation) error {
	nobody := errNoToken
	if op.public {
		nobody = nil
	}
	if !a.ownPage(c.gin.Request, op) {
		return nobody
	}
	room := c.room()
	if op.keepsSeat() {
		room = ""
	}
	who, err := a.inCookies(c, room)
	if err == nil && who.Kind == auth.Nobody && !op.forProxies() && room == c.room() {
		who, err = a.renewed(c)
	}
	switch {
	case errors.Is(err, auth.ErrInvalidGrant), errors.Is(err, auth.ErrInvalidClient):
		a.forget(c)
		return nobody
	case err != nil:
		return err
	case who.Kind == auth.Nobody, ofRooms(who.Kind) && op.keepsSeat():
		return nobody
	}
	c.byCookie = true
	return c.accept(op, who)
}

// keepsSeat: a user comes with the seat that he has as a guest, and so under the room's path the cookies of both count.
// The one of his refresh token is not sent there.
func (op operation) keepsSeat() bool { return op.OperationID == "keepSeat" }

// ofRooms are the kinds of callers whose cookies lie under the path of one room.
func ofRooms(kind auth.Kind) bool { return kind == auth.Guest || kind == auth.Member }

// inCookies is whose access token lies in a cookie; nobody's where there is none that is valid. For a room, by its
// alias, that is a guest or a member, else a user before any of these.
func (a *api) inCookies(c *call, room string) (found auth.Identity, err error) {
	for i, cookie := range c.gin.Request.CookiesNamed(accessCookie) {
		who, err := a.Authority.Authenticate(c, cookie.Value)
		switch {
		case i == mostCookies:
			return found, nil
		case err != nil && !errors.Is(err, auth.ErrInvalidToken):
			return found, err
		case err != nil, who.Kind == auth.Client, who.Kind == auth.Key, room != "" && !ofRooms(who.Kind):
		case who.Kind == auth.User || room != "":
			return who, nil
		case found.Kind == auth.Nobody:
			found = who
		}
	}
	return found, nil
}

// renewed goes on with the session of the refresh token in the cookie, if there is one.
func (a *api) renewed(c *call) (auth.Identity, error) {
	token := c.refreshToken()
	if token.Empty() {
		return auth.Identity{}, nil
	}
	tokens, err := a.Authority.GetAccessToken(c, auth.TokenRequest{GrantType: "refresh_token", RefreshToken: token})
	if err != nil {
		return auth.Identity{}, err
	}
	if ofRooms(tokens.Kind) != (c.room() != "") {
		return auth.Identity{}, nil
	}
	a.handOut(c, tokens, true, c.room())
	return a.Authority.Authenticate(c, tokens.AccessToken.Reveal())
}

// refreshToken is the one in the cookie; of several the browser sends the one of the narrowest path first.
func (c *call) refreshToken() secret.String {
	cookie, err := c.gin.Request.Cookie(refreshCookie)
	if err != nil {
		return secret.String{}
	}
	return secret.New(cookie.Value)
}

// handOut are tokens towards the caller: in cookies where he has asked for that, a user's for the whole site, a seat's
// and a member's for its room, else in the answer.
func (a *api) handOut(c *call, t auth.Tokens, useCookies bool, room string) wire.Tokens {
	out := wire.Tokens{TokenType: wire.TokenTypeBearer, ExpiresIn: int(t.ExpiresIn / time.Second)}
	if !useCookies || t.Kind == auth.Client || ofRooms(t.Kind) != (room != "") {
		out.AccessToken, out.RefreshToken = t.AccessToken.Reveal(), t.RefreshToken.Reveal()
		return out
	}
	a.setCookies(c, room, t.AccessToken, t.ExpiresIn, t.RefreshToken, t.Ends.Sub(a.Now()))
	return out
}

// forget clears the cookies that this request came with, or would have.
func (a *api) forget(c *call) { a.setCookies(c, c.room(), secret.String{}, 0, secret.String{}, 0) }

// forgetIf clears them where the session that they are of has just ended.
func (a *api) forgetIf(c *call, ended bool) {
	if ended && c.byCookie {
		a.forget(c)
	}
}

// setCookies sets both, in the place of any that this answer set before. A refresh token goes to the API, to the
// page for signing in and to the console, and to no application that a proxy serves from the same host.
func (a *api) setCookies(c *call, room string, access secret.String, life time.Duration, refresh secret.String, left time.Duration) {
	c.gin.Writer.Header().Del("Set-Cookie")
	public, _ := url.Parse(a.PublicURL) // the settings were checked
	if room != "" {
		under := public.Path + "/room/" + room
		a.setCookie(c, accessCookie, under, access, life)
		a.setCookie(c, refreshCookie, under, refresh, left)
		return
	}
	a.setCookie(c, accessCookie, "/", access, life)
	a.setCookie(c, refreshCookie, public.Path+"/v1", refresh, left)
	a.setCookie(c, refreshCookie, public.Path+signInPath, refresh, left)
	a.setCookie(c, refreshCookie, public.Path+consolePath, refresh, left)
}

func (a *api) setCookie(c *call, name, path string, value secret.String, life time.Duration) {
	seconds := int(life / time.Second)
	if seconds <= 0 {
		seconds = -1 // at once
	}
	http.SetCookie(c.gin.Writer, &http.Cookie{ //nolint:gosec // Secure, but where there is no TLS to be had
		Name: name, Value: value.Reveal(), Path: path, MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: !strings.HasPrefix(a.PublicURL, "http:") || !loopback.URL(a.PublicURL),
	})
}
