package handlers_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"usher/handlers"
)

const (
	jsonKind = "application/json"
	formKind = "application/x-www-form-urlencoded"
	songbird = "kanarienvogel" // is in every secret that is made up
)

// secretFields are where a secret comes in.
var secretFields = []string{"password", "oldPassword", "newPassword", "client_secret", "refresh_token", "token", "accessToken", "seatKey", "pin", "captchaToken"}

// A draft is a request before it is written down.
type draft struct {
	op      operation
	actor   string
	ids     map[string]string // of the path
	query   url.Values
	kind    string
	fields  map[string]any // nil where no body is sent
	headers http.Header
}

// crowd are the actors of each kind, those first who may the most.
var crowd = map[string][]string{
	"user": {
		"space owner", "room owner", "administrator", "space moderator", "room moderator", "outsider", "pupil", "room user", "support", "banned",
	},
	"guest": {"guest", "guest moderator"}, "member": {"member owner", "member"}, "client": {"client"}, "key": {"key"},
}

// drafted draws a request that is as the contract has it.
func (sc *scene) drafted(r *rapid.T, op operation) draft {
	d := draft{op: op, actor: "nobody", ids: map[string]string{}, query: url.Values{}, headers: http.Header{}}
	if len(op.callers) > 0 {
		who := crowd[rapid.SampledFrom(op.callers).Draw(r, "kind")]
		d.actor = rapid.OneOf(rapid.SampledFrom(who), rapid.SampledFrom(who[:min(3, len(who))])).Draw(r, "actor")
	}
	for _, p := range op.params {
		value := func() string { return fmt.Sprint(sc.value(r, p.Value.Name, p.Value.Schema.Value)) }
		if p.Value.In == openapi3.ParameterInPath {
			d.ids[p.Value.Name] = value()
		} else if rapid.Bool().Draw(r, p.Value.Name) {
			d.query.Set(p.Value.Name, value())
		}
	}
	if op.RequestBody == nil || !op.RequestBody.Value.Required && rapid.Bool().Draw(r, "no body") {
		return d
	}
	d.kind = rapid.SampledFrom(slices.Sorted(maps.Keys(op.RequestBody.Value.Content))).Draw(r, "kind")
	d.fields = sc.object(r, d.schema())
	return d
}

func (d draft) schema() *openapi3.Schema { return d.op.RequestBody.Value.Content[d.kind].Schema.Value }

func (sc *scene) object(r *rapid.T, schema *openapi3.Schema) map[string]any {
	names := slices.Sorted(maps.Keys(schema.Properties))
	if schema.MaxProps != nil {
		names = []string{rapid.SampledFrom(names).Draw(r, "field")}
	}
	fields := map[string]any{}
	for i, name := range names {
		last := i == len(names)-1 && uint64(len(fields)) < schema.MinProps
		if last || slices.Contains(schema.Required, name) || rapid.Bool().Draw(r, name) {
			fields[name] = sc.value(r, name, schema.Properties[name].Value)
		}
	}
	return fields
}

// value draws one that its schema has, most often one of the scene's own, at times one at a bound.
func (sc *scene) value(r *rapid.T, name string, schema *openapi3.Schema) any {
	schema = handlers.Whole(schema)
	known := sc.known(name)
	switch {
	case len(known) > 0 && rapid.IntRange(0, 3).Draw(r, "known") > 0:
		return rapid.SampledFrom(known).Draw(r, name)
	case len(schema.Enum) > 0:
		return rapid.SampledFrom(schema.Enum).Draw(r, name)
	case schema.Type.Is("array"):
		return rapid.SliceOfN(rapid.Custom(func(r *rapid.T) any {
			return sc.value(r, name, schema.Items.Value)
		}), int(schema.MinItems), int(*schema.MaxItems)).Draw(r, name)
	case schema.Type.Is("object"):
		return sc.object(r, schema)
	case schema.Type.Is("boolean"):
		return rapid.Bool().Draw(r, name)
	case schema.Type.Is("integer"):
		least, most := int(*schema.Min), int(*schema.Max)
		return rapid.OneOf(rapid.Just(least), rapid.Just(most), rapid.IntRange(least, most)).Draw(r, name)
	case schema.Format == "date-time":
		at := time.UnixMilli(sc.clock.Load()).Add(time.Duration(rapid.Int64Range(-1e12, 1e17).Draw(r, name)))
		return at.In(time.FixedZone("", 3600*rapid.IntRange(-12, 14).Draw(r, "zone"))).Format(time.RFC3339Nano)
	case slices.Contains(secretFields, name):
		return sized(r, songbird+rapid.StringMatching(`[A-Za-z0-9_-]{9,30}`).Draw(r, name), schema)
	}
	text := rapid.Custom(func(r *rapid.T) string { return sized(r, matching(schema.Pattern).Draw(r, name), schema) })
	return text.Filter(func(s string) bool { return schema.VisitJSON(s) == nil }).Draw(r, name)
}

