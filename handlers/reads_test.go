package handlers_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/auth"
	"usher/internal/store/storetest"
)

// readers are who may read what the operations of a scene read.
var readers = map[string]string{
	"listUsers": "administrator", "getUser": "administrator", "listSpaces": "space owner", "getSeat": "guest", "findUser": "space owner",
	"getSpace": "space owner", "listMembers": "space owner", "listInvites": "space owner", "getInvite": "space owner", "listInviteUses": "space owner", "countIssuedInSpace": "space owner", "listRooms": "space owner",
	"listApiKeys": "administrator", "listClients": "administrator", "listEvents": "administrator",
	"getWorkspace": "administrator",
}

func reader(operation string) string {
	if actor := readers[operation]; actor != "" {
		return actor
	}
	return "room owner"
}

// reads are the operations that change nothing, by name.
func reads(t testing.TB, which func(operation) bool) (all []operation) {
	t.Helper()
	every := operations(t)
	for _, name := range slices.Sorted(maps.Keys(every)) {
		if op := every[name]; op.method == http.MethodGet && which(op) {
			all = append(all, op)
		}
	}
	return all
}

// fuzzing reports whether inputs are made up here, and not only played. Then those that are given take many times as long
// as any other, and so they are to be few.
func fuzzing() bool { return flag.Lookup("test.fuzz").Value.String() != "" }

// FuzzRequests looks for a path, a query or a header that makes reading fail, write, tell something to whom it is not
// for, or come back in the answer.
func FuzzRequests(f *testing.F) {
	whole := open(f, storetest.Bolt(f)).newScene(f, "true", "private")
	all := reads(f, func(operation) bool { return true })
	for i := range all {
		f.Add(uint8(i), "", "", "", "", "")
	}
	for i, seed := range []string{
		"", ofNothing, strings.ToUpper(ofNothing), aliasNothing, "..", "%2e%2e", "/", "a/b", "a%2Fb", "\x00", "é", ofNothing + "\n", "{userId}", "{linkId} ",
		"Bearer x", "Basic eDp5", "Bearer <elsewhere>", "Bearer <guest> ", "bearer <space owner>", "<space owner>", "Bearer <client>, Bearer <guest>",
		"limit=0", "limit=1&limit=2", "accessToken=x", "%zz", "userId={userId}&linkId={linkId}", "userId=y", "10.0.0.1, ::1", strings.Repeat("a", 65), "a\r\nb: c",
	} {
		f.Add(uint8(i), seed, "", "", "", "")
		f.Add(uint8(i), "{userId}", seed, "", "", "")
		f.Add(uint8(i), "{linkId}", "", seed, "", "")
		f.Add(uint8(i), "{inviteId}", "", "", seed, seed)
	}
	f.Fuzz(func(t *testing.T, which uint8, id, query, authorization, forwarded, requestID string) {
		op, sc := all[int(which)%len(all)], whole.in(t)
		names := sc.names()
		path, authorization := op.path, names.Replace(authorization)
		if last := regexp.MustCompile(`\{\w+\}$`); id != "" {
			path = last.ReplaceAllLiteralString(path, url.PathEscape(names.Replace(id)))
		}
		path = names.Replace(path + "?" + query)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, publicURL+path, http.NoBody)
		if err != nil {
			return
		}
		r.Header = http.Header{"X-Forwarded-For": {forwarded}, "X-Request-Id": {requestID}, "Authorization": {authorization}}
		if authorization == "" {
			r.Header.Set("Authorization", "Bearer "+sc.token[reader(op.OperationID)])
		}
		before := sc.applies.Load()
		got, err := sc.exchange(r)
		if err != nil && got.status != 404 && got.status != 405 { // another path
			t.Errorf("%s: %d: %v\n%s", path, got.status, err, got.raw)
		}
		if got.status >= 500 || sc.applies.Load() != before {
			t.Errorf("%s: %d, and %d writes\n%s", path, got.status, sc.applies.Load()-before, got.raw)
		}
		sc.tellsNobody(op, got, authorization)
		sc.named(got, requestID)
	})
}

