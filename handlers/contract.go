package handlers

import (
	"context"
	_ "embed" // the contract is part of the program
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"usher/auth"
)

//go:embed openapi.yaml
var openapi []byte

// contract is ours, read once and changed by nobody.
var contract = sync.OnceValues(func() (*openapi3.T, error) { return readContract(openapi) })

func readContract(openapi []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	return doc, nil
}

// A handler of an operation: one or two calls of the domain, and what they answer in the words of the contract.
type handler func(*call) (any, error)

// accepted is what a handler answers that has only begun what it is for: 202, where that is not what success always means.
type accepted struct{}

// An operation is what the contract says of one row of the API.
type operation struct {
	*openapi3.Operation
	params  openapi3.Parameters
	callers []auth.Kind // whose tokens it takes; none means that it does not look at tokens
	public  bool        // open to nobody, too
	scope   string      // what an API key needs
	limit   *limit      // nil means none
	body    int64       // the bytes that its body may have, where these are more than maxBody
	success int         // the one status that means it worked; beside it 202 may mean that it is yet to be: see accepted
	silent  bool        // and then the body is empty
	oauth   bool        // refusals have the shape of OAuth: our own contract answers 400 here and nowhere else
	plain   bool        // of a Contract beside ours: refusals are plain
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// mount gives every operation of the contract its handler, behind its guards.
// It fails where the contract and the handlers differ, in either direction.
func (a *api) mount(e gin.IRouter, doc *openapi3.T, handlers map[string]handler, beside bool) error {
	mounted := 0
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			h, ok := handlers[spec.OperationID]
			if !ok {
				return fmt.Errorf("contract: nothing handles %s", spec.OperationID)
			}
			op, err := readOperation(item, spec)
			if err != nil {
				return fmt.Errorf("contract: %s: %w", spec.OperationID, err)
			}
			op.plain, op.oauth = beside, op.oauth && !beside
			route := placeholder.ReplaceAllString(path, ":$1")
			if method == http.MethodGet {
				read(e, route, a.serve(op, h))
			} else {
				e.Handle(method, route, a.serve(op, h))
			}
			mounted++
		}
	}
	if mounted != len(handlers) {
		return fmt.Errorf("contract: %d operations, %d handlers", mounted, len(handlers))
	}
	return nil
}

func readOperation(item *openapi3.PathItem, spec *openapi3.Operation) (operation, error) {
	op := operation{Operation: spec, params: slices.Concat(item.Parameters, spec.Parameters)}
	if spec.Security == nil {
		return op, errors.New("security must be stated")
	}
	op.public = len(*spec.Security) == 0
	for _, need := range *spec.Security {
		op.public = op.public || len(need) == 0
		for kind := range need {
			op.callers = append(op.callers, auth.Kind(kind))
		}
	}
	op.scope, _ = spec.Extensions["x-scope"].(string)
	if (op.scope != "") != slices.Contains(op.callers, auth.Key) {
		return op, errors.New("an operation takes API keys and names a scope, or neither")
	}
	most, _ := spec.Extensions["x-body"].(float64)
	op.body = int64(most)
	name, _ := spec.Extensions["x-limit"].(string)
	var known bool
	if op.limit, known = limitNamed(name); !known {
		return op, fmt.Errorf("no limit is named %q", name)
	}
	return op, op.readSuccess()
}

// readSuccess finds the status that means it worked, where there is one: what is not offered only says so.
func (op *operation) readSuccess() error {
	var worked []int
	for status := range op.Responses.Map() {
		switch n, _ := strconv.Atoi(status); {
		case n == http.StatusBadRequest:
			op.oauth = true
		case n >= 200 && n < 300:
			worked = append(worked, n)
		}
	}
	if worked = slices.Sorted(slices.Values(worked)); len(worked) > 1 && worked[1] == http.StatusAccepted {
		worked = slices.Delete(worked, 1, 2)
	}
	switch len(worked) {
	case 0:
	case 1:
		op.success = worked[0]
		op.silent = len(op.Responses.Status(op.success).Value.Content) == 0
	default:
		return errors.New("one status means success, or 202 beside it")
	}
	return nil
}

// newPassword is the field of the body in which a new password comes.
func (op operation) newPassword() string {
	if schema := op.RequestBody.Value.Content[kindJSON].Schema.Value; schema.Properties["newPassword"] != nil {
		return "/newPassword"
	}
	return "/password"
}

// serve: who is it, is the request well formed, how often, and only then the handler. The limits come after the
// validation because they count by what stands in the body, and a malformed request is no attempt.
func (a *api) serve(op operation, h handler) gin.HandlerFunc {
	return func(g *gin.Context) {
		c := newCall(g)
		out, err := a.run(c, op, h)
		a.forgetIf(c, errors.Is(err, auth.ErrInvalidToken))
		switch {
		case err != nil:
			a.refuse(g, &op, err)
		case out == accepted{}:
			g.Status(http.StatusAccepted)
			g.Writer.WriteHeaderNow()
		case op.silent:
			g.Status(op.success)
			g.Writer.WriteHeaderNow()
		default:
			a.answer(g, op.success, out)
		}
	}
}

// answer writes what a handler answers that is not JSON as what it is.
func (a *api) answer(g *gin.Context, status int, out any) {
	switch out := out.(type) {
	case sheet:
		a.attach(g, status, out)
	case stream:
		a.stream(g, status, out)
	default:
		a.reply(g, status, kindJSON, out)
	}
}

func (a *api) run(c *call, op operation, h handler) (any, error) {
	if err := c.readQuery(); err != nil {
		return nil, err
	}
	if err := a.identify(c, op); err != nil {
		return nil, err
	}
	if err := c.validate(op); err != nil {
		return nil, err
	}
	if c.wantsCookies() && !a.ownPage(c.gin.Request, op) {
		return nil, errCrossOrigin
	}
	return a.limits.count(c, op.limit, h)
}