var unicodeEscape = regexp.MustCompile(`\\u([0-9A-F]{4})`)

func matching(pattern string) *rapid.Generator[string] {
	return rapid.StringMatching(unicodeEscape.ReplaceAllString(pattern, `\x{$1}`))
}

// sized makes a text as long as it may be, at times, and as it must be, always, by more of its last character.
func sized(r *rapid.T, text string, schema *openapi3.Schema) string {
	runes := []rune(text)
	if len(runes) == 0 {
		runes = []rune("a")
	}
	length := max(int(schema.MinLength), min(len([]rune(text)), int(*schema.MaxLength)))
	if rapid.IntRange(0, 4).Draw(r, "length") == 0 {
		length = int(*schema.MaxLength)
	}
	for len(runes) < length {
		runes = append(runes, runes[len(runes)-1])
	}
	return string(runes[:length])
}

// known are the scene's own values for a parameter or a field.
func (sc *scene) known(name string) []string {
	own := map[string][]string{
		"targetId": {"userId", "guest", "outlaw"}, "targetUserId": {"userId", "outsider", "room user"}, "seatId": {"guest", "guest moderator"},
		"userId": {"userId", "support", "outsider", "banned"}, "client_id": {"web", "client"}, "client_secret": {"secret"}, "accessToken": {"linkToken"},
		"refresh_token": {"refresh", "guest's refresh"}, "token": {"refresh", "guest's refresh", "resetToken", "verifyToken", "changeToken", "undoToken", "signUpToken"}, "sessionId": {"sessionId"}, "batchId": {"batchId"}, "inviteId": {"boundId", "inviteId", "invite of pupil"},
		"keyId": {"keyId"}, "clientId": {"clientId", "web", "client"},
	}[name]
	switch name {
	case "password", "oldPassword":
		return []string{goodPass}
	case "username":
		return []string{"pupil", "outsider", "space-owner"}
	case "email":
		return []string{"pupil@here.test", "support@here.test"}
	case "room":
		return []string{sc.id["alias"], sc.id["spaceId"] + "." + sc.id["roomId"]}
	case "grant_type":
		return []string{"password", "client_credentials", "refresh_token"}
	case "spaceId", "roomId", "linkId", "alias":
		own = []string{name}
	}
	values := []string{}
	for _, one := range own {
		values = append(values, sc.id[one])
	}
	return values
}

// target is the path and the query.
func (d draft) target() string {
	ids := map[string]string{}
	for name, id := range d.ids {
		ids[name] = url.PathEscape(id)
	}
	return d.op.at(ids) + "?" + d.query.Encode()
}

// raw is the body as it is sent.
func (d draft) raw() []byte {
	switch {
	case d.fields == nil:
		return nil
	case d.kind == formKind:
		form := url.Values{}
		for name, value := range d.fields {
			form.Set(name, fmt.Sprint(value))
		}
		return []byte(form.Encode())
	case d.kind == "text/csv":
		return table(d.fields["rows"])
	}
	raw, err := json.Marshal(d.fields)
	if err != nil {
		panic(err)
	}
	return raw
}

// table is CSV as a spreadsheet writes it.
func table(rows any) []byte {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.Write([]string{"Email", "role", "name"})
	for _, one := range rows.([]any) {
		row, _ := one.(map[string]any)
		text := func(name string) string { s, _ := row[name].(string); return s }
		_ = w.Write([]string{text("email"), text("role"), text("name")})
	}
	w.Flush()
	return out.Bytes()
}

// secrets are what nobody else may see of a request.
func (d draft) secrets() (all []string) {
	for name, value := range d.fields {
		if text, ok := value.(string); ok && len(text) > 8 && slices.Contains(secretFields, name) {
			all = append(all, text)
		}
	}
	for _, value := range d.headers["Authorization"] {
		if _, token, _ := strings.Cut(value, " "); len(token) > 8 {
			all = append(all, token)
		}
	}
	return all
}
