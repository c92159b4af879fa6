package webhook

import (
	"crypto/tls"
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// errNotAllowed refuses an address that a receiver must not have.
var errNotAllowed = errors.New("webhook: its address may not be reached")

// A control looks at the address that is about to be dialled, which is behind DNS: whatever the name says the next time.
type control = func(network, address string, _ syscall.RawConn) error

// A guard knows what may be reached: what IANA has not set aside, and the networks that are named.
type guard struct {
	named    control
	internet control
	any      bool // networks are named
}

// azure is where Azure's machines find what is for themselves, at an address of the internet.
var azure = netip.MustParsePrefix("168.63.129.16/32")

func newGuard(networks []netip.Prefix) guard {
	var four, six []netip.Prefix
	for _, network := range networks {
		if network.Addr().Is4() {
			four = append(four, network)
		} else {
			six = append(six, network)
		}
	}
	allowed := []ssrf.Option{ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(four...), ssrf.WithAllowedV6Prefixes(six...)}
	nothing := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	none := []netip.Prefix{netip.MustParsePrefix("::/0")}
	named := ssrf.New(append(allowed, ssrf.WithDeniedV4Prefixes(nothing...), ssrf.WithDeniedV6Prefixes(none...))...)
	internet := ssrf.New(append(allowed, ssrf.WithDeniedV4Prefixes(azure))...)
	return guard{named: refusing(named), internet: refusing(internet), any: len(networks) > 0}
}

func refusing(g *ssrf.Guardian) control {
	return func(network, address string, c syscall.RawConn) error {
		if g.Safe(network, address, c) != nil {
			return errNotAllowed
		}
		return nil
	}
}

// longestURL is how many bytes the address of a receiver may have.
const longestURL = 1024

// Check says what is wrong with the address of a receiver, and nothing where it is right. Where a name leads is asked
// at every delivery.
func (s *Sender) Check(address string) (wrong string) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || len(address) > longestURL || !printable(address) {
		return "not a URL"
	}
	switch {
	case u.User != nil:
		return "a URL must hold no password"
	case u.Fragment != "":
		return "a URL with a fragment"
	case u.Scheme != "https" && (u.Scheme != "http" || !s.guard.any):
		return "not an https URL"
	case !reachable(u.Port()):
		return "a port that is none"
	}
	return s.guard.wrongHost(u)
}

// reachable reports whether there is a port of this number, or none is named.
func reachable(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && number > 0
}

// numbered finds a host that ends in a number, which is an IPv4 address for a browser (URL Standard): 127.1 is 127.0.0.1.
// Not every resolver says so, and no name of the internet ends in one.
var numbered = regexp.MustCompile(`\.([0-9]+|0x[0-9a-f]*)$`)

// thisMachine is what localhost and all names below it lead to, wherever they are asked for (RFC 6761).
var thisMachine = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}

// wrongHost says what is wrong with a host of which that is known before any name is looked up.
func (g guard) wrongHost(u *url.URL) string {
	var leadsTo []netip.Addr
	ip, err := netip.ParseAddr(u.Hostname())
	name := "." + strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	switch {
	case err == nil:
		leadsTo = []netip.Addr{ip.Unmap()}
	case strings.HasSuffix(name, ".localhost"):
		leadsTo = thisMachine
	case numbered.MatchString(name):
		return "a host that ends in a number, and is no IPv4 address"
	default:
		return ""
	}
	allowed := g.internet
	if u.Scheme == "http" {
		allowed = g.named
	}
	if !slices.ContainsFunc(leadsTo, func(ip netip.Addr) bool { return allowed("tcp4", netip.AddrPortFrom(ip, 1).String(), nil) == nil }) {
		return "an address that may not be reached"
	}
	return ""
}

// A tlsError is of a certificate that nobody vouches for.
type tlsError = tls.CertificateVerificationError

func (s *Sender) tls() *tls.Config {
	return &tls.Config{RootCAs: s.set.Roots, MinVersion: tls.VersionTLS12}
}
