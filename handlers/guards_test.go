package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/store"
	"usher/roles"
)

// Every operation takes the kinds of callers that the contract names, and no others.
func TestOperationsTakeWhomTheContractNames(t *testing.T) {
	t.Parallel()
	m := build(t)
	doc, err := contract()
	require.NoError(t, err)
	eachOperation(doc, func(where string, item *openapi3.PathItem, spec *openapi3.Operation) {
		op, err := readOperation(item, spec)
		require.NoError(t, err)
		method, path, _ := strings.Cut(where, " ")
		path = strings.ReplaceAll(placeholder.ReplaceAllString(path, anID), "room-by-alias/"+anID, "room-by-alias/q3_5V3uwikX-")
		for _, kind := range []auth.Kind{auth.Nobody, auth.User, auth.Guest, auth.Client, auth.Key} {
			header := []string{"Content-Type", "application/none"} // who is asking is asked before the body is looked at
			if kind != auth.Nobody {
				header = append(header, "Authorization", "Bearer "+m.token[kind])
			}
			got := m.ask(method, path, "x", header...)
			named := len(op.callers) == 0
			for _, caller := range op.callers {
				named = named || caller == kind
			}
			switch {
			case named || kind == auth.Nobody && op.public:
				require.NotContains(t, []int{401, 403}, got.status, "%s as %q", op.OperationID, kind)
			case kind == auth.Nobody:
				m.refused(got, 401, "no_token")
			default:
				m.refused(got, 403, "wrong_token")
			}
		}
	})
}

// wholeKey is an API key that may all that one can.
func wholeKey(t testing.TB, a *auth.Authority, admin string) string {
	t.Helper()
	who, err := a.Authenticate(t.Context(), admin)
	require.NoError(t, err)
	_, key, err := a.CreateAPIKey(t.Context(), who, auth.NewAPIKey{
		Name: "key", Scopes: []string{"users:write", "rooms:write", "access:write"},
	})
	require.NoError(t, err)
	return key.Reveal()
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	m := build(t)
	user := m.token[auth.User]
	for name, header := range map[string][]string{
		"no bearer":     {"Authorization", user},
		"basic":         {"Authorization", "Basic " + user},
		"empty":         {"Authorization", "Bearer "},
		"garbage":       {"Authorization", "Bearer " + canary},
		"changed":       {"Authorization", "Bearer " + user[:len(user)-4] + "AAAA"},
		"two spaces":    {"Authorization", "Bearer  " + user},
		"two of them":   {"Authorization", "Bearer " + user, "Authorization", "Bearer " + user},
		"two in one":    {"Authorization", "Bearer " + user + ", Bearer " + user},
		"a second kind": {"Authorization", "Bearer " + user, "Authorization", "Basic eDp5"},
	} {
		got := m.ask("GET", "/v1/users/me", "", header...)
		m.refused(got, 401, "invalid_token")
		require.Equal(t, `Bearer error="invalid_token"`, got.header.Get("WWW-Authenticate"), name)
		require.NotContains(t, got.raw+m.logged(), canary)

		// Open to strangers, but not to those who believe to be someone; and where nobody asks, nobody looks.
		m.refused(m.ask("GET", "/v1/spaces/room-by-alias/q3_5V3uwikX-", "", header...), 401, "invalid_token")
		require.Equal(t, 200, m.ask("GET", "/.well-known/jwks.json", "", header...).status, name)
	}
	require.Equal(t, 200, m.ask("GET", "/v1/users/me", "", "Authorization", "bearer "+user).status)
	require.Equal(t, 200, m.ask("GET", "/v1/spaces/room-by-alias/q3_5V3uwikX-", "").status)

	got := m.ask("GET", "/v1/users/me", "", "Cookie", "accesstoken="+user)
	m.refused(got, 401, "no_token")
	require.Equal(t, "Bearer", got.header.Get("WWW-Authenticate"))
}

