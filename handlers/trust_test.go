package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/handlers"
	"usher/internal/store/storetest"
)

// spoken are the headers that a proxy passes on, in the order in which told has them.
var spoken = []string{"X-Usher-User", "X-Usher-Session", "X-Usher-Workspace", "X-Usher-Kind", "X-Usher-Name", "X-Usher-Room", "X-Usher-Role"}

// told are their values. Each must be there, once, whether or not it says something.
func (r reply) told(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, name := range spoken {
		if len(r.header.Values(name)) != 1 {
			t.Errorf("%s comes %d times", name, len(r.header.Values(name)))
		}
		values[strings.TrimPrefix(name, "X-Usher-")] = r.header.Get(name)
	}
	return values
}

// knocks asks as a proxy does that sends what its client sent, and everything that a client might make up with it.
func (sc *scene) knocks(actor, method, path string, headers ...string) reply {
	sc.t.Helper()
	req := httptest.NewRequestWithContext(sc.t.Context(), method, publicURL+sc.names().Replace(path), strings.NewReader("the client's body"))
	for _, name := range spoken {
		req.Header[name] = []string{"forged", "forged twice"}
	}
	if sc.token[actor] != "" {
		req.Header.Set("Authorization", "Bearer "+sc.token[actor])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	sc.api.ServeHTTP(w, req)
	return reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
}

func TestVerifyTellsAProxyWhoComes(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		sc.as("pupil", "PATCH", "/v1/users/me", `{"name":"Zoë 🎓 +1% a~b"}`)
		place := "/v1/auth/verify?room={spaceId}.{roomId}"
		for name, row := range map[string]struct {
			actor, path string
			want        map[string]string
		}{
			"a user, where no room guards": {"pupil", "/v1/auth/verify", map[string]string{
				"User": sc.id["pupil"], "Kind": "user", "Name": "Zo%C3%AB%20%F0%9F%8E%93%20%2B1%25%20a~b",
			}},
			"a user, in a room": {"pupil", place, map[string]string{
				"User": sc.id["pupil"], "Kind": "user", "Name": "Zo%C3%AB%20%F0%9F%8E%93%20%2B1%25%20a~b", "Room": sc.id["roomId"], "Role": "role_room_user",
			}},
			"a member, in a room": {"member owner", place, map[string]string{
				"User": sc.id["member owner"], "Kind": "member", "Name": "member%20owner", "Room": sc.id["roomId"], "Role": "role_room_owner",
			}},
			"a guest, by the ids": {"guest moderator", place, map[string]string{
				"User": sc.id["guest moderator"], "Kind": "guest", "Name": "guest%20moderator", "Room": sc.id["roomId"], "Role": "role_room_moderator",
			}},
			"a guest, by the alias": {"guest", "/v1/auth/verify?room={alias}", map[string]string{
				"User": sc.id["guest"], "Kind": "guest", "Name": "guest", "Room": sc.id["roomId"], "Role": "role_room_user",
			}},
		} {
			got := sc.knocks(row.actor, "GET", row.path)
			if got.status != 200 || got.raw != "" || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %q %v", name, got.status, got.raw, got.header)
			}
			told := got.told(t)
			if len(told["Session"]) != 24 && row.actor == "pupil" || len(told["Workspace"]) != 24 {
				t.Errorf("%s: %v", name, told)
			}
			delete(told, "Session")
			delete(told, "Workspace")
			for field, value := range told {
				if value != row.want[field] {
					t.Errorf("%s: %s is %q", name, field, value)
				}
			}
		}
	})
}

