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
	doc, err := readContract(openapi)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // the path alone says which operation it is
	return legacy.NewRouter(doc)
})

func init() { openapi3filter.RegisterBodyDecoder(kindStream, openapi3filter.PlainBodyDecoder) }

// Conforms fails the test where the contract does not have this answer to an operation.
func Conforms(t testing.TB, r *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	if operation, err := Held(r, status, header, body); err != nil {
		t.Errorf("%s answers %d, against the contract: %v\n%s", operation, status, err, body)
	}
}

// Held is the operation that a request was for, empty where it was for none, and what the contract has against this
// answer to it.
func Held(r *http.Request, status int, header http.Header, body []byte) (operation string, err error) {
	asked, err := operationOf(r)
	if err != nil || asked == nil {
		return "", err
	}
	return asked.Route.Operation.OperationID, openapi3filter.ValidateResponse(context.WithoutCancel(r.Context()),
		&openapi3filter.ResponseValidationInput{
			RequestValidationInput: asked, Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: r.Method == http.MethodHead},
		})
}

// operationOf is the operation that a request is for, or nil. HEAD is GET without its body, and a slash at the end of
// the path means nothing.
func operationOf(r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	operations, err := router()
	if err != nil {
		return nil, err
	}
	plain := r.Clone(context.WithoutCancel(r.Context()))
	if plain.Method == http.MethodHead {
		plain.Method = http.MethodGet
	}
	plain.URL.Path = strings.TrimSuffix(plain.URL.EscapedPath(), "/") // a slash that is encoded is part of a name
	route, params, err := operations.FindRoute(plain)
	if err != nil || slices.Contains(slices.Collect(maps.Values(params)), "") { // the router takes nothing for a name, too
		return nil, nil
	}
	return &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}, nil
}
