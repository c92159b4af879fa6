package handlers

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// router is made once; holding answers against it changes nothing in it.
var router = sync.OnceValues(func() (routers.Router, error) {
	doc, err := contract()
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // the path alone says which operation it is
	return legacy.NewRouter(doc)
})

// Conforms fails the test where the contract does not have this answer to an operation. It reports whether the request
// was for one at all.
func Conforms(t testing.TB, r *http.Request, status int, header http.Header, body []byte) bool {
	t.Helper()
	asked := operationOf(t, r)
	if asked == nil {
		return false
	}
	err := openapi3filter.ValidateResponse(context.WithoutCancel(t.Context()), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: r.Method == http.MethodHead},
	})
	if err != nil {
		t.Errorf("%s answers %d, against the contract: %v\n%s", asked.Route.Operation.OperationID, status, err, body)
	}
	return true
}

// operationOf is the operation that a request is for, or nil. HEAD is GET without its body, and a slash at the end of
// the path means nothing.
func operationOf(t testing.TB, r *http.Request) *openapi3filter.RequestValidationInput {
	t.Helper()
	operations, err := router()
	if err != nil {
		t.Fatal(err)
	}
	plain := r.Clone(context.WithoutCancel(t.Context()))
	if plain.Method == http.MethodHead {
		plain.Method = http.MethodGet
	}
	plain.URL.Path = strings.TrimSuffix(plain.URL.Path, "/")
	route, params, err := operations.FindRoute(plain)
	if err != nil || slices.Contains(slices.Collect(maps.Values(params)), "") { // the router takes nothing for a name, too
		return nil
	}
	return &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
}
