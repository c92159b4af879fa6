package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
)

// A floor serves each operation as a good engineer would write that one by hand: the same round trips to the same kind
// of store, the same body read and the same answer written, the same tokens verified and signed, and no generality.
type floor struct {
	Listen string `required:""`
	Redis  string
	Data   string
	Stored int `default:"1000"`
}

// Run serves until the process is ended.
func (f *floor) Run(p *program) error {
	s, err := f.open(p.ctx)
	if err != nil {
		return err
	}
	return listenAndServe(f.Listen, s.routes())
}

// A counter is what stands behind the floor's routes.
type counter struct {
	backing
	*mint
	plan *town
	hash chan struct{} // one place for each hash that may be under way
}

// A backing is a kind of store, with the six transitions written for it.
type backing interface {
	read(ctx context.Context, keys ...string) ([]record, error)
	put(ctx context.Context, entries []entry) error
	redeem(ctx context.Context, r redemption) error
	point(ctx context.Context, index, to string) error
	activate(ctx context.Context, a activation) error
	refresh(ctx context.Context, r rotation) error
	keep(ctx context.Context, h happening) error
}

type record map[string]string

// An entry is a record under its key.
type entry struct {
	key string
	record
}

var (
	errRefused = errors.New("refused")
	errToken   = errors.New("not a token")
)

func (s *counter) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.GET("/readyz", func(g *gin.Context) { g.Status(http.StatusOK) })
	e.POST("/prepare/:operation/:n", s.prepare)
	e.POST("/v1/access/redeem", answer(s.redeemAccess))
	e.POST("/v1/spaces/:space/invites/:invite/activate", answer(s.activateInvite))
	e.POST("/v1/auth/token", answer(s.getAccessToken))
	e.POST("/v1/spaces/:space/rooms/:room/join", answer(s.joinRoom))
	e.GET("/v1/auth/verify", answer(s.verifyRequest))
	e.POST("/v1/auth/introspect", answer(s.introspectToken))
	return e
}

// answer writes what a handler gives. What it refuses is no part of what is measured.
func answer(handle func(*gin.Context) (any, error)) gin.HandlerFunc {
	return func(g *gin.Context) {
		out, err := handle(g)
		if err != nil {
			g.String(http.StatusForbidden, "%v", err)
			return
		}
		if out == nil {
			g.Status(http.StatusOK)
			return
		}
		g.JSON(http.StatusOK, out)
	}
}

func body[T any](g *gin.Context) (in T, err error) {
	err = json.NewDecoder(http.MaxBytesReader(g.Writer, g.Request.Body, 64<<10)).Decode(&in)
	return in, err
}

func (s *counter) prepare(g *gin.Context) {
	var n int
	_, err := fmt.Sscan(g.Param("n"), &n)
	if err != nil {
		g.String(http.StatusBadRequest, "%v", err)
		return
	}
	requests, err := s.requests(g.Request.Context(), g.Param("operation"), n)
	if err != nil {
		g.String(http.StatusInternalServerError, "%v", err)
		return
	}
	g.JSON(http.StatusOK, requests)
}

// askFloor has the floor prepare an operation.
func askFloor(ctx context.Context, addr string, o operation, once int) (requests []request, err error) {
	at := fmt.Sprintf("http://%s/prepare/%s/%d", addr, o.name, once)
	err = ask(ctx, http.MethodPost, at, func(body io.Reader) error { return json.NewDecoder(body).Decode(&requests) })
	return requests, err
}
