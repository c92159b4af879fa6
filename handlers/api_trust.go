package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"usher/handlers/wire"
)

const (
	metadataPath = "/.well-known/oauth-authorization-server"
	verifyPath   = "/v1/auth/verify"
	prefixPath   = "/v1/auth/ext-authz/"
)

// trustOperations are for those who rely on Usher's word: OAuth libraries, and proxies before other servers.
func (a *api) trustOperations() map[string]handler {
	return map[string]handler{
		"getMetadata":   a.getMetadata,
		"verifyRequest": a.verifyRequest,
	}
}

func (a *api) getMetadata(*call) (any, error) {
	meta := wire.Metadata{
		Issuer:                 a.PublicURL,
		TokenEndpoint:          a.PublicURL + "/v1/auth/token",
		JwksURI:                a.PublicURL + "/.well-known/jwks.json",
		RevocationEndpoint:     a.PublicURL + "/v1/auth/revoke",
		IntrospectionEndpoint:  a.PublicURL + "/v1/auth/introspect",
		GrantTypesSupported:    []string{"client_credentials", "password", "refresh_token"},
		ResponseTypesSupported: []string{"none"},
		ServiceDocumentation:   a.PublicURL + "/docs",
	}
	meta.IntrospectionEndpointAuthMethodsSupported = []string{"client_secret_basic", "client_secret_post"}
	meta.TokenEndpointAuthMethodsSupported = append([]string{"none"}, meta.IntrospectionEndpointAuthMethodsSupported...)
	meta.RevocationEndpointAuthMethodsSupported = meta.TokenEndpointAuthMethodsSupported
	return meta, nil
}

// metadataAt is the path of the metadata according to RFC 8414, section 3.1: that of the issuer goes behind it.
func (a *api) metadataAt() string {
	issuer, err := url.Parse(a.PublicURL)
	if err != nil {
		return metadataPath
	}
	return metadataPath + issuer.Path
}

func (a *api) verifyRequest(c *call) (any, error) {
	for name := range c.query { // of the proxy's configuration: a check that is misspelt must not be none
		if name != "room" {
			return nil, invalid{plain("", name), unknown}
		}
	}
	who, err := a.Spaces.Verify(c, c.who, c.param("room"))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"X-Usher-User": who.ID, "X-Usher-Session": who.Session, "X-Usher-Workspace": who.Workspace,
		"X-Usher-Kind": string(who.Kind), "X-Usher-Name": who.Name,
		"X-Usher-Room": who.Room, "X-Usher-Role": string(who.Role),
	} {
		c.gin.Writer.Header().Set(name, percentEncoded(value)) // gin's own leaves empty ones out
	}
	return nil, nil
}

// percentEncoded leaves but the unreserved characters of RFC 3986 as they are.
func percentEncoded(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// fromPrefix turns the request of a proxy that can only put a prefix before its client's path into verifyRequest as the
// contract has it. The prefix ends with the room, or a hyphen for none, and a slash; behind it everything is the
// client's, the query too, and nothing of it is looked at.
func fromPrefix(r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefixPath)
	if !ok {
		return
	}
	room, _, _ := strings.Cut(rest, "/")
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = verifyPath, "", ""
	if room != "-" {
		r.URL.RawQuery = url.Values{"room": {room}}.Encode()
	}
}
