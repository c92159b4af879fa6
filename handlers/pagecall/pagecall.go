// Package pagecall is the API of Pagecall's shape: another contract in front of the same domain. It holds no rule, only
// what is called otherwise there.
package pagecall

import (
	_ "embed" // the contract is part of the program
	"errors"
	"maps"
	"strconv"
	"strings"

	"usher/auth"
	"usher/handlers"
	"usher/handlers/pagecall/wire"
	"usher/roles"
)

//go:generate go tool oapi-codegen -config wire/oapi-codegen.yaml openapi.yaml

//go:embed openapi.yaml
var openapi []byte

// api is what the handlers share.
type api struct {
	auth   *auth.Authority
	spaces *roles.Spaces
}

// Contract is the API, to be mounted beside our own.
func Contract(a *auth.Authority, s *roles.Spaces) handlers.Contract {
	p, operations := &api{a, s}, map[string]handlers.Operation{}
	for _, part := range []map[string]handlers.Operation{p.userOperations(), p.roomOperations(), p.memberOperations()} {
		maps.Copy(operations, part)
	}
	return handlers.Contract{Path: "/pagecall/v1", OpenAPI: openapi, Operations: operations}
}

// defaultLimit is how much of a list comes where nothing is said.
const defaultLimit = 30

// window is the part of a list that is asked for. The last comes first, unless it is sorted the other way.
func window(c *handlers.Call) auth.Slice {
	s := auth.Slice{Limit: defaultLimit, Descending: true}
	if n, err := strconv.Atoi(c.Param("limit")); err == nil {
		s.Limit = n
	}
	s.Offset, _ = strconv.Atoi(c.Param("offset")) // the contract has refused what is no number
	if by := c.Param("sort_by"); by != "" {
		s.Descending = strings.HasPrefix(by, "-")
	}
	return s
}

func paging(s auth.Slice, total int) wire.Paging {
	return wire.Paging{Limit: s.Limit, Offset: s.Offset, Total: total}
}

// flag is a parameter of the query that is true or false, or not there.
func flag(c *handlers.Call, name string) *bool {
	if is, err := strconv.ParseBool(c.Param(name)); err == nil {
		return &is
	}
	return nil
}

// fields are those of the domain that are called otherwise here.
var fields = strings.NewReplacer("externalId", "user_id", "profileUrl", "profile_url", "defaultMemberType", "default_member_type")

// named is an error that calls a field as it is called here.
func named(err error) error {
	if wrong, ok := errors.AsType[*auth.FieldError](err); ok {
		return &auth.FieldError{Field: fields.Replace(wrong.Field), Reason: wrong.Reason}
	}
	return err
}

// all turns a part of a list of the domain into what it is here.
func all[D, W any](items []D, describe func(D) W) []W {
	out := make([]W, len(items))
	for i, item := range items {
		out[i] = describe(item)
	}
	return out
}
