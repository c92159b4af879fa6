package handlers

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// invalid refuses a request that is not as the contract has it. It names the place, a JSON pointer into the body or
// the name of a parameter, and the reason, and never holds a value.
type invalid struct {
	field  string
	reason reason
}

func (e invalid) Error() string { return "handlers: " + e.field + ": " + string(e.reason) }

// A reason is a stable word for what is wrong with a field.
type reason string

const (
	missing   reason = "missing"
	unknown   reason = "unknown"
	duplicate reason = "more_than_once"
	isNull    reason = "null"
	wrongType reason = "wrong_type"
	malformed reason = "malformed"
	notInList reason = "not_in_list"
	tooShort  reason = "too_short"
	tooLong   reason = "too_long"
	tooSmall  reason = "too_small"
	tooGreat  reason = "too_great"
	tooFew    reason = "too_few_fields"
	tooMany   reason = "too_many_fields"
	tooDeep   reason = "too_deep"
	notJSON   reason = "not_json"
	notUTF8   reason = "not_utf8"
)

// sentence says it of a field.
func (r reason) sentence() string { return strings.ReplaceAll(string(r), "_", " ") }

// keywords turns the keyword of a schema that failed into the reason. What the validator says itself is not passed
// on: its text holds the value.
var keywords = map[string]reason{
	"required": missing, "properties": unknown, "additionalProperties": unknown, "nullable": isNull, "type": wrongType,
	"enum": notInList, "minLength": tooShort, "maxLength": tooLong, "minimum": tooSmall, "maximum": tooGreat,
	"minProperties": tooFew, "maxProperties": tooMany,
}

// validate holds the parameters and the body against the contract.
func (c *call) validate(op operation) error {
	for _, p := range op.params {
		if err := c.validateParam(p.Value); err != nil {
			return err
		}
	}
	if op.RequestBody == nil {
		return nil
	}
	spec := op.RequestBody.Value
	if err := c.readBody(spec, op.body); err != nil || c.body == nil {
		return err
	}
	if op.plain {
		c.value = said(c.value)
	}
	if op.oauth {
		if err := c.clientInHeader(); err != nil {
			return err
		}
	}
	schema := spec.Content[kindJSON].Schema.Value
	if err := knownFields(schema, c.value); err != nil {
		return err
	}
	return check(schema, c.value, "body")
}

func (c *call) validateParam(p *openapi3.Parameter) error {
	values := c.query[p.Name]
	switch p.In {
	case openapi3.ParameterInPath:
		values = []string{c.id(p.Name)}
	case openapi3.ParameterInHeader:
		values = c.gin.Request.Header.Values(p.Name)
	}
	if len(values) == 0 {
		return nil
	}
	if len(values) > 1 {
		return invalid{p.Name, duplicate}
	}
	v, err := typed(p.Schema.Value, values[0])
	if err != nil {
		return invalid{p.Name, wrongType}
	}
	return check(p.Schema.Value, v, p.Name)
}

// typed is the text of a parameter as its schema has it.
func typed(schema *openapi3.Schema, text string) (any, error) {
	switch {
	case schema.Type.Is(openapi3.TypeInteger):
		n, err := strconv.Atoi(text)
		return float64(n), err
	case schema.Type.Is(openapi3.TypeBoolean):
		return strconv.ParseBool(text)
	}
	return text, nil
}

// knownFields finds a field that the contract does not have, where it closes the door to those. The validator would refuse it too, but not name it.
func knownFields(schema *openapi3.Schema, value any) error {
	fields, ok := value.(map[string]any)
	if more := schema.AdditionalProperties.Has; !ok || more == nil || *more {
		return nil
	}
	for name := range fields {
		if schema.Properties[name] == nil {
			return invalid{plain("", name), unknown}
		}
	}
	return nil
}

// check holds one value against its schema; whole is what it is called itself.
func check(schema *openapi3.Schema, value any, whole string) error {
	err := schema.VisitJSON(value, openapi3.VisitAsRequest(),
		openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(instant)))
	if err == nil {
		return nil
	}
	refusal := invalid{whole, malformed}
	wrong, ok := errors.AsType[*openapi3.SchemaError](err)
	for ok { // the innermost, which knows the whole path and the keyword
		if at := wrong.JSONPointer(); len(at) > 0 {
			refusal.field = "/" + strings.Join(at, "/")
		}
		if why, known := keywords[wrong.SchemaField]; known {
			refusal.reason = why
		}
		wrong, ok = errors.AsType[*openapi3.SchemaError](wrong.Origin)
	}
	return refusal
}

// instant also refuses the thirtieth of February, which a pattern cannot.
func instant(s string) error {
	_, err := time.Parse(time.RFC3339, s)
	return err
}
