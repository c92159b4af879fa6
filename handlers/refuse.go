package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers/wire"
	"usher/invites"
	"usher/roles"
)

// clientGone is the status of a request whose caller did not wait for the answer. Only the log sees it.
const clientGone = 499

// refuse answers with the problem that an error is; op is nil where no operation was found.
func (a *api) refuse(g *gin.Context, op *operation, err error) {
	p := problemOf(err)
	if errors.Is(err, context.Canceled) && g.Request.Context().Err() != nil {
		g.Status(clientGone)
		g.Abort()
		return
	}
	if p.status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "requestId", requestID(g), "status", p.status, "error", err)
	}
	if op != nil && op.plain {
		p.status = plainly(p.status)
	}
	p.headers(g, err)
	body := a.problem(p, err)
	body.RequestID = requestID(g)
	if strings.HasPrefix(p.code, "password_") && op != nil {
		body.Field = op.newPassword()
	}
	if op != nil && op.oauth && p.status < http.StatusTooManyRequests && p.speaksOAuth() {
		a.reply(g, p.oauthStatus(), kindJSON, oauth(p, body))
	} else {
		a.reply(g, p.status, "application/problem+json", body)
	}
	g.Abort()
}

// problem is the document, with what an error has to tell beside its code.
func (a *api) problem(p problem, err error) wire.Problem {
	body := wire.Problem{
		Type: a.PublicURL + "/problems#" + p.code, Title: http.StatusText(p.status), Status: p.status,
		Code: p.code, Detail: p.detail,
	}
	if wrong, ok := errors.AsType[invalid](err); ok {
		body.Field, body.Detail = wrong.field, wrong.field+": "+wrong.reason.sentence()+"."
		body.Reasons = []wire.Reason{{Code: string(wrong.reason)}}
	}
	if wrong, ok := errors.AsType[*auth.FieldError](err); ok {
		body.Field = "/" + strings.TrimPrefix(wrong.Field, "/")
		body.Detail, body.Reasons = body.Field+": "+wrong.Reason+".", []wire.Reason{{Code: string(malformed)}}
	}
	if banned, ok := errors.AsType[*roles.BannedError](err); ok {
		body.Until = banned.Until
	}
	if wait, ok := errors.AsType[*invites.WaitError](err); ok {
		body.Until = wait.Until
	}
	if owner, ok := errors.AsType[*roles.SoleOwnerError](err); ok {
		body.Spaces = owner.Spaces
	}
	if pending, ok := errors.AsType[*invites.PendingError](err); ok {
		body.InviteID = pending.Invite
	}
	if denied, ok := errors.AsType[*roles.DeniedError](err); ok {
		body.Reasons = reasonsOf(denied.Decision)
	}
	body.Message = body.Detail
	return body
}

func reasonsOf(d roles.Decision) []wire.Reason {
	return all(d.Reasons, func(r roles.Reason) wire.Reason {
		return wire.Reason{Code: string(r.Code), Role: string(r.Role), Until: r.Until}
	})
}

// headers are what a status has to say beside the body.
func (p problem) headers(g *gin.Context, err error) {
	h := g.Writer.Header()
	switch p.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", p.challenge(g.Request))
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusTooManyRequests:
		if over, ok := errors.AsType[*limited](err); ok {
			over.headers(h)
		}
		if over, ok := errors.AsType[*invites.QuotaError](err); ok {
			h.Set("Retry-After", strconv.Itoa(inSeconds(over.Wait)))
		}
	}
}

// challenge answers in the scheme that a client has used (RFC 6749, section 5.2), and names Basic to no other: a
// browser would ask its user for a password.
func (p problem) challenge(r *http.Request) string {
	_, _, basic := r.BasicAuth()
	switch {
	case p.code == "invalid_client" && basic:
		return `Basic realm="usher"`
	case p.code == "invalid_token", p.code == "key_mistyped":
		return `Bearer error="invalid_token"`
	}
	return "Bearer"
}

// The token endpoint answers in the shape of RFC 6749, section 5.2, which has no words for the size or the type of a
// body, nor for what is the server's own business.
func (p problem) speaksOAuth() bool {
	return p.status != http.StatusRequestEntityTooLarge && p.status != http.StatusUnsupportedMediaType
}

func (p problem) oauthStatus() int {
	if p.status == http.StatusUnauthorized {
		return p.status
	}
	return http.StatusBadRequest
}

func oauth(p problem, body wire.Problem) wire.OAuthError {
	word := wire.OAuthErrorErrorInvalidRequest
	switch p.code {
	case "invalid_client", "invalid_grant", "unsupported_grant_type", "unsupported_token_type":
		word = wire.OAuthErrorError(p.code)
	}
	return wire.OAuthError{
		Error: word, ErrorDescription: body.Detail, Code: body.Code, Message: body.Detail, Field: body.Field,
		RequestID: body.RequestID,
	}
}

// reply writes an answer. What cannot be written as JSON is a fault of ours, found before the status is sent.
func (a *api) reply(g *gin.Context, status int, kind string, body any) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // it is no HTML, and a link should look like one
	if err := e.Encode(body); err != nil {
		panic(err)
	}
	h := g.Writer.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	g.Status(status)
	_, _ = g.Writer.Write(out.Bytes()) // who has gone away reads no answer
}
