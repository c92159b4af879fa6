package handlers

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/roles"
)

const besideYAML = `
openapi: 3.0.3
info: {title: Another, version: '1'}
components: {securitySchemes: {key: {type: http, scheme: bearer}}}
paths:
  /things/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string, maxLength: 20}}]
    put:
      operationId: putThing
      security: [{key: []}]
      x-scope: users:write
      x-limit: none
      parameters: [{name: loud, in: query, schema: {type: boolean}}]
      requestBody: {content: {application/json: {schema: {type: object, properties: {size: {type: integer, maximum: 9}, more: {type: array, items: {type: object, properties: {of: {type: string}}}}}}}}}
      responses: {'200': {description: It., content: {application/json: {schema: {type: object}}}}, '400': {description: No.}}
`

// Another contract has the same guards, and refuses as its clients know it.
func TestAContractBesideOursRefusesPlainly(t *testing.T) {
	t.Parallel()
	type thing struct{ Size int }
	var fails error
	m := build(t, func(_ *machine, a *api, _ map[string]handler) {
		a.beside = []Contract{{"/other/v1", []byte(besideYAML), map[string]Operation{
			"putThing": With(func(c *Call, in thing) (any, error) {
				return map[string]any{"name": c.ID("name"), "size": in.Size, "loud": c.Param("loud"), "by": c.Who().Kind}, fails
			}),
		}}}
	})
	put := func(path, body, token string) answer {
		t.Helper()
		return m.ask("PUT", "/other/v1/things/"+path, body, "Content-Type", kindJSON, "Authorization", "Bearer "+token)
	}
	key := m.token[auth.Key]
	for path, name := range map[string]string{"a%2Fb%20%28%EA%B9%80%29": "a/b (김)", "a": "a", "a/": "a", "a%2F": "a/", "100%25": "100%"} {
		got := put(path+"?loud=true&unheard=of", `{"size":3,"unheard":"of","more":[{"of":null}]}`, key)
		require.Equal(t, 200, got.status, got.raw)
		require.JSONEq(t, `{"name":"`+name+`","size":3,"loud":"true","by":"key"}`, got.raw)
	}
	m.refused(put("a", `{"size":10}`, key), 400, "invalid")
	m.refused(put("a?loud=perhaps", `{}`, key), 400, "invalid")
	m.refused(put("a", `{`, key), 400, "invalid")
	m.refused(put("a", `{}`, m.token[auth.User]), 400, "wrong_token")
	require.Equal(t, 200, put("a", `{"size":null}`, key).status)
	m.refused(put("a", `{}`, "x"), 401, "invalid_token")
	for code, want := range map[string]struct {
		err    error
		status int
	}{
		"room_closed": {roles.ErrRoomClosed, 400}, "not_found": {roles.ErrNotFound, 404}, "unavailable": {auth.ErrContended, 503},
		"email_taken": {auth.ErrEmailTaken, 400}, "not_offered": {ErrNotOffered, 404}, "internal": {errors.New("a fault"), 500},
	} {
		fails = want.err
		m.refused(put("a", `{}`, key), want.status, code)
	}
	docs := m.ask("GET", "/docs", "")
	require.Contains(t, docs.raw, `<a href="other/v1/docs">`)
	require.Contains(t, m.ask("GET", "/other/v1/docs", "").raw, `<a href="../../docs">`)
	require.Equal(t, besideYAML, m.ask("GET", "/other/v1/openapi.yaml", "").raw)
}
