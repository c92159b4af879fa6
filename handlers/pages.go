package handlers

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"usher/handlers/pages"
)

// mountPages reads the pages that people see, and serves what all of them need.
func (a *api) mountPages(e gin.IRouter) (err error) {
	if a.pages, err = pages.New(a.PublicURL); err != nil {
		return err
	}
	read(e, "/pages/page.js", func(g *gin.Context) { g.Data(http.StatusOK, "text/javascript; charset=utf-8", pages.Script()) })
	return nil
}

// show answers with a page, in the language of who asks.
func (a *api) show(g *gin.Context, page pages.Page) { a.pages.Render(g.Writer, g.Request, page) }

// form is what a form of a page sends.
func (c *call) form() (url.Values, error) {
	r := c.gin.Request
	if kind, err := contentKind(r.Header); err != nil || kind != kindForm {
		return nil, errContentType
	}
	err := r.ParseForm()
	if err := formError(err, r.PostForm); err != nil {
		return nil, err
	}
	return r.PostForm, nil
}

// formError is what is wrong with a form that was parsed, if anything is.
func formError(err error, texts url.Values) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	if err != nil {
		return invalid{"body", malformed}
	}
	for name, values := range texts {
		if !utf8.ValidString(values[0]) {
			return invalid{plain("", name), notUTF8}
		}
	}
	return nil
}

// sends does what a front end would ask an operation for with these fields: they are held against its contract, counted
// by its limit, and handled as its own.
func (a *api) sends(c *call, op operation, kind string, fields map[string]any, h handler) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	c.body, c.value = body, fields
	if err := check(op.RequestBody.Value.Content[kind].Schema.Value, c.value, "body"); err != nil {
		return err
	}
	_, err = a.limits.count(c, op.limit, h)
	return err
}

// told is the problem that a page is to tell of: its code finds the words, in the family "problem.".
func (a *api) told(g *gin.Context, err error) problem {
	p := problemOf(err)
	if p.status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "requestId", requestID(g), "status", p.status, "error", err)
	}
	p.headers(g, err)
	return p
}
