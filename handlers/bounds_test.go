package handlers

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// with is the example with one field changed; alone where the contract takes only one.
func (e errand) with(field string, value any) map[string]any {
	body := maps.Clone(e.body)
	if body == nil || e.schema().MaxProps != nil {
		body = map[string]any{}
	}
	body[field] = value
	return body
}

// refuses requires that a body is refused because of this field, and that nothing of it is repeated.
func (e errand) refuses(body map[string]any, field, why string) {
	e.Helper()
	got := e.run(body)
	where := fmt.Sprintf("%s: %s of %s: %s", e.OperationID, why, field, got.raw)
	status, named := http.StatusUnprocessableEntity, got.problem.Field
	if e.oauth {
		status, named = http.StatusBadRequest, got.oauth.Field
		require.Equal(e, "invalid_request", string(got.oauth.Error), where)
	}
	require.Equal(e, status, got.status, where)
	require.Equal(e, "/"+field, strings.TrimRight(named, "/0"), where) // or its first entry
	require.NotContains(e, got.raw, canary, where)
	switch sent := body[field].(type) {
	case string:
		require.False(e, len(sent) > 2 && strings.Contains(got.raw, strings.Trim(sent, "\x00")), where)
	case float64:
		require.NotContains(e, got.raw, fmt.Sprint(sent), where)
	}
}

// Whatever field of whatever operation is missing, unknown, of another type or out of its bounds, the answer names it.
func TestEveryFieldIsHeldAgainstTheContract(t *testing.T) {
	t.Parallel()
	bodies := 0
	for _, e := range build(t).errands() {
		if e.RequestBody == nil {
			continue
		}
		bodies++
		require.Equal(t, e.success, e.run(e.body).status, "%s: the example itself", e.OperationID)
		e.refuses(e.with("unheard", canary), "unheard", "presence")
		for _, field := range e.schema().Required {
			without := maps.Clone(e.body)
			delete(without, field)
			e.refuses(without, field, "absence")
		}
		for field, ref := range e.schema().Properties {
			schema := Whole(ref.Value)
			for why, values := range map[string][]any{
				"type": OtherTypes(schema), "bound": Beyond(schema), "control character": {e.controlled(field, schema)},
			} {
				for _, value := range values {
					if value != passes {
						e.refuses(e.with(field, value), field, why)
					}
				}
			}
		}
	}
	require.Equal(t, 41, bodies)
}

// passes stands for a value of which a schema cannot have too much.
const passes = "-"

// Whole is the schema that a field takes from another one, where it does.
func Whole(schema *openapi3.Schema) *openapi3.Schema {
	if len(schema.AllOf) == 1 {
		return schema.AllOf[0].Value
	}
	return schema
}

// OtherTypes are values of all types but that of a schema.
func OtherTypes(schema *openapi3.Schema) []any {
	all := map[string]any{
		openapi3.TypeString: canary, openapi3.TypeInteger: 4711471.0, openapi3.TypeBoolean: true, openapi3.TypeNull: nil,
		openapi3.TypeObject: map[string]any{canary: canary}, openapi3.TypeArray: []any{canary},
	}
	delete(all, schema.Type.Slice()[0])
	return slices.Collect(maps.Values(all))
}

// Beyond are values on the other side of each bound of a schema, by one.
func Beyond(schema *openapi3.Schema) (values []any) {
	if len(schema.Enum) > 0 {
		return []any{canary, "", strings.ToUpper(fmt.Sprint(schema.Enum[0]))}
	}
	switch {
	case schema.Type.Is(openapi3.TypeInteger):
		return []any{*schema.Min - 1, *schema.Max + 1, *schema.Min + 0.5, -*schema.Max}
	case schema.Type.Is(openapi3.TypeArray):
		return []any{[]any{}, slices.Repeat([]any{schema.Items.Value.Example}, int(*schema.MaxItems)+1), []any{canary}, []any{nil}}
	case schema.Type.Is(openapi3.TypeString):
		values = append(values, long(int(*schema.MaxLength)+1))
		if schema.MinLength > 0 {
			values = append(values, "", long(int(schema.MinLength)-1))
		}
	}
	return values
}

