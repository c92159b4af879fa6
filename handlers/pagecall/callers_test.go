package pagecall

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
)

// every calls do for every operation of the contract, at a path where there is nothing.
func (d *door) every(do func(op *openapi3.Operation, method, path, body string)) {
	d.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openapi)
	require.NoError(d, err)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			body := map[string]string{"createUser": `{"user_id":"u"}`, "createRoom": `{"name":"n","type":"open"}`, "createMember": `{"user_id":"u"}`, "sendMessage": `{"message":"m"}`}[op.OperationID]
			if body == "" && op.RequestBody != nil {
				body = "{}"
			}
			do(op, method, strings.NewReplacer("{", "", "}", "").Replace(path), body)
		}
	}
}

// Only API keys come in, each by the scope that an operation names.
func TestWhoComesIn(t *testing.T) {
	onEach(t, func(d *door) {
		tokens, err := d.auth.GetAccessToken(d.Context(), auth.TokenRequest{
			GrantType: "password", ClientID: d.c.PublicClient, Username: "admin", Password: secret.New(goodPass),
		})
		require.NoError(d, err)
		keys := map[string]string{}
		for _, scope := range []string{"users:read", "users:write", "rooms:read", "rooms:write", "access:write"} {
			keys[scope] = d.apiKey(d.c, scope)
		}
		operations := 0
		d.every(func(op *openapi3.Operation, method, path, body string) {
			operations++
			for key, want := range map[string][]any{
				"": {401, "no_token"}, "x": {401, "invalid_token"}, d.key[:60]: {401, "key_mistyped"}, tokens.AccessToken.Reveal(): {400, "wrong_token"},
			} {
				a := d.ask(key, method, path, body)
				require.Equal(d, want, []any{a.status, a.text("code")}, op.OperationID)
			}
			scope, _ := op.Extensions["x-scope"].(string)
			for has, key := range keys {
				a := d.ask(key, method, path, body)
				allowed := has == scope || has == strings.Replace(scope, ":read", ":write", 1)
				require.Equal(d, !allowed, a.text("code") == "scope_missing", "%s with %s: %s", op.OperationID, has, a.raw)
				if !allowed {
					require.Equal(d, 400, a.status)
				}
			}
		})
		require.Equal(d, 18, operations)
	})
}

// Of another workspace nothing is there.
func TestAnotherWorkspace(t *testing.T) {
	onEach(t, func(d *door) {
		room := d.ok("POST", "/rooms", `{"name":"n","type":"open"}`).text("room", "id")
		d.ok("POST", "/users", `{"user_id":"u-1"}`)
		c, err := d.auth.CreateWorkspace(d.Context(), auth.NewWorkspace{AdminPassword: secret.New(goodPass)})
		require.NoError(d, err)
		d.key = d.apiKey(c, "users:write", "rooms:write")
		d.refused(404, "not_found", "", "GET", "/users/u-1", "")
		d.refused(404, "not_found", "", "GET", "/rooms/"+room, "")
		d.refused(404, "not_found", "", "PUT", "/rooms/"+room, `{"is_terminated":true}`)
		d.refused(404, "not_found", "", "GET", "/rooms/"+room+"/members", "")
		d.refused(404, "not_found", "", "GET", "/rooms/"+room+"/sessions", "")
		d.refused(400, "invalid", "/members/0/user_id", "POST", "/rooms", `{"name":"n","type":"open","members":[{"user_id":"u-1"}]}`)
		require.Empty(d, d.ok("GET", "/rooms", "").list("rooms", "id"))
		require.Empty(d, d.ok("GET", "/users", "").list("users", "id"))
	})
}

func TestWhatIsNotOffered(t *testing.T) {
	onEach(t, func(d *door) {
		d.refused(404, "not_offered", "", "POST", "/rooms/x/pages/create_many", `[{"entities":[]}]`)
		d.refused(404, "not_offered", "", "GET", "/rooms/x/pages?entity_type=Image", "")
	})
}

func TestTheReference(t *testing.T) {
	onEach(t, func(d *door) {
		for path, says := range map[string]string{
			"/pagecall/v1/docs": "Usher in the shape of Pagecall", "/pagecall/v1/openapi.yaml": "openapi: 3.0.3", "/docs": "pagecall/v1/docs",
		} {
			w := httptest.NewRecorder()
			d.api.ServeHTTP(w, httptest.NewRequestWithContext(d.Context(), http.MethodGet, path, nil))
			require.Equal(d, 200, w.Code)
			require.Contains(d, w.Body.String(), says)
		}
	})
}
