package main

import (
	"crypto/subtle"
	"time"

	"github.com/gin-gonic/gin"

	"usher/handlers/wire"
)

// A happening is the transition: an event more in the log of a workspace.
type happening struct {
	id, workspace string
	now           time.Time
	fields        record
}

func (h happening) entry() string { return listed(h.now, h.id) }

// monthsKept is for how long events are kept.
const monthsKept = 3

// event is what is kept of a request.
func (s *counter) event(g *gin.Context, now time.Time, workspace, kind, actor string, more record) happening {
	fields := record{
		"type": kind, "at": millisOf(now), "actor": actor, "address": g.ClientIP(), "request": newID()[:16], "agent": g.Request.UserAgent(),
	}
	for name, value := range more {
		fields[name] = value
	}
	return happening{newID(), workspace, now, fields}
}

// useOf is what a ledger keeps of one use.
func useOf(g *gin.Context, now time.Time, who string) string {
	return listed(now, newID()[:4]+"|"+who+"||"+g.ClientIP()+"|"+g.Request.UserAgent())
}

// verifyRequest: one read of three records; a token verified and none signed.
func (s *counter) verifyRequest(g *gin.Context) (any, error) {
	c, user, _, err := s.caller(g)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"X-Usher-User": c.Subject, "X-Usher-Session": c.Session, "X-Usher-Workspace": c.Workspace, "X-Usher-Kind": c.Audience,
		"X-Usher-Name": user["username"], "X-Usher-Room": "", "X-Usher-Role": "",
	} {
		g.Writer.Header().Set(name, value)
	}
	return nil, nil
}

// introspectToken: one read of the client, one of three records; a token verified and none signed.
func (s *counter) introspectToken(g *gin.Context) (any, error) {
	in, err := body[wire.TokenQuery](g)
	if err != nil {
		return nil, err
	}
	clients, err := s.read(g, "client:"+in.ClientID)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(clients[0]["secret"]), []byte(hashed(in.ClientSecret))) != 1 {
		return nil, errRefused
	}
	c, err := s.verify(in.Token)
	if err != nil {
		return wire.Introspection{}, nil //nolint:nilerr // what is no token is not active
	}
	recs, err := s.read(g, "session:"+c.Session, "user:"+c.Subject, "client:"+c.Client)
	if err != nil {
		return nil, err
	}
	if !alive(time.Now(), recs...) || recs[0]["epoch"] != recs[1]["epoch"] || c.Workspace != clients[0]["workspace"] {
		return wire.Introspection{}, nil
	}
	return wire.Introspection{
		Active: true, Sub: c.Subject, Aud: wire.IntrospectionAud(c.Audience), Iss: c.Issuer, Jti: c.ID, Sid: c.Session, WId: c.Workspace,
		Iat: int(c.IssuedAt), Exp: int(c.Expires), ClientID: c.Client, How: wire.IntrospectionHow(c.How),
		TokenType: "Bearer", Username: recs[1]["username"],
	}, nil
}