func long(length int) string { return strings.Repeat(canary, length/len(canary)+1)[:length] }

// controlled is a value that nothing is wrong with but a control character at its end. Passwords may hold any: they are
// never shown, and only their digest is kept.
func (e errand) controlled(field string, schema *openapi3.Schema) any {
	if !schema.Type.Is(openapi3.TypeString) || strings.HasSuffix(strings.ToLower(field), "password") {
		return passes
	}
	for _, valid := range []any{e.body[field], schema.Example} {
		if text, ok := valid.(string); ok {
			return text + "\x00"
		}
	}
	return canary + "\x00"
}

// bounds are written here a second time, so that nobody moves one in passing: the least and the most of a number, or of
// the characters of a text.
var bounds = []struct {
	operation, field string
	least, most      int
}{
	{"generateAccess", "ttl", 60, 315_360_000},
	{"generateAccess", "maxUses", 1, 1000},
	{"generateAccess", "note", 0, 200},
	{"generateAccess", "pin", 4, 12},
	{"redeemAccess", "pin", 4, 12},
	{"updateAccessLink", "maxUses", 1, 1000},
	{"updateAccessLink", "note", 0, 200},
	{"updateAccessLink", "ttl", 60, 315_360_000},
	{"createInvite", "expiresIn", 60, 2_592_000}, // 30 days
	{"createInvite", "maxUses", 1, 1000},
	{"createInvite", "note", 0, 500},
	{"redeemAccess", "seatKey", 22, 128}, // 128 bits in base64url
	{"joinAsGuest", "seatKey", 22, 128},
	{"redeemAccess", "accessToken", 1, 256},
	{"previewAccess", "accessToken", 1, 256},
	{"createUser", "password", 1, 1024},
	{"createUser", "username", 1, 64},
	{"createUser", "name", 1, 100},
	{"createUser", "phone", 0, 32},
	{"createUser", "captchaToken", 0, 4096},
	{"createUser", "client_id", 0, 128},
	{"updateMe", "username", 1, 64},
	{"updateMe", "name", 0, 100},
	{"updateUser", "username", 1, 64},
	{"changePassword", "oldPassword", 1, 1024},
	{"changePassword", "newPassword", 1, 1024},
	{"createSpace", "name", 1, 100},
	{"createSpace", "description", 0, 500},
	{"updateSpace", "name", 1, 100},
	{"createRoom", "name", 1, 100},
	{"updateRoom", "name", 1, 100},
	{"createRoom", "maxMeetingSeconds", 0, 31536000},
	{"updateRoom", "maxMeetingSeconds", 0, 31536000},
	{"generateAccess", "username", 1, 100},
	{"generateAccess", "externalUserId", 0, 255},
	{"joinAsGuest", "name", 1, 100},
	{"sendRoomMessage", "text", 1, 4096},
	{"setRoomWebhook", "url", 1, 1024},
	{"ban", "reason", 0, 500},
	{"spaceBan", "reason", 0, 500},
	{"getAccessToken", "grant_type", 0, 64},
	{"getAccessToken", "client_id", 0, 128},
	{"getAccessToken", "client_secret", 0, 1024},
	{"getAccessToken", "username", 0, 254},
	{"getAccessToken", "password", 0, 1024},
	{"getAccessToken", "refresh_token", 0, 1024},
	{"getAccessToken", "scope", 0, 1024},
}

func TestBoundsAreThese(t *testing.T) {
	t.Parallel()
	all := build(t).errands()
	for _, row := range bounds {
		e := all[row.operation]
		sized := func(n int) any { return strings.Repeat("1", n) }
		if Whole(e.schema().Properties[row.field].Value).Type.Is(openapi3.TypeInteger) {
			sized = func(n int) any { return float64(n) }
		}
		for _, n := range []int{row.least, row.most} {
			got := e.run(e.with(row.field, sized(n)))
			require.Equal(t, e.success, got.status, "%s: %s of %d: %s", row.operation, row.field, n, got.raw)
		}
		if row.least > 0 {
			e.refuses(e.with(row.field, sized(row.least-1)), row.field, "too little")
		}
		e.refuses(e.with(row.field, sized(row.most+1)), row.field, "too much")
	}
}

