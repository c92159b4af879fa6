package handlers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Staff sees users whom an integrator keeps among the others, and by their ids; nobody makes more of them than they are,
// and their tokens are not for the API that knows nothing of them.
func TestExternalUsersAmongOthers(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "public")
		const user = "/v1/users/{member}"
		for _, actor := range []string{"administrator", "support", "key"} {
			got := sc.as(actor, "GET", user, "")
			require.Equal(t, []any{"member", nil, nil}, []any{got.body["externalId"], got.body["email"], got.body["username"]})
			require.Contains(t, sc.as(actor, "GET", "/v1/users?limit=100", "").raw, `"externalId":"member owner"`)
			require.NotContains(t, got.raw, sc.id["member link"])
		}
		require.Contains(t, sc.as("space owner", "GET", "/v1/spaces/{spaceId}/members", "").raw, `"name":"member owner"`)

		for body, field := range map[string]string{`{"email":"new@here.test"}`: "/email", `{"username":"new"}`: "/username", `{"emailVerified":true}`: "/emailVerified"} {
			got := sc.ask("administrator", "PATCH", user, body)
			require.Equal(t, []any{422, field}, []any{got.status, got.text("field")}, body)
		}
		got := sc.ask("administrator", "PUT", user+"/role", `{"role":"role_workspace_admin"}`)
		require.Equal(t, []any{422, "/role"}, []any{got.status, got.text("field")})
		require.Equal(t, 404, sc.ask("space owner", "GET", "/v1/users/find?username=member", "").status)
		require.Equal(t, 400, sc.ask("nobody", "POST", "/v1/auth/token", `{"grant_type":"password","client_id":"{web}","username":"member","password":"{member link}"}`).status)

		require.Equal(t, "Ann", sc.as("administrator", "PATCH", user, `{"name":"Ann"}`).text("name"))
		pass := claims(sc, sc.as("member", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", "").text("roomToken"))
		require.Equal(t, []string{"Ann", "member"}, []string{pass.text("name"), pass.text("externalUserId")})
		sc.as("administrator", "DELETE", user, "")
		require.Equal(t, 401, sc.ask("member", "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", "").status)
		require.NotContains(t, sc.as("administrator", "GET", "/v1/users?limit=100", "").raw, `"externalId":"member"`)
	})
}