// TestVerifyAnswersWhatProxiesSend: Traefik asks by GET or, if it is told so, by its client's method; Envoy by its
// client's method, and puts its prefix before its client's path and query.
func TestVerifyAnswersWhatProxiesSend(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		inRoom, inAlias := "/v1/auth/ext-authz/{spaceId}.{roomId}/", "/v1/auth/ext-authz/{alias}/"
		for _, row := range []struct {
			actor, method, path string
			status              int
		}{
			{"pupil", "GET", "/v1/auth/verify", 200},
			{"pupil", "HEAD", "/v1/auth/verify", 200},
			{"pupil", "POST", "/v1/auth/verify", 200},
			{"pupil", "DELETE", "/v1/auth/verify/", 200},
			{"pupil", "OPTIONS", "/v1/auth/verify", 200},
			{"guest", "GET", "/v1/auth/verify", 403},
			{"client", "GET", "/v1/auth/verify", 403},
			{"nobody", "PATCH", "/v1/auth/verify", 401},
			{"outsider", "GET", "/v1/auth/verify?room={alias}", 403},
			{"elsewhere", "GET", "/v1/auth/verify?room={alias}", 403},
			{"guest", "PUT", "/v1/auth/verify?room={alias}", 200},

			// The prefix is the proxy's, and nothing behind it counts.
			{"pupil", "GET", "/v1/auth/ext-authz/-/", 200},
			{"pupil", "HEAD", "/v1/auth/ext-authz/-//", 200},
			{"pupil", "POST", "/v1/auth/ext-authz/-//files/a%2Fb/../c?token=theirs&%zz;", 200},
			{"pupil", "GET", "/v1/auth/ext-authz/-/*", 200},
			{"nobody", "DELETE", "/v1/auth/ext-authz/-//files", 401},
			{"guest", "GET", "/v1/auth/ext-authz/-//files", 403},
			{"guest", "GET", "/v1/auth/ext-authz/-//files?room={alias}", 403},
			{"guest", "GET", "/v1/auth/ext-authz/-//{alias}/?room={spaceId}.{roomId}", 403},
			{"guest", "GET", inRoom + "/files?x=1", 200},
			{"guest", "POST", inAlias, 200},
			{"outsider", "POST", inAlias + "/?room=" + aliasNothing, 403},
			{"outsider", "POST", inAlias + "/v1/auth/verify", 403},

			// A check that is misspelt is not none: it keeps everybody out.
			{"pupil", "GET", "/v1/auth/verify?room=", 422},
			{"pupil", "GET", "/v1/auth/verify?Room={alias}", 422},
			{"pupil", "GET", "/v1/auth/verify?room={roomId}", 422},
			{"pupil", "GET", "/v1/auth/verify?room={alias}&room={alias}", 422},
			{"pupil", "GET", "/v1/auth/verify?room={spaceId}%2F{roomId}", 422},
			{"pupil", "GET", "/v1/auth/verify?token=x", 422},
			{"pupil", "GET", "/v1/auth/ext-authz//files", 422},
			{"pupil", "GET", "/v1/auth/ext-authz/*", 422},
			{"pupil", "GET", "/v1/auth/ext-authz/{roomId}/files", 422},
			{"pupil", "GET", "/v1/auth/ext-authz/-&room={alias}/", 422},
			{"pupil", "GET", "/v1/auth/ext-authz", 404},
			{"pupil", "GET", "/v1/auth/ext%2Dauthz/-/files", 404},
			{"pupil", "GET", "/v1/auth/verify/files", 404},
		} {
			if got := sc.knocks(row.actor, row.method, row.path); got.status != row.status {
				t.Errorf("%s, %s %s: %d, want %d\n%s", row.actor, row.method, row.path, got.status, row.status, got.raw)
			} else if got.status != 200 && len(got.header.Values("X-Usher-User")) != 0 {
				t.Errorf("%s %s: a refusal says who it refuses", row.method, row.path)
			}
		}
	})
}

// TestMetadataLeadsToWhatAnswers: every address in it is one of ours, and there is something there.
func TestMetadataLeadsToWhatAnswers(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		told := d.ok(200, "", "GET", "/.well-known/oauth-authorization-server", "")
		if told.text("issuer") != publicURL {
			t.Errorf("the issuer is %s", told.text("issuer"))
		}
		addresses := 0
		for name, value := range told.body {
			at, ours := strings.CutPrefix(told.text(name), publicURL+"/")
			switch list, isList := value.([]any); {
			case name == "issuer":
			case isList && len(list) == 0:
				t.Errorf("%s: RFC 8414 leaves out what is empty", name)
			case isList:
			case !ours:
				t.Errorf("%s leads elsewhere: %v", name, value)
			default:
				addresses++
				method := "GET"
				if strings.HasSuffix(name, "_endpoint") {
					method = "POST"
				}
				w := httptest.NewRecorder()
				d.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, publicURL+"/"+at, nil))
				if w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed || w.Code >= 500 {
					t.Errorf("%s: %s %s answers %d", name, method, at, w.Code)
				}
			}
		}
		if addresses < 5 {
			t.Errorf("only %d addresses: %s", addresses, told.raw)
		}
	})
}

// TestMetadataOfAnIssuerWithAPath is at its root, where the path goes behind the well-known one (RFC 8414, section 3.1).
func TestMetadataOfAnIssuerWithAPath(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.Bolt(t), func(deps *handlers.Deps) { deps.PublicURL = "https://school.test/usher" })
	for path, status := range map[string]int{
		"/.well-known/oauth-authorization-server/usher": 200, "/.well-known/oauth-authorization-server": 200,
		"/.well-known/oauth-authorization-server/other": 404, "/.well-known/oauth-authorization-server/usher/x": 404,
	} {
		w := httptest.NewRecorder()
		d.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "https://school.test"+path, nil))
		if w.Code != status || status == 200 && !strings.Contains(w.Body.String(), `"issuer":"https://school.test/usher"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
