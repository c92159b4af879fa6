package handlers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// public are the operations that someone without a token may call. Whatever else the contract has, or will have,
// turns strangers away.
var public = []string{
	"getAccessToken", "getKeys", "getRoom", "getRoomByAlias", "previewAccess", "redeemAccess", "joinAsGuest",
}

func TestStrangersAreTurnedAway(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	must(t, err)
	onEach(t, func(t *testing.T, d *door) {
		seen := 0
		for path, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				if slices.Contains(public, op.OperationID) {
					continue
				}
				seen++
				d.turnsAway(t, op.OperationID, method, path)
			}
		}
		if seen+len(public) != len(rows) {
			t.Errorf("%d operations and %d public ones, but %d rows in the matrix", seen, len(public), len(rows))
		}
	})
}

// turnsAway tries what someone might come with who has no token: before anything is looked at, the body included.
func (d *door) turnsAway(t *testing.T, operation, method, path string) {
	t.Helper()
	path = strings.NewReplacer("{alias}", "abcdefghijkl").Replace(path)
	for strings.Contains(path, "{") {
		path = path[:strings.Index(path, "{")] + "0123456789abcdef01234567" + path[strings.Index(path, "}")+1:]
	}
	before := d.applies.Load()
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer x", "Basic d2ViOg==", "bearer null", "Bearer a.b.c"} {
		r := d.do("", method, path, `{"nonsense":true}`, "Authorization", authorization, "Cookie", "accessToken=x; refreshToken=y")
		if r.status != 401 || r.text("code") == "" {
			t.Errorf("%s with Authorization %q: %d\n%s", operation, authorization, r.status, r.raw)
		}
	}
	if d.applies.Load() != before {
		t.Errorf("%s wrote something for a stranger", operation)
	}
}

// TestCookiesAuthoriseNothing: whatever cookie comes, from wherever, counts as no token.
func TestCookiesAuthoriseNothing(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		for _, origin := range []string{"", publicURL, "https://evil.test"} {
			r := sc.do("", "GET", "/v1/users/me", "", "Cookie", "accessToken="+sc.token["space owner"], "Origin", origin)
			if r.status != 401 {
				t.Errorf("a cookie from %q: %d", origin, r.status)
			}
			if r.header.Get("Access-Control-Allow-Origin") != "" || r.header.Get("Set-Cookie") != "" {
				t.Errorf("an answer to %q lets scripts read it, or sets a cookie: %v", origin, r.header)
			}
		}
		r := sc.do(sc.token["space owner"], "GET", "/v1/users/me", "", "Cookie", "accessToken="+sc.token["administrator"])
		if r.text("id") != sc.id["space owner"] {
			t.Errorf("a cookie took the place of the header: %s", r.raw)
		}
	})
}
