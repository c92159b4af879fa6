package handlers

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"

	"usher/auth"
)

const (
	whoKey = "usher.who"
	idKey  = "usher.requestID"
)

// record names a request and, when it has been answered, writes its line in the log: the template of its route and
// never its path or its query, in which there may be what belongs to nobody else.
func (a *api) record(g *gin.Context) {
	id := g.GetHeader("X-Request-Id")
	if !plainID(id) {
		id = newRequestID()
	}
	g.Set(idKey, id)
	g.Header("X-Request-Id", id)
	start := a.Now()
	g.Next()
	who, _ := g.Value(whoKey).(auth.Identity)
	level := slog.LevelInfo
	if g.Writer.Status() >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	a.Log.Log(g.Request.Context(), level, "request", "requestId", id, "method", g.Request.Method, "route", g.FullPath(),
		"status", g.Writer.Status(), "duration", a.Now().Sub(start), "callerKind", string(who.Kind), "callerId", who.ID)
}

// plainID: what comes from outside goes into the log and the answer only where it is short and plain.
func plainID(id string) bool {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	return id != "" && len(id) <= 64 && strings.Trim(id, plain) == ""
}

func newRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

func requestID(g *gin.Context) string { return g.GetString(idKey) }

// recover turns a panic into a 500. Where a part of the answer is out already, the connection is cut: half an answer
// must not look whole.
func (a *api) recover(g *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if cause == http.ErrAbortHandler { //nolint:errorlint // the value itself is panicked with, by convention
			panic(cause)
		}
		err := fmt.Errorf("%w: %v\n%s", errPanic, cause, debug.Stack())
		if g.Writer.Written() {
			a.Log.Error("answer cut", "requestId", requestID(g), "error", err)
			panic(http.ErrAbortHandler)
		}
		a.refuse(g, nil, err)
	}()
	g.Next()
}

// guardHeaders are the headers of every answer; a page that needs more than nothing says so itself.
func guardHeaders(g *gin.Context) {
	h := g.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	g.Next()
}

func capBody(g *gin.Context) {
	g.Request.Body = &cappedBody{http.MaxBytesReader(g.Writer, g.Request.Body, maxBody), g.Request.Body}
	g.Next()
}
