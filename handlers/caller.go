package handlers

import (
	"net/url"
	"slices"
	"strings"

	"usher/auth"
)

// secrets are names of parameters, without their hyphens and underscores, under which a secret would come.
var secrets = []string{"token", "accesstoken", "refreshtoken", "linktoken", "clientsecret", "password", "newpassword", "oldpassword", "seatkey"}

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

// identify finds out who is asking: by the Authorization header and by nothing else. A cookie never authorises, and
// none is read. An operation that takes no tokens does not look at the header either; one that takes some, and
// strangers too, refuses a token that is not valid: whoever sends it believes himself to be someone.
func (a *api) identify(c *call, op operation) error {
	header := c.gin.Request.Header.Values("Authorization")
	switch {
	case len(op.callers) == 0:
		return nil
	case len(header) == 0 && op.public:
		return nil
	case len(header) == 0:
		return errNoToken
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
	c.who = who
	c.gin.Set(whoKey, who)
	if !slices.Contains(op.callers, who.Kind) {
		return auth.ErrWrongToken
	}
	return nil
}
