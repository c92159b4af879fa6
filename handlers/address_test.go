package handlers

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"usher/handlers/wire"
	domain "usher/invites"
)

// Where someone comes from is what the connection says, or a proxy that is trusted, and nothing else.
func TestAddresses(t *testing.T) {
	t.Parallel()
	forged := build(t, fails("redeemAccess", domain.ErrLinkUnknown))
	for i := range 20 {
		forged.refused(forged.redeem("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i), "X-Real-IP", fmt.Sprintf("203.0.113.%d", i)), 404, "link_unknown")
	}
	forged.refused(forged.redeem("X-Forwarded-For", "203.0.113.99", "X-Real-Ip", "203.0.113.99", "Forwarded", "for=203.0.113.99"), 429, "limited")

	behind := build(t, fails("redeemAccess", domain.ErrLinkUnknown), trusting("127.0.0.0/8", "::1"))
	for i := range 20 { // the right-most is what the proxy has seen; what stands left of it anybody can write
		behind.refused(behind.redeem("X-Forwarded-For", fmt.Sprintf("203.0.113.%d, 198.51.100.7", i)), 404, "link_unknown")
	}
	behind.refused(behind.redeem("X-Forwarded-For", "198.51.100.7"), 429, "limited")
	behind.refused(behind.redeem("X-Forwarded-For", "198.51.100.8"), 404, "link_unknown")

	for i := range 20 {
		behind.refused(behind.redeem("X-Forwarded-For", fmt.Sprintf("2001:db8:1:2::%x", i)), 404, "link_unknown")
	}
	behind.refused(behind.redeem("X-Forwarded-For", "2001:db8:1:2:ffff::1"), 429, "limited")
	behind.refused(behind.redeem("X-Forwarded-For", "2001:db8:1:3::1"), 404, "link_unknown")
}

// Who calls is said by the connection, and where that is a trusted proxy's by what it has added to one header, wherever
// its lines are broken. What cannot be read counts as the proxy itself.
func TestWhoSaysWhoCalls(t *testing.T) {
	t.Parallel()
	var got string
	m := build(t, trusting("10.0.0.1", "10.1.0.0/16", "2001:db8:ff::/48"), does("redeemAccess", func(c *call) (any, error) {
		got = address(c)
		return wire.Seated{}, nil
	}))
	const stranger, proxy, proxy6 = "192.0.2.1:80", "10.0.0.1:80", "[2001:db8:ff::1]:80"
	for _, row := range []struct {
		remote, headers, want string
	}{
		{stranger, "X-Forwarded-For: 203.0.113.5", "192.0.2.1"},
		{stranger, "X-Forwarded-For: 203.0.113.5, 10.0.0.1", "192.0.2.1"},
		{"[2001:db8:1:2::3]:80", "X-Forwarded-For: 203.0.113.5", "2001:db8:1:2::/64"},
		{proxy, "", "10.0.0.1"},
		{proxy, "X-Forwarded-For: 203.0.113.5", "203.0.113.5"},
		{proxy6, "X-Forwarded-For: 203.0.113.5", "203.0.113.5"},
		{proxy6, "X-Forwarded-For: 2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{proxy, "X-Forwarded-For: ::ffff:203.0.113.5", "203.0.113.5"},
		// The right-most that is no proxy of ours has been seen by one.
		{proxy, "X-Forwarded-For: 198.51.100.1, 203.0.113.5", "203.0.113.5"},
		{proxy, "X-Forwarded-For: 198.51.100.1, 203.0.113.5, 10.1.2.3", "203.0.113.5"},
		{proxy6, "X-Forwarded-For: 198.51.100.1,2001:db8:1:2::3 , 10.1.2.3", "2001:db8:1:2::/64"},
		{proxy, "X-Forwarded-For: 198.51.100.1, 10.2.0.1, 10.1.2.3", "10.2.0.1"},
		{proxy, "X-Forwarded-For: 10.1.2.3", "10.1.2.3"},
		// Some proxies add a line of their own, and leave what was there.
		{proxy, "X-Forwarded-For: 198.51.100.1|X-Forwarded-For: 203.0.113.5", "203.0.113.5"},
		{proxy, "X-Forwarded-For: 198.51.100.1|X-Forwarded-For: 203.0.113.5|X-Forwarded-For: 10.1.2.3", "203.0.113.5"},
		{proxy, "X-Forwarded-For: garbage|X-Forwarded-For: 198.51.100.1, 203.0.113.5", "203.0.113.5"},
		{stranger, "X-Forwarded-For: 198.51.100.1|X-Forwarded-For: 203.0.113.5", "192.0.2.1"},

		{proxy, "X-Forwarded-For: garbage", "10.0.0.1"},
		{proxy, "X-Forwarded-For: 203.0.113.5, garbage", "10.0.0.1"},
		{proxy, "X-Forwarded-For: garbage, 203.0.113.5", "203.0.113.5"},
		{proxy, "X-Forwarded-For: 203.0.113.5,", "10.0.0.1"},
		{proxy, "X-Forwarded-For: ,,,", "10.0.0.1"},
		{proxy, "X-Forwarded-For: 203.0.113.5|X-Forwarded-For: ", "10.0.0.1"},
		{proxy, "X-Forwarded-For: fe80::1%eth0", "10.0.0.1"},
		{proxy, "X-Forwarded-For: 0.0.0.0/0", "10.0.0.1"},
		{proxy, "X-Real-IP: 203.0.113.5", "10.0.0.1"},
		{proxy, "Forwarded: for=203.0.113.5", "10.0.0.1"},
		{proxy, "X-Real-IP: 198.51.100.1|Forwarded: for=198.51.100.1|X-Forwarded-For: 203.0.113.5", "203.0.113.5"},
		{proxy, "True-Client-IP: 203.0.113.5|CF-Connecting-IP: 203.0.113.5|X-Appengine-Remote-Addr: 203.0.113.5|Client-IP: 203.0.113.5", "10.0.0.1"},
	} {
		r := httptest.NewRequest("POST", "/v1/access/redeem", strings.NewReader(`{"accessToken":"x"}`))
		r.Header.Set("Content-Type", kindJSON)
		r.RemoteAddr = row.remote
		for line := range strings.SplitSeq(row.headers, "|") {
			if name, value, found := strings.Cut(line, ": "); found {
				r.Header.Add(name, value)
			}
		}
		got = ""
		m.api.ServeHTTP(httptest.NewRecorder(), r)
		require.Equal(t, row.want, got, "%s, %s", row.remote, row.headers)
	}
}

func TestAddressIsAPrefix(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:1": "192.0.2.1", "[::ffff:192.0.2.1]:1": "192.0.2.1", "[2001:db8::1]:1": "2001:db8::/64",
		"[fe80::1]:1": "fe80::/64", "@": "unknown", "": "unknown",
	} {
		g, e := gin.CreateTestContext(httptest.NewRecorder())
		require.NoError(t, e.SetTrustedProxies(nil))
		g.Request = httptest.NewRequest("GET", "/", nil)
		g.Request.RemoteAddr = remote
		require.Equal(t, want, address(&call{gin: g}), remote)
	}
}
