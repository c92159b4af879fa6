package handlers

import (
	"net/http"

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

// told is the problem that a page is to tell of: its code finds the words, in the family "problem.".
func (a *api) told(g *gin.Context, err error) problem {
	p := problemOf(err)
	if p.status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "requestId", requestID(g), "status", p.status, "error", err)
	}
	p.headers(g, err)
	return p
}
