package handlers

import (
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"

	"usher/auth"
)

// A Contract is an API of another shape, beside our own and behind the same guards. Its clients know one refusal, 400:
// others are kept only where a client could not act on that. A field of a body that is null counts as left out.
type Contract struct {
	Path       string // that all of its operations lie under
	OpenAPI    []byte
	Operations map[string]Operation
}

// ErrNotOffered refuses what a Contract names and nobody here does.
var ErrNotOffered = errors.New("handlers: not offered")

// An Operation handles one row of a Contract. What it returns is answered as JSON, and an error as the problem that it
// is.
type Operation = handler

// A Call is one request that has passed its guards.
type Call = call

// With is an Operation that takes a body.
func With[In any](h func(*Call, In) (any, error)) Operation { return with(h) }

// Who is asking.
func (c *call) Who() auth.Identity { return c.who }

// ID is a parameter of the path.
func (c *call) ID(name string) string { return c.id(name) }

// Param is a parameter of the query, or empty.
func (c *call) Param(name string) string { return c.param(name) }

func (a *api) mountBeside(e gin.IRouter, c Contract) error {
	doc, err := readContract(c.OpenAPI)
	if err != nil {
		return err
	}
	a.page(e, c.Path+"/openapi.yaml", "application/yaml", c.OpenAPI)
	if err := a.mountReference(e, c.Path+"/docs", doc.Info.Title); err != nil {
		return err
	}
	if err := a.mount(e.Group(c.Path), doc, c.Operations, true); err != nil {
		return fmt.Errorf("%s: %w", c.Path, err)
	}
	return nil
}

// said is a value without the fields that are null: clients in JavaScript send those for what they leave out.
func said(value any) any {
	switch value := value.(type) {
	case map[string]any:
		maps.DeleteFunc(value, func(_ string, field any) bool { return said(field) == nil })
	case []any:
		for i := range value {
			value[i] = said(value[i])
		}
	}
	return value
}

// plainly is a status for clients that know one refusal. What a caller did wrong is 400, but for what he would look
// for in his request in vain: a key that is not valid, a thing that is not there, a wait.
func plainly(status int) int {
	switch {
	case status >= http.StatusInternalServerError, status == http.StatusUnauthorized, status == http.StatusNotFound, status == http.StatusTooManyRequests:
		return status
	}
	return http.StatusBadRequest
}