// shapes are what a field must look like, and what does not.
var shapes = []struct {
	operation, field string
	good, bad        []string
}{
	{"grantRole", "targetUserId", []string{anID}, notIDs},
	{"kick", "userId", []string{anID}, notIDs},
	{"kick", "seatId", []string{anID}, notIDs},
	{"redeemAccess", "seatKey", []string{"Wm9vVGhlU2VhdEtleUlzTW_-"}, []string{"Wm9vVGhlU2VhdEtleUlzTW+/", "Wm9vVGhlU2VhdEtleUlzTW=="}},
	{"generateAccess", "pin", []string{"0000"}, []string{"12a4", "12 34", "-123", "+123", "12.34"}},
	{"updateAccessLink", "pin", []string{"", "0000", "123456789012"}, []string{"123", "1234567890123", "12a4"}},
	{"updateAccessLink", "moveSeat", []string{anID}, notIDs},
	{"createUser", "email", []string{"a@b"}, []string{"a@", "@b", "a@b@c", "a b@c", "abc"}},
	{"createUser", "username", []string{"Ann Smith"}, []string{"ann@smith", "ann\u2028", "ann\u202e"}},
	{"createUser", "phone", []string{"+7 967", ""}, []string{"7-967", "seven"}},
	{"createUser", "profileUrl", []string{"https://a.b/c?d#e", ""}, []string{"http://a.b", "javascript:a", "https:///a", "https://a@b", "https://a b"}},
	{"createSpace", "name", []string{" a "}, []string{" ", "a\u202e", "a\u0085"}},
	{"ban", "until", []string{"2027-02-28T09:00:00+01:00"}, []string{"2027-02-30T09:00:00Z", "2027-02-28", "tomorrow", ""}},
}

var (
	notIDs     = []string{"", anID[1:], anID + "0", strings.ToUpper(anID), "g" + anID[1:], anID[1:] + "\n", anAlias}
	notAliases = []string{anAlias[1:], anAlias + "a", "+" + anAlias[1:], "=" + anAlias[1:], anAlias[1:] + "\n"}
)

func TestShapesAreThese(t *testing.T) {
	t.Parallel()
	all := build(t).errands()
	for _, row := range shapes {
		e := all[row.operation]
		for _, value := range row.good {
			got := e.run(e.with(row.field, value))
			require.Equal(t, e.success, got.status, "%s: %s %q: %s", row.operation, row.field, value, got.raw)
		}
		for _, value := range row.bad {
			e.refuses(e.with(row.field, value), row.field, fmt.Sprintf("%q", value))
		}
	}
}

// Every name in every path, and the length of every list.
func TestParametersAreHeldAgainstTheContract(t *testing.T) {
	t.Parallel()
	m := build(t)
	lists := 0
	for _, e := range m.errands() {
		for _, p := range e.params {
			bad := map[string][]string{
				"alias": notAliases, "limit": {"0", "101", "-1", "1.5", "ten"}, "clientId": {"a b", "é", "web;", "a.b", long(65)},
			}[p.Value.Name]
			switch {
			case p.Value.In == openapi3.ParameterInPath && bad == nil:
				bad = notIDs[1:] // without a name it is another path
			case p.Value.Name == "limit":
				lists++
				require.Equal(t, e.success, e.runAt(e.at("", "")+"?limit=1", nil).status)
				require.Equal(t, e.success, e.runAt(e.at("", "")+"?limit=100", nil).status)
			}
			for _, value := range bad {
				path := e.at(p.Value.Name, url.PathEscape(value))
				if p.Value.In == openapi3.ParameterInQuery {
					path += "?limit=" + value
				}
				require.Equal(t, p.Value.Name, m.refused(e.runAt(path, e.body), 422, "invalid").Field, "%s %s", e.method, path)
			}
		}
	}
	require.GreaterOrEqual(t, lists, 8)
}
