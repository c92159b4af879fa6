package main

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// There is no Traefik and no Envoy in the suite. Their configurations are read, and what they say is asked, in the
// requests of which their documentation tells.

func readConfiguration(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/" + file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}

// tells asks as a proxy does, and requires that each of these headers is in the answer, once.
func (p *process) tells(t *testing.T, status int, method, path, token string, names []string, headers ...string) http.Header {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url+path, nil)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := p.http.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, status, res.StatusCode, "%s %s", method, path)
	for _, name := range names {
		assert.Equal(t, status == 200, len(res.Header.Values(name)) == 1, "%s %s: %s", method, path, name)
	}
	return res.Header
}

const alias = "q3_5V3uwikX-" // of the room in both configurations

func TestTraefikAsksAsConfigured(t *testing.T) {
	t.Parallel()
	var file struct {
		HTTP struct {
			Routers     map[string]struct{ Middlewares []string }
			Middlewares map[string]struct {
				ForwardAuth struct {
					Address             string
					TrustForwardHeader  bool     `yaml:"trustForwardHeader"`
					AuthRequestHeaders  []string `yaml:"authRequestHeaders"`
					AuthResponseHeaders []string `yaml:"authResponseHeaders"`
				} `yaml:"forwardAuth"`
				Headers struct {
					CustomRequestHeaders map[string]string `yaml:"customRequestHeaders"`
				}
			}
		}
	}
	readConfiguration(t, "traefik/usher.yaml", &file)
	p := servingAnn(t, t.TempDir())
	s := stageAt(t, p)
	taken := file.HTTP.Middlewares["plain-names"].Headers.CustomRequestHeaders
	for name, guards := range map[string]string{"usher-users": "application pages", "usher-room": "room"} {
		ask := file.HTTP.Middlewares[name].ForwardAuth
		path, ours := strings.CutPrefix(strings.ReplaceAll(ask.Address, alias, s.alias), "http://127.0.0.1:8080")
		require.True(t, ours, ask.Address)
		require.False(t, ask.TrustForwardHeader)
		require.Contains(t, ask.AuthRequestHeaders, "Authorization")
		require.Len(t, ask.AuthResponseHeaders, 7)
		for _, header := range ask.AuthResponseHeaders {
			field := strings.TrimPrefix(header, "X-Usher-")
			for _, other := range []string{"X_Usher_" + field, "X_Usher-" + field, "X-Usher_" + field} {
				value, named := taken[other]
				require.True(t, named && value == "", other)
			}
		}
		for router := range strings.FieldsSeq(guards) {
			require.Contains(t, file.HTTP.Routers[router].Middlewares, name)
			require.Equal(t, "plain-names", file.HTTP.Routers[router].Middlewares[0])
		}
		// Whatever the client asks for, it asks by GET, and says the rest in headers.
		forwarded := []string{
			"X-Forwarded-Method", "DELETE", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "app.example.com",
			"X-Forwarded-Uri", "/v1/auth/verify?room=" + s.alias, "X-Forwarded-For", "192.0.2.1",
		}
		seen := p.tells(t, 200, "GET", path, s.ann, ask.AuthResponseHeaders, forwarded...)
		assert.Equal(t, s.me, seen.Get("X-Usher-User"))
		p.tells(t, map[string]int{"usher-users": 403, "usher-room": 200}[name], "GET", path, s.guest.Access, ask.AuthResponseHeaders, forwarded...)
		p.tells(t, 401, "GET", path, "", ask.AuthResponseHeaders, forwarded...)
	}
}

func TestEnvoyAsksAsConfigured(t *testing.T) {
	t.Parallel()
	var file yaml.Node
	readConfiguration(t, "envoy/usher.yaml", &file)
	p := servingAnn(t, t.TempDir())
	s := stageAt(t, p)
	filters := map[string]*yaml.Node{}
	for _, filter := range find(&file, "http_filters")[0].Content {
		filters[find(filter, "name")[0].Value] = filter
	}
	for name, guest := range map[string]int{"usher.users": 403, "usher.room": 200} {
		prefix := strings.ReplaceAll(find(filters[name], "path_prefix")[0].Value, alias, s.alias)
		var headers []string
		for _, exact := range find(find(filters[name], "allowed_upstream_headers")[0], "exact") {
			headers = append(headers, exact.Value)
		}
		require.Len(t, headers, 7)
		require.Equal(t, "false", find(filters[name], "failure_mode_allow")[0].Value)
		// It asks by the client's method for the client's path and query behind the prefix, without a body.
		for _, method := range []string{"GET", "POST", "PUT", "OPTIONS", "HEAD"} {
			for _, path := range []string{"/", "/files/a?room=" + s.alias, "/v1/auth/ext-authz/" + s.alias + "/?token=x", "*"} {
				seen := p.tells(t, 200, method, prefix+path, s.ann, headers)
				assert.Equal(t, s.me, seen.Get("X-Usher-User"))
				p.tells(t, guest, method, prefix+path, s.guest.Access, headers)
				p.tells(t, 401, method, prefix+path, "", headers)
			}
		}
	}
	require.Equal(t, "REJECT_REQUEST", find(&file, "headers_with_underscores_action")[0].Value)
	require.Equal(t, "REJECT_REQUEST", find(&file, "path_with_escaped_slashes_action")[0].Value)
}

// find gives the values under a name, wherever they stand; what an alias stands for is there, too.
func find(node *yaml.Node, name string) (found []*yaml.Node) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && child.Value == name {
			found = append(found, node.Content[i+1])
		}
		found = append(found, find(child, name)...)
	}
	return found
}
