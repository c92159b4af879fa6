// Package handlers is HTTP and nothing but HTTP: the contract (openapi.yaml), the guards before each operation, limits,
// problems, health and the API reference. It leaves every rule to the domain packages.
package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ulule/limiter/v3"

	"usher/auth"
	"usher/handlers/pages"
	"usher/invites"
	"usher/roles"
)

//go:generate go tool oapi-codegen -config wire/oapi-codegen.yaml openapi.yaml

// Deps are what the handlers work with. All of them are needed, except for Sites, TrustedProxies, CORSOrigins, ReturnHosts
// and Streams.
type Deps struct {
	Authority *auth.Authority
	Spaces    *roles.Spaces
	Desk      *invites.Desk
	Limiter   limiter.Store // where the limits count; a fleet shares it
	Log       *slog.Logger
	Now       func() time.Time
	PublicURL string // where the world finds this server, without a slash at its end

	Sites []Site // beside the API

	// CORSOrigins are the origins whose pages count as ours: their scripts read answers, and come with cookies.
	CORSOrigins []string
	// ReturnHosts are the hosts, with their ports, that the sign-in page returns to, beside that of PublicURL.
	ReturnHosts []string

	// TrustedProxies are the addresses and CIDR ranges whose X-Forwarded-For is believed. None is believed otherwise.
	TrustedProxies []string

	Streams StreamSettings
}

// A Handler answers everything that the API has. It is safe for concurrent use.
type Handler struct {
	engine   *gin.Engine
	metadata string // where RFC 8414 puts the metadata of an issuer that has a path
	draining atomic.Bool
	streams  *streams
}

// Drain makes /readyz say no from now on, so that a balancer sends nobody any more, and ends the streams, whose clients
// come again elsewhere. Requests are still answered.
func (h *Handler) Drain() {
	h.draining.Store(true)
	h.streams.end()
}

// ServeHTTP answers a request. A slash at the end of an API path means nothing: clients of long standing send one.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = fromSeat(r)
	fromPrefix(r)
	if path := strings.TrimRight(r.URL.Path, "/"); path != r.URL.Path && aContract.MatchString(path) {
		r.URL.Path, r.URL.RawPath = path, strings.TrimRight(r.URL.RawPath, "/")
	}
	if r.URL.Path == verifyPath && r.Method != http.MethodHead {
		r.Method = http.MethodGet // proxies ask by the method of their client
	}
	if r.URL.Path == h.metadata {
		r.URL.Path, r.URL.RawPath = metadataPath, ""
	}
	h.engine.ServeHTTP(w, r)
}

// aContract begins the path of an operation, of our own contract or of one beside it.
var aContract = regexp.MustCompile(`^(/[a-z]+)?/v1/`)

// api is what the handlers of the operations share.
type api struct {
	Deps
	limits  *limits
	streams *streams
	guard   *http.CrossOriginProtection
	pages   *pages.Pages
	beside  []Contract
	lost    map[string]func(*gin.Context, error) // what sites show below their paths where there is nothing
}

// New mounts every operation of the contract, and of those beside it, behind its guards. It fails where the contract and the handlers differ,
// and where a trusted proxy is no address.
func New(d Deps, beside ...Contract) (*Handler, error) {
	a := newAPI(d)
	a.beside = beside
	return a.handler(a.operations())
}

func newAPI(d Deps) *api {
	a := &api{Deps: d, streams: newStreams(d.Streams), lost: map[string]func(*gin.Context, error){}}
	a.limits = newLimits(d.Limiter, NewBans(d.Authority, d.Limiter), d.Now)
	a.limits.tell = a.recordBan
	return a
}

func (a *api) handler(operations map[string]handler) (*Handler, error) {
	gin.SetMode(gin.ReleaseMode) // or it writes to the standard output, and takes that for a log
	h := &Handler{engine: gin.New(), metadata: a.metadataAt(), streams: a.streams}
	e := h.engine
	e.HandleMethodNotAllowed, e.RedirectTrailingSlash = true, false
	e.UseRawPath = true // an encoded slash is part of a name, here as for the proxies before us
	// One header, and of it only what trusted proxies have added. What a client may set itself is no address.
	e.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := e.SetTrustedProxies(a.TrustedProxies); err != nil {
		return nil, fmt.Errorf("handlers: trusted proxies: %w", err)
	}
	var err error
	if a.guard, err = crossOrigin(a.PublicURL, a.CORSOrigins); err != nil {
		return nil, err
	}
	e.Use(a.record, a.cors, a.recover, guardHeaders, capBody)
	e.NoRoute(a.astray(errNoPath))
	e.NoMethod(a.astray(errNoMethod))

	doc, err := contract()
	if err != nil {
		return nil, err
	}
	if err := a.mount(e, doc, operations, false); err != nil {
		return nil, err
	}
	for _, c := range a.beside {
		if err := a.mountBeside(e, c); err != nil {
			return nil, err
		}
	}
	signUp, err := a.signUpDesk(doc)
	if err := cmp.Or(err, a.mountDocs(e), a.mountPages(e), a.mountSignIn(e, doc), a.mountAccount(e), a.mountCaptcha(e)); err != nil {
		return nil, err
	}
	a.mountRoom(e, signUp)
	a.mountInvite(e, signUp)
	a.mountPictures(e)
	for _, site := range a.Sites {
		site.Mount(e, Door{a})
	}
	read(e, "/livez", func(g *gin.Context) { g.String(http.StatusOK, "ok\n") })
	read(e, "/readyz", func(g *gin.Context) { a.ready(g, h.draining.Load()) })
	return h, nil
}

// read answers GET, and HEAD wherever GET is.
func read(e gin.IRouter, path string, h gin.HandlerFunc) {
	e.GET(path, h)
	e.HEAD(path, h)
}

// ready says whether requests should come here: not while draining, and not without the store.
func (a *api) ready(g *gin.Context, draining bool) {
	ctx, cancel := context.WithTimeout(g.Request.Context(), 2*time.Second)
	defer cancel()
	err := errors.New("draining")
	if !draining {
		_, err = a.Authority.Store.Get(ctx, auth.UserKey("ready"))
	}
	if err != nil {
		a.Log.Warn("not ready", "reason", err)
		g.String(http.StatusServiceUnavailable, "not ready\n")
		return
	}
	g.String(http.StatusOK, "ready\n")
}
