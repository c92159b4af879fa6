package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

const (
	maxBody  = 64 << 10
	maxDepth = 16 // of nested values; the contract has no body that comes near it

	kindJSON = "application/json"
	kindForm = "application/x-www-form-urlencoded"
)

// readBody reads the body that spec describes, as JSON whatever it came as.
func (c *call) readBody(spec *openapi3.RequestBody, most int64) error {
	raw, err := io.ReadAll(c.capped(most))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	if err != nil {
		return invalid{"body", malformed}
	}
	if len(raw) == 0 {
		if spec.Required {
			return invalid{"body", missing}
		}
		return nil
	}
	kind, err := contentKind(c.gin.Request.Header)
	if err != nil || spec.Content[kind] == nil {
		return errContentType
	}
	if !utf8.Valid(raw) {
		return invalid{"body", notUTF8}
	}
	if rewrite := rewrites[kind]; rewrite != nil {
		if raw, err = rewrite(raw, spec.Content[kind].Schema.Value); err != nil {
			return err
		}
	}
	c.body = raw
	c.value, err = parse(raw)
	return err
}

// rewrites make JSON of the other kinds.
var rewrites = map[string]func([]byte, *openapi3.Schema) ([]byte, error){kindForm: formToJSON, kindCSV: csvToJSON}

// capped is the body, of which so much is read at most, where that is not what every body may have.
func (c *call) capped(most int64) io.Reader {
	whole, ok := c.gin.Request.Body.(*cappedBody)
	if !ok || most == 0 {
		return c.gin.Request.Body
	}
	return http.MaxBytesReader(c.gin.Writer, whole.from, most)
}

// A cappedBody is a body that ends with an error beyond maxBody.
type cappedBody struct {
	io.ReadCloser
	from io.ReadCloser
}

func contentKind(h http.Header) (string, error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset, encoding := params["charset"], h.Get("Content-Encoding")
	if charset != "" && !strings.EqualFold(charset, "utf-8") || encoding != "" && !strings.EqualFold(encoding, "identity") {
		return "", errContentType
	}
	return kind, err
}

// formToJSON makes one schema serve both kinds. As RFC 6749 has it (section 3.2), an unknown field is ignored, one
// without a value counts as left out, and none may come twice.
func formToJSON(raw []byte, schema *openapi3.Schema) ([]byte, error) {
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, invalid{"body", malformed}
	}
	fields := map[string]any{}
	for name := range schema.Properties {
		switch values := form[name]; {
		case len(values) > 1:
			return nil, invalid{"/" + name, duplicate}
		case len(values) == 1 && !utf8.ValidString(values[0]):
			return nil, invalid{"/" + name, notUTF8}
		case len(values) == 1 && values[0] != "":
			fields[name] = values[0]
			if schema.Properties[name].Value.Type.Is(openapi3.TypeBoolean) && (values[0] == "true" || values[0] == "false") {
				fields[name] = values[0] == "true"
			}
		}
	}
	return json.Marshal(fields)
}

// parse decodes one JSON value and refuses what decoders disagree about: a field that comes twice, and anything that
// follows the value.
func parse(raw []byte) (any, error) {
	if !json.Valid(raw) {
		return nil, invalid{"body", notJSON}
	}
	if loneSurrogate(raw) {
		return nil, invalid{"body", notUTF8}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return parseValue(d, "", maxDepth)
}

// escapes finds the escapes of a JSON text: both halves of a surrogate pair together, then a half that stands alone.
var escapes = regexp.MustCompile(`\\(u[dD][89abAB]..\\u[dD][c-fC-F]..|u[dD][89a-fA-F]..|.)`)

// loneSurrogate reports whether half of a character stands alone. It is no character, and the decoder would put another
// one in its place: two names that differ would become the same.
func loneSurrogate(raw []byte) bool {
	return slices.ContainsFunc(escapes.FindAll(raw, -1), func(escape []byte) bool { return len(escape) == len(`\ud800`) })
}

func parseValue(d *json.Decoder, at string, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, invalid{"body", notJSON}
	}
	open, ok := token.(json.Delim)
	switch {
	case !ok:
		return token, nil
	case depth == 0:
		return nil, invalid{"body", tooDeep}
	case open == '[':
		return parseArray(d, at, depth-1)
	}
	return parseObject(d, at, depth-1)
}

func parseArray(d *json.Decoder, at string, depth int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := parseValue(d, at, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func parseObject(d *json.Decoder, at string, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, invalid{"body", notJSON}
		}
		name, _ := token.(string) // a valid object has nothing else here
		here := at + "/" + name
		if _, twice := object[name]; twice {
			return nil, invalid{plain(at, name), duplicate}
		}
		if object[name], err = parseValue(d, here, depth); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return object, err
}

// plain is the JSON pointer of a field that the caller named. A name that is no plain word might be anything, a
// secret that slipped, and so what holds it is named instead.
func plain(at, name string) string {
	const word = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	if name == "" || len(name) > 40 || strings.Trim(name, word) != "" {
		return at + "/"
	}
	return at + "/" + name
}
