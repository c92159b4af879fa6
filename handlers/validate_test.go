package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers/wire"
)

const (
	anID       = "60cb1fd41f46ac12ff0eec79"
	userPath   = "/v1/users"
	spacePath  = "/v1/spaces"
	linkPath   = "/v1/spaces/" + anID + "/rooms/" + anID + "/generate-access"
	banPath    = "/v1/spaces/" + anID + "/bans/" + anID
	invitePath = "/v1/spaces/" + anID + "/invites"
	kickPath   = "/v1/spaces/" + anID + "/rooms/" + anID + "/kick"
	canary     = "kanarienvogel"
)

// Whatever is wrong with a request, the answer names the place and the reason, and repeats nothing.
func TestInvalidRequestsAreNamedAndNotRepeated(t *testing.T) {
	t.Parallel()
	m := build(t, does("generateAccess", with(func(*call, wire.NewLink) (any, error) { return wire.LinkCreated{}, nil })))
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for name, row := range map[string]struct {
		path, body, field string
		reason            reason
	}{
		"missing":                    {userPath, `{"email":"a@b.c","password":"` + canary + `"}`, "/username", missing},
		"unknown":                    {userPath, `{"email":"a@b.c","username":"a","password":"b","isAdmin":"` + canary + `"}`, "/isAdmin", unknown},
		"unknown by its case":        {spacePath, `{"name":"a","Name":"` + canary + `"}`, "/Name", unknown},
		"unknown, and no word":       {spacePath, `{"name":"a","` + canary + ` is my secret":1}`, "/", unknown},
		"wrong type":                 {spacePath, `{"name":["` + canary + `"]}`, "/name", wrongType},
		"string for a number":        {linkPath, `{"username":"a","role":"user","ttl":"` + canary + `"}`, "/ttl", wrongType},
		"string for a boolean":       {spacePath, `{"name":"a","isPublic":"` + canary + `"}`, "/isPublic", wrongType},
		"broken number":              {linkPath, `{"username":"a","role":"user","ttl":86400.5}`, "/ttl", wrongType},
		"a number that overflows":    {linkPath, `{"username":"a","role":"user","ttl":1e999}`, "/ttl", wrongType},
		"an integer that Go's isn't": {linkPath, `{"username":"a","role":"user","ttl":6.0e1}`, "/ttl", wrongType},
		"too small":                  {linkPath, `{"username":"a","role":"user","ttl":59}`, "/ttl", tooSmall},
		"too great":                  {linkPath, `{"username":"a","role":"user","ttl":99999999999}`, "/ttl", tooGreat},
		"too long":                   {spacePath, `{"name":"` + strings.Repeat(canary, 20) + `"}`, "/name", tooLong},
		"empty":                      {spacePath, `{"name":""}`, "/name", tooShort},
		"blank":                      {spacePath, `{"name":"   "}`, "/name", malformed},
		"control character":          {spacePath, `{"name":"` + canary + `\u0000"}`, "/name", malformed},
		"C1 control character":       {spacePath, `{"name":"` + canary + `\u0085"}`, "/name", malformed},
		"line separator":             {spacePath, `{"name":"` + canary + `\u2028"}`, "/name", malformed},
		"turned writing":             {spacePath, `{"name":"` + canary + `\u202e"}`, "/name", malformed},
		"not in the list":            {invitePath, `{"role":"role_space_owner"}`, "/role", notInList},
		"null":                       {spacePath, `{"name":null}`, "/name", isNull},
		"no e-mail address":          {userPath, `{"email":"` + canary + `","username":"a","password":"b"}`, "/email", malformed},
		"no web address":             {spacePath, `{"name":"a","logo":"javascript:` + canary + `"}`, "/logo", malformed},
		"too few fields":             {kickPath, `{}`, "body", tooFew},
		"too many fields":            {kickPath, `{"userId":"` + anID + `","seatId":"` + anID + `"}`, "body", tooMany},
		"twice":                      {spacePath, `{"name":"a","name":"` + canary + `"}`, "/name", duplicate},
		"twice, by an escape":        {spacePath, `{"name":"a","n\u0061me":"` + canary + `"}`, "/name", duplicate},
		"twice, deep inside":         {spacePath, `{"name":{"a":[{"b":1,"b":2}]}}`, "/name/a/b", duplicate},
		"deep":                       {spacePath, deep, "body", tooDeep},
		"an array":                   {spacePath, `["` + canary + `"]`, "body", wrongType},
		"a null":                     {spacePath, `null`, "body", isNull},
		"something after it":         {spacePath, `{"name":"a"}{"name":"` + canary + `"}`, "body", notJSON},
		"not JSON":                   {spacePath, `name=` + canary, "body", notJSON},
		"cut off":                    {spacePath, `{"name":"` + canary, "body", notJSON},
		"not UTF-8":                  {spacePath, "{\"name\":\"" + canary + "\xff\"}", "body", notUTF8},
		"no body":                    {spacePath, ``, "body", missing},
		"no id":                      {"/v1/spaces/" + canary + "/invites", `{"role":"role_space_user"}`, "spaceId", malformed},
		"an alias for an id":         {"/v1/spaces/q3_5V3uwikX-/invites", `{"role":"role_space_user"}`, "spaceId", malformed},
	} {
		t.Run(name, func(t *testing.T) {
			got := m.post(row.path, row.body)
			p := m.refused(got, 422, "invalid")
			require.Equal(t, row.field, p.Field)
			require.Equal(t, []wire.Reason{{Code: string(row.reason)}}, p.Reasons)
			require.NotContains(t, got.raw, canary)
		})
	}
	require.NotContains(t, m.logged(), canary)
}

