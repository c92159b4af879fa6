package pagecall

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsers(t *testing.T) {
	onEach(t, func(d *door) {
		made := d.ok("POST", "/users", `{"user_id":"u-1","name":null,"unheard":"of","metadata":{"a":null}}`)
		token := made.text("user", "access_token")
		require.Regexp(d, `^[A-Za-z0-9_-]{32}$`, token)
		require.Equal(d, []string{"u-1", "u-1", "guest"}, []string{made.text("user", "user_id"), made.text("user", "name"), made.text("user", "default_member_type")})
		require.Equal(d, made.raw, d.ok("GET", "/users/u-1", "").raw)

		d.clock.Add(1000)
		put := d.ok("POST", "/users", `{"user_id":"u-1","name":"Ann","profile_url":"https://a.test/ann","default_member_type":"host"}`)
		require.Equal(d, []string{made.text("user", "id"), token, "Ann", "https://a.test/ann", "host"}, []string{
			put.text("user", "id"), put.text("user", "access_token"), put.text("user", "name"), put.text("user", "profile_url"), put.text("user", "default_member_type"),
		})
		changed := d.ok("PUT", "/users/u-1", `{"name":"Ann B."}`)
		require.Equal(d, []string{token, "Ann B.", "host"}, []string{changed.text("user", "access_token"), changed.text("user", "name"), changed.text("user", "default_member_type")})

		// The example of Pagecall's own documents sends this as it stands.
		for _, path := range []string{"/users", "/users/u-1"} {
			method := map[string]string{"/users": "POST", "/users/u-1": "PUT"}[path]
			for _, text := range []string{"USER_PROFILE_IMAGE_URL", "100%", "12:30.png", ":", "//a.test/ann", "/ann.png"} {
				passed := d.ok(method, path, `{"user_id":"u-1","profile_url":"`+text+`"}`)
				require.Equal(d, "https://a.test/ann", passed.text("user", "profile_url"), text)
			}
			for _, url := range []string{"http://a.test/ann", "javascript:a", "data:image/png;base64,", "https://", "https://a:b@a.test/", "https://a b/"} {
				d.refused(400, "invalid", "/profile_url", method, path, `{"user_id":"u-1","profile_url":"`+url+`"}`)
			}
		}
		require.Equal(d, "https://a.test/ann", d.ok("GET", "/users/u-1", "").text("user", "profile_url"))
		require.Empty(d, d.ok("PUT", "/users/u-1", `{"profile_url":""}`).text("user", "profile_url"))

		reader := d.apiKey(d.c, "users:read")
		for _, path := range []string{"/users/u-1", "/users"} {
			read := d.ask(reader, "GET", path, "")
			require.Equal(d, 200, read.status)
			require.NotContains(d, read.raw, "access_token")
			require.NotContains(d, read.raw, token)
			require.Contains(d, d.ok("GET", path, "").raw, token)
		}
		gone := d.ok("DELETE", "/users/u-1", "")
		require.Equal(d, "Ann B.", gone.text("user", "name"))
		d.refused(404, "not_found", "", "GET", "/users/u-1", "")
		d.refused(404, "not_found", "", "DELETE", "/users/u-1", "")
		d.refused(404, "not_found", "", "PUT", "/users/u-1", `{}`)
	})
}

func TestWhatIsWrongWithAUser(t *testing.T) {
	onEach(t, func(d *door) {
		d.ok("POST", "/users", `{"user_id":"u-1"}`)
		for body, field := range map[string]string{
			`{}`: "/user_id", `{"user_id":null}`: "/user_id", `{"user_id":7}`: "/user_id", `{"user_id":"` + strings.Repeat("a", 256) + `"}`: "/user_id",
			`{"user_id":"a\nb"}`: "/user_id", `{"user_id":"u","profile_url":"` + strings.Repeat("a", 2049) + `"}`: "/profile_url",
			`{"user_id":"u","default_member_type":"owner"}`: "/default_member_type", `{"user_id":"u","name":"\u202e"}`: "/name",
		} {
			d.refused(400, "invalid", field, "POST", "/users", body)
		}
		d.refused(400, "invalid", "body", "PUT", "/users/u-1", `{`)
		d.refused(400, "invalid", "limit", "GET", "/users?limit=0", "")
		d.refused(400, "invalid", "offset", "GET", "/users?offset=-1", "")
		d.refused(400, "invalid", "sort_by", "GET", "/users?sort_by=name", "")
	})
}

// An integrator writes what he likes into the ids of his users, and encodes it in paths.
func TestIDsOfAllKinds(t *testing.T) {
	onEach(t, func(d *door) {
		room := d.ok("POST", "/rooms", `{"name":"Algebra","type":"private"}`).text("room", "id")
		ids := []string{"이름(S_123)", "a b", "a/b", "/", "..", "a%2Fb", "?x=1#y", "ann@example.com", "62bcc725721aeb718445daf7", "a+b", "a;b"}
		for _, id := range ids {
			made := d.ok("POST", "/users", fmt.Sprintf(`{"user_id":%q,"name":"x"}`, id))
			require.Equal(d, id, made.text("user", "user_id"))
			path := url.PathEscape(id)
			if id == ".." { // which a client that follows RFC 3986 takes for a way up
				path = "%2E%2E"
			}
			require.Equal(d, made.raw, d.ok("GET", "/users/"+path, "").raw, id)
			d.ok("POST", "/rooms/"+room+"/members", fmt.Sprintf(`{"user_id":%q}`, id))
			require.Equal(d, id, d.ok("GET", "/rooms/"+room+"/members/"+path, "").text("member", "user_id"))
		}
		require.ElementsMatch(d, ids, d.ok("GET", "/rooms/"+room+"/members", "").list("members", "user_id"))
	})
}

func TestUsersAreListed(t *testing.T) {
	onEach(t, func(d *door) {
		require.JSONEq(d, `{"users":[],"paging":{"limit":30,"offset":0,"total":0}}`, d.ok("GET", "/users", "").raw)
		for _, id := range []string{"ann@a.test", "bob@a.test", "ann@b.test"} {
			d.ok("POST", "/users", `{"user_id":"`+id+`"}`)
			d.clock.Add(1000)
		}
		ids := func(query string) []string {
			d.Helper()
			return d.ok("GET", "/users"+query, "").list("users", "user_id")
		}
		require.Equal(d, []string{"ann@b.test", "bob@a.test", "ann@a.test"}, ids(""))
		require.Equal(d, []string{"ann@a.test", "bob@a.test", "ann@b.test"}, ids("?sort_by=+created_at"))
		require.Equal(d, []string{"bob@a.test"}, ids("?limit=1&offset=1&sort_by=-created_at"))
		require.ElementsMatch(d, []string{"ann@a.test", "ann@b.test"}, ids("?email_search_query=ann%40"))
		page := d.ok("GET", "/users?email_search_query=ann%40&limit=1", "")
		require.Equal(d, map[string]any{"limit": 1., "offset": 0., "total": 2.}, page.of("paging"))
	})
}
