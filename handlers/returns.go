package handlers

import (
	"net"
	"slices"
	"strings"
)

// longestReturn is the longest address that the sign-in page returns to.
const longestReturn = 2048

// returnBytes are those of an address as browsers write it down (RFC 3986), and no others: a backslash, which they take
// for a slash, or a line break, which they drop, is not one of them.
const returnBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"

// returnable gives back an address that a browser may be sent to after its sign-in, or nothing. It is whole, http or
// https, and what stands between its scheme and its path is one of the hosts listed, to the letter, but for the case. A
// port that is the scheme's own may be left out.
func returnable(hosts []string, address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" || len(address) > longestReturn || strings.Trim(address, returnBytes) != "" {
		return ""
	}
	host := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host = rest[:end]
	}
	host = withPort(scheme, host)
	if !slices.ContainsFunc(hosts, func(listed string) bool { return withPort(scheme, listed) == host }) {
		return ""
	}
	return address
}

// withPort is a host in small letters, with its port.
func withPort(scheme, host string) string {
	host = strings.ToLower(host)
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return host + map[string]string{"http": ":80", "https": ":443"}[scheme]
}
