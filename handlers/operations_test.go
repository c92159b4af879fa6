package handlers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// An operation is what the contract says of one, for who asks as a stranger to the code.
type operation struct {
	*openapi3.Operation
	method, path string // the path with its placeholders
	params       openapi3.Parameters
	callers      []string // the kinds of tokens that it takes; none means that it does not look at tokens
	public       bool     // open to nobody, too
}

// operations are those of the contract, by their names.
func operations(t testing.TB) map[string]operation {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	all := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			op := operation{spec, method, path, slices.Concat(item.Parameters, spec.Parameters), nil, len(*spec.Security) == 0}
			for _, need := range *spec.Security {
				op.public = op.public || len(need) == 0
				for kind := range need {
					op.callers = append(op.callers, kind)
				}
			}
			all[spec.OperationID] = op
		}
	}
	return all
}

// takes reports whether the operation looks at this actor's kind of token, and takes it.
func (o operation) takes(actor string) bool {
	return slices.Contains(o.callers, kindOf(actor))
}

// oauth: the contract has OAuth's own refusals.
func (o operation) oauth() bool { return o.Responses.Status(400) != nil }

// kindOf is the kind of token that an actor of a scene has.
func kindOf(actor string) string {
	switch {
	case actor == "client", actor == "key":
		return actor
	case strings.HasPrefix(actor, "guest"):
		return "guest"
	case strings.HasPrefix(actor, "member"):
		return "member"
	}
	return "user"
}

const (
	ofNothing    = "0123456789abcdef01234567"
	aliasNothing = "abcdefghijkl"
)

// at is the path with these values in the place of its placeholders, and the ids of nothing in the others.
func (o operation) at(values map[string]string) string {
	path := o.path
	for _, p := range o.params {
		if p.Value.In != openapi3.ParameterInPath {
			continue
		}
		value, given := values[p.Value.Name]
		switch {
		case given:
		case p.Value.Name == "alias":
			value = aliasNothing
		default:
			value = ofNothing
		}
		path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", value)
	}
	return path
}

// mostBytes is how long a body may be.
func (o operation) mostBytes() int {
	if most, more := o.Extensions["x-body"].(float64); more {
		return int(most)
	}
	return 64 << 10
}
