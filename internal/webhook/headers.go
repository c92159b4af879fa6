package webhook

import (
	"slices"
	"strings"
)

// How many headers a receiver may want, and how long they may be, in bytes.
const (
	mostHeaders  = 10
	longestName  = 64
	longestValue = 1024
)

// ours are headers that nobody else sets: those of HTTP itself, of a connection, and of a signature.
var ours = []string{
	"accept-encoding", "connection", "content-encoding", "content-length", "expect", "host", "keep-alive",
	"te", "trailer", "transfer-encoding", "upgrade",
}

// CheckHeaders says what is wrong with the headers that a receiver is to get, and nothing where they are right.
func CheckHeaders(headers map[string]string) (wrong string) {
	if len(headers) > mostHeaders {
		return "more than 10 headers"
	}
	seen := map[string]bool{}
	for name, value := range headers {
		low := strings.ToLower(name)
		switch {
		case !isToken(name) || len(name) > longestName:
			return "not the name of a header"
		case slices.Contains(ours, low) || strings.HasPrefix(low, "proxy-") || strings.HasPrefix(low, "webhook-"):
			return "a header that is not the receiver's to choose"
		case seen[low]:
			return "a header twice"
		case len(value) > longestValue || !printable(value):
			return "not the value of a header"
		}
		seen[low] = true
	}
	return ""
}

// isToken: RFC 9110, 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// printable: no control character, and nothing beyond ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