func TestTokensAreNotTakenFromAQuery(t *testing.T) {
	t.Parallel()
	m := build(t)
	for _, name := range []string{"token", "accessToken", "access_token", "ACCESS_TOKEN", "refresh_token", "refreshToken", "%61ccessToken"} {
		for _, path := range []string{"/v1/users/me", "/.well-known/jwks.json"} {
			got := m.ask("GET", path+"?limit=1&"+name+"="+canary, "", "Authorization", "Bearer "+m.token[auth.User])
			m.refused(got, 422, "token_in_query")
			require.NotContains(t, got.raw, canary)
		}
	}
	require.NotContains(t, m.logged(), canary)
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	m := build(t)
	user := []string{"Authorization", "Bearer " + m.token[auth.User]}
	m.refused(m.stray("GET", "/v1/nothing"), 404, "no_such_path")
	m.refused(m.stray("GET", "/v1/users/"+anID+"/nothing"), 404, "no_such_path")
	got := m.stray("PATCH", "/v1/users", user...)
	m.refused(got, 405, "no_such_method")
	require.ElementsMatch(t, []string{"GET", "HEAD", "POST"}, strings.Split(got.header.Get("Allow"), ", "))

	// A slash at the end means nothing, and there is no way around a guard in it.
	require.Equal(t, 200, m.ask("GET", "/v1/spaces/", "", user...).status)
	m.refused(m.ask("GET", "/v1/spaces/", ""), 401, "no_token")
	m.refused(m.stray("GET", "/v1//spaces", user...), 404, "no_such_path")
	m.refused(m.stray("GET", "/v1/Spaces", user...), 404, "no_such_path")
}

func TestHeadIsAnsweredWhereverGetIs(t *testing.T) {
	t.Parallel()
	m := build(t)
	user := []string{"Authorization", "Bearer " + m.token[auth.User]}
	for _, path := range []string{"/v1/users/me", "/.well-known/jwks.json", "/livez", "/readyz", "/docs", "/openapi.yaml", "/problems", "/docs/redoc.js"} {
		get, head := m.ask("GET", path, "", user...), m.ask("HEAD", path, "", user...)
		require.Equal(t, 200, get.status, path)
		require.Equal(t, 200, head.status, path)
		require.Empty(t, head.raw)
		require.NotEmpty(t, get.raw)
		require.Equal(t, get.header.Get("Content-Type"), head.header.Get("Content-Type"))
	}
	require.Equal(t, 401, m.ask("HEAD", "/v1/users/me", "").status)
	require.Equal(t, 405, m.stray("HEAD", "/v1/access/redeem").status, "HEAD never spends")
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	m := build(t, does("getMe", func(*call) (any, error) { return wire.User{ProfileURL: "https://a?b&<c>"}, nil }))
	user := []string{"Authorization", "Bearer " + m.token[auth.User]}
	got := m.ask("GET", "/v1/users/me", "", user...)
	require.Contains(t, got.raw, `"profileUrl":"https://a?b&<c>"`)
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	require.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"))
	require.Equal(t, "application/json", got.header.Get("Content-Type"))

	deleted := m.ask("DELETE", "/v1/users/"+anID, "", user...)
	require.Equal(t, 204, deleted.status)
	require.Empty(t, deleted.raw)
	require.Equal(t, 201, m.post(spacePath, `{"name":"a"}`).status)
}

