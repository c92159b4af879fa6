package handlers

import (
	"bytes"
	"context"
	"io"
	"net/http"
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
	operations, err := router()
	if err != nil {
		t.Fatal(err)
	}
	route, params, err := operations.FindRoute(r)
	if err != nil {
		return false
	}
	err = openapi3filter.ValidateResponse(context.WithoutCancel(t.Context()), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s answers %d, against the contract: %v\n%s", route.Operation.OperationID, status, err, body)
	}
	return true
}
