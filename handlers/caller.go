package handlers

import (
	"net/url"
	"slices"
	"strings"

	"usher/auth"
)

// secrets are names of parameters, without their hyphens and underscores, under which a secret would come.
var secrets = []string{"token", "accesstoken", "refreshtoken", "linktoken", "clientsecret", "password", "newpassword", "oldpassword", "seatkey", "guesttoken", "apikey"}

// readQuery takes the query of a request. A token in a query ends up in logs, histories and Referer headers, and so
// one is refused wherever it stands, even where it would not be looked at.
func (c *call) readQuery() error {
	var err error
	if c.query, err = url.ParseQuery(c.gin.Request.URL.RawQuery); err != nil {
		return invalid{"query", malformed}
	}
	for name := range c.query {
		if slices.Contains(secrets, strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))) {
			return errTokenInQuery
		}
	}
	return nil
}

// identify finds out who is asking: by the Authorization header, and only where there is none by cookies. An operation
// that takes no tokens does not look at either; one that takes some, and strangers too, refuses a header whose token is
// not valid: whoever sends it believes himself to be someone.
func (a *api) identify(c *call, op operation) error {
	header := c.gin.Request.Header.Values("Authorization")
	switch {
	case len(op.callers) == 0:
		return nil
	case len(header) == 0:
		return a.identifyByCookie(c, op)
	case len(header) > 1:
		return auth.ErrInvalidToken
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return auth.ErrInvalidToken
	}
	who, err := a.Authority.Authenticate(c, token)
	if err != nil {
		return err
	}
	return c.accept(op, who)
}

// accept takes a caller whom an operation takes.
func (c *call) accept(op operation, who auth.Identity) error {
	c.who = who
	c.gin.Set(whoKey, who)
	switch {
	case !slices.Contains(op.callers, who.Kind):
		return auth.ErrWrongToken
	case who.Kind == auth.Key && !who.Scopes.Allow(op.scope):
		return auth.ErrScope
	}
	return nil
}