func TestProblemsTellWhatTheyHaveToTell(t *testing.T) {
	t.Parallel()
	const until = "2027-01-01T00:00:00Z"
	instant, err := time.Parse(time.RFC3339, until)
	require.NoError(t, err)
	for name, row := range map[string]struct {
		err    error
		status int
		code   string
		check  func(*testing.T, answer)
	}{
		"banned": {&roles.BannedError{Until: instant}, 403, "banned", func(t *testing.T, got answer) {
			require.Equal(t, instant, got.problem.Until)
		}},
		"banned for good": {&roles.BannedError{}, 403, "banned", func(t *testing.T, got answer) {
			require.NotContains(t, got.raw, "until")
		}},
		"sole owner": {&roles.SoleOwnerError{Spaces: []string{anID}}, 409, "sole_owner", func(t *testing.T, got answer) {
			require.Equal(t, []string{anID}, got.problem.Spaces)
		}},
		"denied": {
			&roles.DeniedError{Decision: roles.Decision{Reasons: []roles.Reason{{Code: roles.CodeSpacePublic}, {Code: roles.CodeNotInRoom}}}},
			403, "entry_denied", func(t *testing.T, got answer) {
				require.Equal(t, []wire.Reason{{Code: "space_public"}, {Code: "not_in_room"}}, got.problem.Reasons)
			},
		},
		"denied, since banned": {
			&roles.DeniedError{Decision: roles.Decision{Reasons: []roles.Reason{{Code: roles.CodeBannedInRoom, Until: instant}}}},
			403, "banned", func(t *testing.T, got answer) {
				require.Equal(t, instant, got.problem.Until)
				require.Equal(t, []wire.Reason{{Code: "banned_in_room", Until: instant}}, got.problem.Reasons)
			},
		},
		"a field that the domain refuses": {fmt.Errorf("create user: %w", &auth.FieldError{Field: "username", Reason: "holds an @"}), 422, "invalid", func(t *testing.T, got answer) {
			require.Equal(t, "/username", got.problem.Field)
			require.Equal(t, "/username: holds an @.", got.problem.Detail)
		}},
		"the store is away": {fmt.Errorf("read: %w", store.ErrUnavailable), 503, "unavailable", func(t *testing.T, got answer) {
			require.Equal(t, "1", got.header.Get("Retry-After"))
		}},
		"a fault": {errors.New(canary), 500, "internal", func(t *testing.T, got answer) {
			require.NotContains(t, got.raw, canary)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := build(t, fails("deleteUser", row.err))
			got := m.ask("DELETE", "/v1/users/"+anID, "", "Authorization", "Bearer "+m.token[auth.User])
			p := m.refused(got, row.status, row.code)
			row.check(t, got)
			if row.status >= 500 {
				require.Contains(t, m.logged(), "requestId="+p.RequestID)
			}
		})
	}
}

func TestPanicIsAProblemAndNoMore(t *testing.T) {
	t.Parallel()
	m := build(t,
		does("getMe", func(*call) (any, error) { panic(canary) }),
		does("listUsers", func(c *call) (any, error) {
			c.gin.String(200, strings.Repeat("half an answer", 1000))
			panic(canary)
		}))
	user := []string{"Authorization", "Bearer " + m.token[auth.User]}
	got := m.ask("GET", "/v1/users/me", "", user...)
	p := m.refused(got, 500, "internal")
	require.NotContains(t, got.raw, canary)
	require.Contains(t, m.logged(), p.RequestID)
	require.Equal(t, 1, strings.Count(m.logged(), "msg=request "))
	require.Equal(t, 1, strings.Count(m.logged(), canary), "and one for the fault")

	r, err := http.NewRequestWithContext(t.Context(), "GET", m.url+"/v1/users", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", user[1])
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		_, err = response.Body.Read(make([]byte, 1<<20))
		for err == nil {
			_, err = response.Body.Read(make([]byte, 1<<20))
		}
	}
	require.ErrorContains(t, err, "EOF", "half an answer does not look whole")
	require.Equal(t, 200, m.ask("GET", "/livez", "").status)
}

func TestWhoHasGoneIsNoFault(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	m := build(t, does("getMe", func(c *call) (any, error) {
		leave()
		<-c.Done()
		return nil, fmt.Errorf("read: %w", c.Err())
	}))
	r, err := http.NewRequestWithContext(ctx, "GET", m.url+"/v1/users/me", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+m.token[auth.User])
	_, err = http.DefaultTransport.RoundTrip(r) //nolint:bodyclose // there is no response
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return strings.Contains(m.logged(), "status=499") }, 10*time.Second, 5*time.Millisecond)
	require.NotContains(t, m.logged(), "level=ERROR")
}

func TestRequestsAreNamed(t *testing.T) {
	t.Parallel()
	m := build(t)
	got := m.ask("GET", "/v1/users/"+anID+"?who="+canary, "", "X-Request-Id", "trace-1.2_3", "Authorization", "Bearer "+m.token[auth.User])
	require.Equal(t, "trace-1.2_3", got.header.Get("X-Request-Id"))
	line := m.logged()
	for _, part := range []string{"requestId=trace-1.2_3", "route=/v1/users/:userId", "status=200", "method=GET", "callerKind=user", "duration="} {
		require.Contains(t, line, part)
	}
	require.NotContains(t, line, canary)
	require.NotContains(t, line, anID)
	for _, id := range []string{strings.Repeat("a", 65), "a b", "a\"b", "ä"} {
		own := m.ask("GET", "/livez", "", "X-Request-Id", id).header.Get("X-Request-Id")
		require.Regexp(t, "^[0-9a-f]{16}$", own)
	}
}