func TestQueryIsHeldAgainstTheContract(t *testing.T) {
	t.Parallel()
	m := build(t)
	for query, want := range map[string]struct {
		field  string
		reason reason
	}{
		"limit=0":                            {"limit", tooSmall},
		"limit=101":                          {"limit", tooGreat},
		"limit=" + canary:                    {"limit", wrongType},
		"limit=":                             {"limit", wrongType},
		"limit=1&limit=2":                    {"limit", duplicate},
		"after=" + canary + "%20":            {"after", malformed},
		"after=" + strings.Repeat("a", 1025): {"after", tooLong},
		"a=%zz":                              {"query", malformed},
	} {
		got := m.ask("GET", userPath+"?"+query, "", "Authorization", "Bearer "+m.token[auth.User])
		p := m.refused(got, 422, "invalid")
		require.Equal(t, want.field, p.Field, query)
		require.Equal(t, string(want.reason), p.Reasons[0].Code, query)
		require.NotContains(t, got.raw, canary)
	}
	got := m.ask("GET", userPath+"?limit=100&after=YQ&whatever=else", "", "Authorization", "Bearer "+m.token[auth.User])
	require.Equal(t, 200, got.status, got.raw)
	require.NotContains(t, m.logged(), canary)
}

// What excludes each other in a query is named, and so is what is missing.
func TestQueriesThatAskForTwoThings(t *testing.T) {
	t.Parallel()
	d := build(t, func(_ *machine, a *api, operations map[string]handler) {
		operations["findUser"], operations["explainAccess"] = a.findUser, a.explainAccess
	})
	explain := "/v1/spaces/" + anID + "/rooms/" + anID + "/explain"
	for query, want := range map[string]invalid{
		"/v1/users/find":                                {"email", missing},
		"/v1/users/find?email=a@b.c&username=a":         {"username", tooMany},
		explain + "?userId=" + anID + "&linkId=" + anID: {"linkId", tooMany},
	} {
		got := d.ask("GET", query, "", "Authorization", "Bearer "+d.token[auth.User])
		p := d.refused(got, 422, "invalid")
		require.Equal(t, want.field, p.Field, query)
		require.Equal(t, string(want.reason), p.Reasons[0].Code, query)
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	m := build(t)
	user := "Bearer " + m.token[auth.User]
	for kind, status := range map[string]int{
		"application/json": 201, "Application/JSON; charset=UTF-8": 201,
		"application/json; charset=utf-16": 415, "text/plain": 415, "": 415, "application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, ";": 415,
	} {
		got := m.ask("POST", spacePath, `{"name":"a"}`, "Content-Type", kind, "Authorization", user)
		require.Equal(t, status, got.status, "%q: %s", kind, got.raw)
	}
	got := m.ask("POST", spacePath, `{"name":"a"}`, "Content-Type", kindJSON, "Content-Encoding", "gzip", "Authorization", user)
	m.refused(got, 415, "unsupported_content_type")
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	m := build(t)
	pad := func(size int) string { return `{"name":"a"` + strings.Repeat(" ", size-len(`{"name":"a"}`)) + `}` }
	require.Equal(t, 201, m.post(spacePath, pad(maxBody)).status)
	m.refused(m.post(spacePath, pad(maxBody+1)), 413, "too_large")
	m.refused(m.post(spacePath, pad(10<<20)), 413, "too_large")

	chunked, err := http.NewRequestWithContext(t.Context(), "POST", m.url+spacePath, strings.NewReader(pad(maxBody+1)))
	require.NoError(t, err)
	chunked.ContentLength = -1
	chunked.Header.Set("Content-Type", kindJSON)
	chunked.Header.Set("Authorization", "Bearer "+m.token[auth.User])
	m.refused(m.send(chunked), 413, "too_large")
}

// An optional body may be left out, by whatever a client calls nothing.
func TestOptionalBody(t *testing.T) {
	t.Parallel()
	var got []wire.NewBan
	m := build(t, does("spaceBan", with(func(_ *call, in wire.NewBan) (any, error) {
		got = append(got, in)
		return nil, nil
	})))
	user := []string{"Authorization", "Bearer " + m.token[auth.User]}
	require.Equal(t, 204, m.ask("PUT", banPath, "", user...).status)
	require.Equal(t, 204, m.ask("PUT", banPath, "", append(user, "Content-Type", kindForm)...).status)
	require.Equal(t, 204, m.ask("PUT", banPath, `{}`, append(user, "Content-Type", kindJSON)...).status)
	require.Equal(t, 204, m.ask("PUT", banPath, `{"until":"2027-02-28T09:00:00Z"}`, append(user, "Content-Type", kindJSON)...).status)
	require.Equal(t, "2027-02-28", got[3].Until.Format("2006-01-02"))
	require.Equal(t, wire.NewBan{}, got[0])

	p := m.refused(m.ask("PUT", banPath, `{"until":"2027-02-30T09:00:00Z"}`, append(user, "Content-Type", kindJSON)...), 422, "invalid")
	require.Equal(t, "/until", p.Field)
	require.Equal(t, 200, m.post(invitePath+"/"+anID+"/activate", "").status)
	require.Equal(t, 200, m.post(invitePath+"/"+anID+"/activate", "{}").status)
	m.refused(m.post(invitePath+"/"+anID+"/activate", `{"role":"role_space_owner"}`), 422, "invalid")
}

// The token endpoint takes forms and answers as OAuth has it.
func TestTokenEndpointSpeaksOAuth(t *testing.T) {
	t.Parallel()
	var got wire.TokenRequest
	m := build(t, does("getAccessToken", with(func(_ *call, in wire.TokenRequest) (any, error) {
		got = in
		if in.Username == "wrong" {
			return nil, auth.ErrInvalidGrant
		}
		if in.ClientID == "wrong" {
			return nil, auth.ErrInvalidClient
		}
		return wire.Tokens{TokenType: wire.TokenTypeBearer, AccessToken: "a", ExpiresIn: 1}, nil
	})))
	form := func(body string, query ...string) answer {
		return m.ask("POST", "/v1/auth/token"+strings.Join(query, ""), body, "Content-Type", kindForm+"; charset=utf-8")
	}
	require.Equal(t, 200, form("grant_type=password&username=a%40b.c&password=p+q&client_secret=&unheard=of").status)
	require.Equal(t, wire.TokenRequest{GrantType: "password", Username: "a@b.c", Password: "p q"}, got)
	require.Equal(t, 200, form("grant_type=password&username=a", "?client_id=query").status)
	require.Empty(t, got.ClientID, "fields of a form never come from the query")

	for name, row := range map[string]struct {
		answer
		status            int
		word, code, field string
	}{
		"credentials":     {form("grant_type=password&username=wrong"), 400, "invalid_grant", "invalid_grant", ""},
		"client":          {form("grant_type=password&client_id=wrong"), 401, "invalid_client", "invalid_client", ""},
		"twice":           {form("grant_type=password&username=" + canary + "&username=b"), 400, "invalid_request", "invalid", "/username"},
		"no grant":        {form("username=a"), 400, "invalid_request", "invalid", "/grant_type"},
		"broken form":     {form("grant_type=%zz"), 400, "invalid_request", "invalid", "body"},
		"not UTF-8":       {form("grant_type=password&username=%ff"), 400, "invalid_request", "invalid", "/username"},
		"token in query":  {form("grant_type=password", "?access_token="+canary), 400, "invalid_request", "token_in_query", ""},
		"unknown in JSON": {m.ask("POST", "/v1/auth/token", `{"grant_type":"password","unheard":"of"}`, "Content-Type", kindJSON), 400, "invalid_request", "invalid", "/unheard"},
	} {
		require.Equal(t, row.status, row.answer.status, "%s: %s", name, row.raw)
		require.Equal(t, "application/json", row.header.Get("Content-Type"))
		require.Equal(t, row.word, string(row.oauth.Error), name)
		require.Equal(t, row.code, row.oauth.Code, name)
		require.Equal(t, row.field, row.oauth.Field, name)
		require.NotEmpty(t, row.oauth.ErrorDescription)
		require.Equal(t, row.oauth.ErrorDescription, row.oauth.Message)
		require.NotContains(t, row.raw, canary)
	}
	m.refused(m.ask("POST", "/v1/auth/token", `x`, "Content-Type", "text/plain"), 415, "unsupported_content_type")
}