// tellsNobody requires that only who shows a token of the scene is told anything, unless it is for everybody.
func (sc *scene) tellsNobody(op operation, got reply, authorization string) {
	sc.t.Helper()
	if authorization == "" || len(op.callers) == 0 || got.status >= 300 {
		return
	}
	for _, token := range sc.token {
		if strings.EqualFold(authorization, "Bearer "+token) && strings.HasSuffix(authorization, token) {
			return
		}
	}
	sc.t.Errorf("%s answers %q", op.OperationID, authorization)
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// named requires that an answer has a plain name: the caller's, where that is one.
func (sc *scene) named(got reply, sent string) {
	sc.t.Helper()
	name := got.header.Get("X-Request-Id")
	if !plainID.MatchString(name) || plainID.MatchString(sent) && name != sent {
		sc.t.Errorf("%q is named %q", sent, name)
	}
}

// An entry is one of an index, and what a list answers of it, which can be nothing.
type entry struct{ key, id string }

// FuzzCursors looks for a page that is not exactly what lies beyond its cursor.
func FuzzCursors(f *testing.F) {
	whole := open(f, storetest.Bolt(f)).newScene(f, "true", "private")
	for _, name := range []string{"Chemistry", "Biology"} {
		whole.as("space owner", "POST", "/v1/spaces", `{"name":"`+name+`"}`)
		whole.as("space owner", "POST", "/v1/spaces/{spaceId}/rooms", `{"name":"`+name+`"}`)
	}
	whole.as("room owner", "PUT", "/v1/spaces/{spaceId}/rooms/{roomId}/bans/{outsider}", `{"until":"2999-01-01T00:00:00Z"}`)
	whole.id["inviteId"] = whole.id["invite of pupil"]
	whole.ask("outsider", "POST", "/v1/spaces/{spaceId}/invites/{inviteId}/activate", "")
	whole.as("nobody", "POST", "/v1/access/redeem", `{"accessToken":"{linkToken}"}`)
	for _, actor := range []string{"room owner", "room moderator"} { // two of each, or it doesn't show whether a list descends
		whole.as(actor, "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", "")
	}
	lists := reads(f, func(op operation) bool { return op.params.GetByInAndName("query", "after") != nil })
	entries := make([][]entry, len(lists))
	for i, op := range lists {
		entries[i] = whole.walk(op)
		if len(entries[i]) == 0 {
			f.Fatalf("%s lists nothing here", op.OperationID)
		}
		for j := range entries[i] {
			if fuzzing() && j > 0 {
				break
			}
			f.Add(uint8(i), uint8(j), uint8(0), "", "", uint8(j))
			f.Add(uint8(i), uint8(j), uint8(1), "\xff", "", uint8(100))
			f.Add(uint8(i), uint8(j), uint8(j), "\x00", "", uint8(2))
		}
	}
	for i, after := range []string{"_", "____", "A", "=", "a b", strings.Repeat("A", 1025), "AAAA\n"} {
		f.Add(uint8(i), uint8(0), uint8(0), "", after, uint8(i))
	}
	good := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	f.Fuzz(func(t *testing.T, which, from, cut uint8, tail, after string, limit uint8) {
		sc, i := whole.in(t), int(which)%len(lists)
		if after == "" { // near one of its own
			key := entries[i][int(from)%len(entries[i])].key
			after = base64.RawURLEncoding.EncodeToString([]byte(key[:len(key)-int(cut)%len(key)] + tail))
		}
		got := sc.page(lists[i], "?limit="+fmt.Sprint(limit)+"&after="+url.QueryEscape(after))
		if !good.MatchString(after) || len(after) > 1024 || limit < 1 || limit > 100 {
			if got.status != 422 {
				t.Errorf("%q: %d", after, got.status)
			}
			return
		}
		beyond, _ := base64.RawURLEncoding.DecodeString(after)
		want, next := []string{}, ""
		descends := entries[i][0].key > entries[i][len(entries[i])-1].key
		for _, e := range entries[i] {
			further := e.key != string(beyond) && (e.key < string(beyond)) == descends
			if (further || len(beyond) == 0) && limit > 0 {
				if limit--; e.id != "" {
					want = append(want, e.id)
				}
				if next = ""; limit == 0 {
					next = base64.RawURLEncoding.EncodeToString([]byte(e.key))
				}
			}
		}
		if ids := got.ids(); !slices.Equal(ids, want) || got.text("next") != next {
			t.Errorf("%s beyond %q: %v and %q, want %v and %q", lists[i].OperationID, beyond, ids, got.text("next"), want, next)
		}
	})
}

// walk reads a list one entry at a time.
func (sc *scene) walk(op operation) (all []entry) {
	sc.t.Helper()
	for query := "?limit=1"; ; {
		got := sc.page(op, query)
		next := got.text("next")
		if next == "" {
			return all
		}
		if len(all) == 1000 {
			sc.t.Fatalf("%s does not end", op.OperationID)
		}
		key, err := base64.RawURLEncoding.DecodeString(next)
		must(sc.t, err)
		all = append(all, entry{string(key), strings.Join(got.ids(), "")})
		query = "?limit=1&after=" + next
	}
}

func (sc *scene) page(op operation, query string) reply {
	sc.t.Helper()
	return sc.ask(reader(op.OperationID), op.method, op.path+query, "")
}

// ids are what the items of a page are called.
func (r reply) ids() []string {
	ids := []string{}
	items, _ := r.body["items"].([]any)
	for _, item := range items {
		fields, _ := item.(map[string]any)
		for _, name := range []string{"id", "userId", "targetId"} {
			if id, ok := fields[name].(string); ok && auth.IsID(id) {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids
}
