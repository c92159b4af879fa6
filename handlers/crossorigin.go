package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"
)

// forProxies: the operation answers for another server, whose pages a browser may be led to from anywhere.
func (op operation) forProxies() bool { return op.OperationID == "verifyRequest" }

// crossOrigin makes the protection against requests of pages that are not ours. The named origins count as ours.
func crossOrigin(publicURL string, named []string) (*http.CrossOriginProtection, error) {
	guard := http.NewCrossOriginProtection()
	if own, err := url.Parse(publicURL); err == nil && own.Host != "" { // also where a proxy puts another Host
		named = append(slices.Clone(named), own.Scheme+"://"+own.Host)
	}
	for _, origin := range named {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("handlers: origins: %w", err)
		}
	}
	return guard, nil
}

// ownPage reports whether a request comes from a page of ours or of a named origin, or from no page at all. Reading
// counts like writing here: what a cookie opens is for nobody else to time, count or embed. A proxy is also asked for
// the page that somebody is led to by a link from elsewhere; such a request has no Origin, as one that writes has.
func (a *api) ownPage(r *http.Request, op operation) bool {
	return a.ours(r) || op.forProxies() && led(r)
}

func (a *api) ours(r *http.Request) bool {
	asked := *r
	asked.Method = http.MethodPost
	return a.guard.Check(&asked) == nil
}

// led reports whether somebody is led to what a request asks for: it is what the window is to show, and no image, frame
// or form of another page.
func led(r *http.Request) bool {
	h := r.Header
	return h.Get("Origin") == "" && h.Get("Sec-Fetch-Mode") == "navigate" && h.Get("Sec-Fetch-Dest") == "document"
}

// cors lets scripts of named origins read the answers. To all others nothing is said of it, and so they cannot.
func (a *api) cors(g *gin.Context) {
	if len(a.CORSOrigins) == 0 {
		return
	}
	h, origin := g.Writer.Header(), g.GetHeader("Origin")
	h.Add("Vary", "Origin")
	if !slices.Contains(a.CORSOrigins, origin) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	if g.Request.Method != http.MethodOptions || g.GetHeader("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate")
		return
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	g.AbortWithStatus(http.StatusNoContent)
}
