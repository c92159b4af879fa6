// Package loopback knows by what names a machine calls itself: what is there is for development.
package loopback

import (
	"net/netip"
	"net/url"
	"strings"
)

// Host reports whether a name or an address of a host leads nowhere else than to the machine where it is asked for: also
// every name below localhost (RFC 6761).
func Host(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.Unmap().IsLoopback()
}

// URL is Host for that of an address.
func URL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && Host(u.Hostname())
}
