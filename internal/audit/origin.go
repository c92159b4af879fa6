// Package audit keeps what happened: who did what to whom, from where, in an append-only log for each workspace.
package audit

import "context"

// An Origin is where a request comes from. Its texts are from outside, and bounded.
type Origin struct {
	Address   string // an IPv4 address, or the /64 of an IPv6 address
	UserAgent string // at most 256 bytes of it
	RequestID string
}

type originKey struct{}

// From is ctx for what is done on behalf of a request.
func From(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf is where the request that ctx belongs to comes from: zero where it belongs to none.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
