package main

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
)

// An operation is what is measured: one request and its answer.
type operation struct {
	name    string
	once    bool // a request works once: its invite is spent
	chained bool // a request needs the token of the answer before
	callers int  // at most so many at once; 0 for any number
}

// operations are all of them, in the order of the report.
var operations = []operation{
	{name: "redeem"},
	{name: "activate", once: true},
	{name: "refresh", chained: true},
	{name: "join"},
	{name: "verify"},
	{name: "introspect"},
	{name: "signin", callers: 8}, // who waits five seconds for a hash is sent away, and on a busy machine one of 16 may
}

func operationNames() []string {
	var names []string
	for _, o := range operations {
		names = append(names, o.name)
	}
	return names
}

// A request is one call of an operation, as its preparation leaves it.
type request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Token  string `json:"token,omitempty"`
	Body   string `json:"body,omitempty"`
}

// wire is the request as it goes over the connection.
func (r request) wire() []byte {
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: bench\r\n", r.Method, r.Path)
	if r.Token != "" {
		head += "Authorization: Bearer " + r.Token + "\r\n"
	}
	if r.Body != "" {
		head += "Content-Type: application/json\r\n"
	}
	return fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, len(r.Body), r.Body)
}

// A supply hands out the requests of an operation.
type supply struct {
	operation
	wires [][]byte
	share int // how many may be handed out in one round, where each works once

	given atomic.Int64
	until int64
	turns []int // of chained ones: how many each caller has had in this round
}

// newSupply lays requests out for so many rounds.
func newSupply(o operation, requests []request, rounds int) *supply {
	s := &supply{operation: o, share: len(requests) / rounds}
	for _, r := range requests {
		s.wires = append(s.wires, r.wire())
	}
	return s
}

// begin opens a round.
func (s *supply) begin(callers int) error {
	s.until = s.given.Load() + int64(s.share)
	s.turns = make([]int, callers)
	if s.once && (s.share == 0 || s.until > int64(len(s.wires))) || s.chained && callers > len(s.wires) {
		return fmt.Errorf("%s: %d requests are too few", s.name, len(s.wires))
	}
	return nil
}

// A parcel is a request that was handed out, and its number.
type parcel struct {
	wire []byte
	n    int
}

// next is a caller's next request; false where there is none left for this round. Chained ones belong to one caller
// each, so that no two present one token.
func (s *supply) next(caller int) (parcel, bool) {
	var n int
	switch {
	case s.chained:
		n = caller + s.turns[caller]*len(s.turns)
		if n >= len(s.wires) {
			n, s.turns[caller] = caller, 0
		}
		s.turns[caller]++
	case s.once:
		given := s.given.Add(1)
		if given > s.until {
			s.given.Add(-1)
			return parcel{}, false
		}
		n = int(given - 1)
	default:
		n = int(s.given.Add(1)-1) % len(s.wires)
	}
	return parcel{s.wires[n], n}, true
}

// answered takes the answer to a request, from which the next one of its chain is made.
func (s *supply) answered(p parcel, body []byte) error {
	if !s.chained {
		return nil
	}
	var tokens struct {
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(body, &tokens); err != nil || tokens.Refresh == "" {
		return fmt.Errorf("%s: an answer without a token: %s", s.name, body)
	}
	s.wires[p.n] = refreshing(tokens.Refresh).wire()
	return nil
}

// refreshing is the request that exchanges a refresh token.
func refreshing(token string) request {
	return request{Method: "POST", Path: "/v1/auth/token", Body: fmt.Sprintf(`{"grant_type":"refresh_token","refresh_token":%q}`, token)}
}
