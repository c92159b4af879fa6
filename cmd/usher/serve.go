package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"usher/auth"
	"usher/handlers"
	"usher/handlers/console"
	"usher/handlers/pagecall"
	"usher/internal/mail"
	"usher/internal/password"
	"usher/internal/store"
	"usher/internal/webhook"
	"usher/invites"
	"usher/roles"
)

// Run serves until the program is told to stop. The address comes first, and whoever connects then waits: a start
// that is going to fail makes no workspace.
func (s *serve) Run(ctx context.Context, p *program) (err error) {
	if err := s.check(); err != nil {
		return usageError{err}
	}
	if err := s.seeds.check(""); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the server has done so already, unless it never began
	local := "http://" + reachable(listener.Addr())
	s.addresses(local)
	sender, err := s.sender(p)
	if err != nil {
		return err
	}
	data, err := p.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	a, err := p.authority(ctx, data, s.authority(p.storage.AuditKept, sender))
	if err != nil {
		return err
	}
	spaces := roles.New(a, s.spaces())
	desk := invites.New(a, spaces, s.desk())
	api, end, err := s.api(p, handlers.Deps{Authority: a, Spaces: spaces, Desk: desk})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := p.firstStart(ctx, a, s.seeds, local); err != nil {
		return err
	}
	defer inBackground(ctx, a.KeepKeys)()
	defer inBackground(context.WithoutCancel(ctx), delivery(a.DeliverMail, desk.DeliverMail, spaces.Watch, spaces.Relay, spaces.DeliverWebhooks))() // to the end: a last request's too
	s.sayMailIsOff(p.log)
	p.log.Info("listening", "address", listener.Addr().String(), "url", s.PublicURL, "docs", s.PublicURL+"/docs")
	return serveHTTP(ctx, listener, api, p.log)
}

// addresses fills in those that were not given.
func (s *serve) addresses(local string) {
	s.PublicURL = cmp.Or(s.PublicURL, local)
	s.RoomURL = cmp.Or(s.RoomURL, s.PublicURL+"/room")
	s.AccountURL = cmp.Or(s.AccountURL, s.PublicURL)
}

// inBackground runs what runs until its context ends. The function that it returns ends it, and waits for that.
func inBackground(ctx context.Context, run func(context.Context)) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// reachable is where a listener is found from the machine itself.
func reachable(at net.Addr) string {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return at.String()
}

func (s *serve) authority(kept time.Duration, sender mail.Sender) auth.Settings {
	return auth.Settings{
		Issuer: s.PublicURL, AccessTTL: s.AccessTTL, RoomTTL: s.RoomTokenTTL,
		IdleTTL: s.RefreshIdle, MaxTTL: s.RefreshMax, GuestTTL: s.MaxLinkTTL, SignUp: s.SignUp, AuditKept: kept,
		KeyCache: s.KeyCache, KeyRotation: s.KeyRotation,
		Mail: sender, PagesURL: s.AccountURL, Captcha: s.verifier(s.PublicURL),
	}
}

func (p *program) authority(ctx context.Context, data store.Store, set auth.Settings) (*auth.Authority, error) {
	set.Seal = p.seal
	hasher := password.NewHasher(password.Recommended, rand.Reader)
	return auth.New(ctx, data, set, clock, rand.Reader, hasher, p.log)
}

// clock tells whole milliseconds, as the store keeps them: an instant is the same in the answer that makes it and in
// every later one.
func clock() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func (s *serve) spaces() roles.Settings {
	return roles.Settings{AdminsCreateSpaces: s.CreateSpace == "admins", Webhooks: webhook.Settings{Networks: s.Networks}}
}

func (s *serve) desk() invites.Settings {
	return invites.Settings{RoomURL: s.RoomURL, MaxLinkTTL: s.MaxLinkTTL, MailPerUser: s.PerUser, MailPerWorkspace: s.PerWorkspace}
}

// api is everything that is served, and how it ends. What it serves is there; what is around it is filled in.
func (s *serve) api(p *program, deps handlers.Deps) (*handlers.Handler, func() error, error) {
	limits, end, err := p.openLimits()
	if err != nil {
		return nil, nil, err
	}
	deps.Limiter, deps.Log, deps.Now, deps.PublicURL = limits, p.log, clock, s.PublicURL
	deps.TrustedProxies, deps.ReturnHosts, deps.CORSOrigins = s.TrustedProxies, s.ReturnHosts, s.CORSOrigins
	pages, err := console.New()
	if err != nil {
		return nil, nil, errors.Join(err, end())
	}
	deps.Sites = []handlers.Site{pages}
	api, err := handlers.New(deps, pagecall.Contract(deps.Authority, deps.Spaces))
	if err != nil {
		_ = end() // nothing was counted yet
		return nil, nil, err
	}
	return api, end, nil
}

// How long the server waits for others.
const (
	headersWithin = 5 * time.Second
	requestWithin = 20 * time.Second
	answerWithin  = time.Minute
	idleWithin    = 2 * time.Minute
	drainFor      = time.Second      // a balancer sees /readyz say no
	finishWithin  = 15 * time.Second // requests that are under way come to their end
)

const longestHeaders = 32 << 10

// serveHTTP serves until ctx ends. Then it takes no new requests, and finishes those that are under way.
func serveHTTP(ctx context.Context, listener net.Listener, api *handlers.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           api,
		ReadHeaderTimeout: headersWithin,
		ReadTimeout:       requestWithin,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleWithin,
		MaxHeaderBytes:    longestHeaders,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	api.Drain()
	log.Info("stopping")
	select {
	case err := <-failed:
		return err
	case <-time.After(drainFor):
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	if err := server.Shutdown(within); err != nil {
		return fmt.Errorf("requests were cut off: %w", errors.Join(err, server.Close()))
	}
	log.Info("stopped")
	return nil
}
