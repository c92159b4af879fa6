package handlers

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/internal/audit"
)

// A call is one request that has passed its guards.
type call struct {
	context.Context
	gin   *gin.Context
	who   auth.Identity // Nobody where there was no token
	query url.Values
	body  []byte // as JSON, held against the contract; empty where an optional body was left out
	value any    // the same, decoded

	byCookie bool // who came by a cookie, and not by the header
}

func newCall(g *gin.Context) *call {
	c := &call{gin: g}
	c.Context = audit.From(g.Request.Context(), c.origin())
	return c
}

// with is a handler that takes a body.
func with[In any](h func(*call, In) (any, error)) handler {
	return func(c *call) (any, error) {
		var in In
		if len(c.body) == 0 {
			return h(c, in)
		}
		err := json.Unmarshal(c.body, &in)
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok { // 1.0 where the contract has an integer
			return nil, invalid{"/" + wrong.Field, wrongType}
		}
		if err != nil {
			return nil, invalid{"body", malformed}
		}
		return h(c, in)
	}
}

// wantsCookies: tokens are to come in cookies.
func (c *call) wantsCookies() bool {
	fields, _ := c.value.(map[string]any)
	return fields["useCookies"] == true
}

// field is a text in the body, or empty.
func (c *call) field(name string) string {
	fields, _ := c.value.(map[string]any)
	text, _ := fields[name].(string)
	return text
}

// id is a parameter of the path.
func (c *call) id(name string) string { return c.gin.Param(name) }

// param is a parameter of the query, or empty.
func (c *call) param(name string) string { return c.query.Get(name) }

// keepIssued says that what somebody has issued stays valid when he falls.
func (c *call) keepIssued() bool { return c.param("issued") == "keep" }

// page is the page of a list that is asked for.
func (c *call) page() auth.Page {
	page := auth.Page{Limit: 50}
	if n, err := strconv.Atoi(c.param("limit")); err == nil {
		page.Limit = n
	}
	// The contract has refused what is not of the alphabet; the rest is for the list to make sense of.
	after, _ := base64.RawURLEncoding.DecodeString(c.param("after"))
	page.After = string(after)
	return page
}

// cursor is the next of a page towards the caller. It hides what the list is sorted by, and fits a URL as it is.
func cursor(next string) string { return base64.RawURLEncoding.EncodeToString([]byte(next)) }
