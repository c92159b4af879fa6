package handlers_test

import (
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// asBackend posts a form as the confidential client, which names itself in the header, as OAuth libraries do.
func (sc *scene) asBackend(path string, form url.Values) reply {
	sc.t.Helper()
	r := httptest.NewRequestWithContext(sc.t.Context(), "POST", publicURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formKind)
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(sc.id["client"]+":"+sc.id["secret"])))
	return sc.send(r)
}

// What a token says is what is said of it, while it is taken.
func TestIntrospectionSaysWhatTokensSay(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		for _, actor := range []string{"pupil", "guest", "member", "client"} {
			said := sc.asBackend("/v1/auth/introspect", url.Values{"token": {sc.token[actor]}, "token_type_hint": {"access_token"}})
			token := claims(sc, sc.token[actor])
			for name, value := range token.body {
				switch name {
				case "type", "lineage": // Usher's own business
					continue
				case "cId":
					name = "client_id"
				}
				sc.says(said, name, value)
			}
			sc.says(said, "active", true, "token_type", "Bearer", "username", map[string]any{"pupil": "pupil"}[actor])
		}
		sc.as("pupil", "POST", "/v1/auth/logout", "")
		for _, token := range []string{sc.token["pupil"], sc.token["elsewhere"], "x"} {
			if said := sc.asBackend("/v1/auth/introspect", url.Values{"token": {token}}); said.raw != `{"active":false}`+"\n" {
				t.Error(said.raw)
			}
		}
		got := sc.asBackend("/v1/auth/revoke", url.Values{"token": {sc.token["client"]}})
		sc.says(got, "error", "unsupported_token_type")
		sc.as("guest", "GET", "/v1/access/seat", "")
		sc.asBackend("/v1/auth/revoke", url.Values{"token": {sc.token["guest"]}, "token_type_hint": {"refresh_token"}})
		if r := sc.ask("guest", "GET", "/v1/access/seat", ""); r.status != 401 {
			t.Error(r.raw)
		}
	})
}

// A person finds the session that is not his by what it shows, and ends it.
func TestSessionsShowWhereTheyAre(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		body := `{"grant_type":"password","client_id":"` + sc.id["web"] + `","username":"pupil","password":"` + goodPass + `"}`
		r := httptest.NewRequestWithContext(t.Context(), "POST", publicURL+"/v1/auth/token", strings.NewReader(body))
		r.RemoteAddr = "[2001:db8:1:2:3:4:5:6]:80"
		r.Header.Set("Content-Type", jsonKind)
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		strange := claims(sc, sc.send(r).text("access_token")).text("sid")
		shown := func() map[string]reply {
			all := map[string]reply{}
			items, _ := sc.as("pupil", "GET", "/v1/auth/sessions", "").body["items"].([]any)
			for _, item := range items {
				one, _ := item.(map[string]any)
				row := reply{body: one}
				all[row.text("id")] = row
			}
			return all
		}
		found := shown()
		sc.says(found[strange], "device", "Firefox on Linux", "addressPrefix", "2001:db8:1:2::/64", "clientId", sc.id["web"], "current", false)
		own := claims(sc, sc.token["pupil"]).text("sid")
		sc.says(found[own], "device", nil, "addressPrefix", "192.0.2.1", "current", true)
		sc.as("pupil", "DELETE", "/v1/auth/sessions/"+strange, "")
		if found = shown(); len(found) != 1 || found[own].body == nil {
			t.Errorf("left are %v", found)
		}
	})
}
