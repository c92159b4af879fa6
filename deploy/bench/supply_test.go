package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func someRequests(n int) (all []request) {
	for range n {
		all = append(all, verifying("token"))
	}
	return all
}

// numbers are the numbers of the next requests of a caller, as many as are left or wanted.
func numbers(s *supply, caller, most int) (all []int) {
	for range most {
		p, more := s.next(caller)
		if !more {
			break
		}
		all = append(all, p.n)
	}
	return all
}

func TestRequestsComeAgainInTurn(t *testing.T) {
	t.Parallel()
	s := newSupply(operation{name: "verify"}, someRequests(3), 2)
	require.NoError(t, s.begin(1))
	require.Equal(t, []int{0, 1, 2, 0, 1}, numbers(s, 0, 5))
}

func TestARequestThatWorksOnceIsHandedOutOnceAndEachRoundHasItsShare(t *testing.T) {
	t.Parallel()
	s := newSupply(operation{name: "activate", once: true}, someRequests(5), 2)
	require.NoError(t, s.begin(3))
	require.Equal(t, []int{0, 1}, numbers(s, 0, 9))
	require.NoError(t, s.begin(3))
	require.Equal(t, []int{2, 3}, numbers(s, 2, 9))
	require.Error(t, s.begin(3), "less than a share is left")
}

func TestAChainBelongsToOneCallerAndGoesOnWithTheAnswer(t *testing.T) {
	t.Parallel()
	s := newSupply(operation{name: "refresh", chained: true}, someRequests(5), 2)
	require.NoError(t, s.begin(2))
	require.Equal(t, []int{0, 2, 4, 0}, numbers(s, 0, 4))
	require.Equal(t, []int{1, 3, 1}, numbers(s, 1, 3))

	require.NoError(t, s.answered(parcel{n: 3}, []byte(`{"access_token":"a","refresh_token":"next"}`)))
	require.Equal(t, string(refreshing("next").wire()), string(s.wires[3]))
	require.Error(t, s.answered(parcel{n: 3}, []byte(`{}`)))
	require.Error(t, s.begin(6), "more callers than chains")
}

func TestARequestOnTheWireIsWholeAndSaysItsLength(t *testing.T) {
	t.Parallel()
	require.Equal(t, "POST /v1/x HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
		string(request{"POST", "/v1/x", "t", `{"a":1}`}.wire()))
	require.Equal(t, "GET /v1/x HTTP/1.1\r\nHost: bench\r\nContent-Length: 0\r\n\r\n", string(request{Method: "GET", Path: "/v1/x"}.wire()))
}
