package webhook

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// resolver is a DNS server of the test's own. Of several answers for a name, each is good for one look-up.
func resolver(t *testing.T, names map[string][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	var mu sync.Mutex
	go func() {
		for buffer := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			mu.Lock()
			_, _ = conn.WriteTo(answerTo(buffer[:n], names), from)
			mu.Unlock()
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// answerTo answers one question: a header, the question, and what is known, in the compressed form of RFC 1035.
func answerTo(query []byte, names map[string][]string) []byte {
	name, at := "", 12
	for query[at] != 0 {
		length := int(query[at])
		name += string(query[at+1:at+1+length]) + "."
		at += 1 + length
	}
	kind := binary.BigEndian.Uint16(query[at+1:])
	answer := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[12:at+5]...)
	known := names[name]
	if len(known) == 0 {
		return answer
	}
	ip := netip.MustParseAddr(known[0])
	if four := kind == 1; four != ip.Is4() {
		return answer
	}
	if len(known) > 1 {
		names[name] = known[1:]
	}
	answer[7] = 1
	raw := ip.AsSlice()
	answer = append(answer, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
	return append(answer, raw...)
}

// Whatever a name leads to, what is not of the internet gets nothing.
func TestNoAddressThatIsNotOfTheInternetIsReached(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::1", "2001::1",
		"fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			s := New(Settings{Resolver: resolver(t, map[string][]string{"hook.example.com.": {address}})}, time.Now)
			require.ErrorIs(t, s.Send(t.Context(), Delivery{URL: "https://hook.example.com/"}), errNotAllowed)
			host := address
			if strings.Contains(address, ":") {
				host = "[" + address + "]"
			}
			require.NotEmpty(t, s.Check("https://"+host+"/"))
			require.ErrorIs(t, s.Send(t.Context(), Delivery{URL: "https://" + host + "/"}), errNotAllowed)
		})
	}
}

// A name that led to an allowed address may lead elsewhere the next time: it is the address that counts, each time.
func TestANameThatLeadsElsewhereIsAskedAgain(t *testing.T) {
	t.Parallel()
	visits := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visits++
		w.Header().Set("Connection", "close")
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	names := map[string][]string{"hook.example.com.": {"127.0.0.1", "127.0.0.2", "127.0.0.1"}}
	s := New(Settings{Networks: loopback, Resolver: resolver(t, names)}, time.Now)
	d := Delivery{URL: "http://hook.example.com:" + port}
	require.NoError(t, s.Send(t.Context(), d))
	require.ErrorIs(t, s.Send(t.Context(), d), errNotAllowed)
	require.NoError(t, s.Send(t.Context(), d))
	require.Equal(t, 2, visits)
}

func TestAddressesOfReceiversAreChecked(t *testing.T) {
	t.Parallel()
	strict, lax := New(Settings{}, time.Now), New(Settings{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, time.Now)
	for address, want := range map[string][2]string{
		"https://example.com/hook?x=1":                     {"", ""},
		"https://example.com:8443":                         {"", ""},
		"https://example.com:":                             {"", ""},
		"https://example.com:65535":                        {"", ""},
		"https://example.com:65536":                        {"a port that is none", "a port that is none"},
		"https://example.com:99999/":                       {"a port that is none", "a port that is none"},
		"https://[2606:4700::1111]:000/":                   {"a port that is none", "a port that is none"},
		"https://example.com:0/":                           {"a port that is none", "a port that is none"},
		"https://example.com:18446744073709551617/":        {"a port that is none", "a port that is none"},
		"https://8.8.8.8/":                                 {"", ""},
		"http://example.com/":                              {"not an https URL", ""},
		"http://10.1.2.3:80/":                              {"not an https URL", ""},
		"https://10.1.2.3/":                                {"an address that may not be reached", ""},
		"http://8.8.8.8/":                                  {"not an https URL", "an address that may not be reached"},
		"ftp://example.com/":                               {"not an https URL", "not an https URL"},
		"//example.com/":                                   {"not an https URL", "not an https URL"},
		"https://":                                         {"not a URL", "not a URL"},
		"https:example.com":                                {"not a URL", "not a URL"},
		"https://example.com/\r\nX: y":                     {"not a URL", "not a URL"},
		"https://exämple.com/":                             {"not a URL", "not a URL"},
		"https://a:b@example.com/":                         {"a URL must hold no password", "a URL must hold no password"},
		"https://example.com/#x":                           {"a URL with a fragment", "a URL with a fragment"},
		"https://example.com/" + strings.Repeat("x", 1024): {"not a URL", "not a URL"},
		"https://[2606:4700::1111]/":                       {"", ""},
		"https://[::1]/":                                   {"an address that may not be reached", "an address that may not be reached"},
		"https://[::ffff:10.0.0.1]/":                       {"an address that may not be reached", ""},
		"https://localhost/":                               {"an address that may not be reached", "an address that may not be reached"},
		"https://LocalHost.:8443/":                         {"an address that may not be reached", "an address that may not be reached"},
		"https://app.localhost/":                           {"an address that may not be reached", "an address that may not be reached"},
		"https://localhost.example.com/":                   {"", ""},
		"https://notlocalhost/":                            {"", ""},
		"https://127.1/":                                   {aNumber, aNumber},
		"https://2130706433/":                              {aNumber, aNumber},
		"https://0x7f.1/":                                  {aNumber, aNumber},
		"https://hook.0X7F/":                               {aNumber, aNumber},
		"https://10.0.0.010/":                              {aNumber, aNumber},
		"https://8.8.8.8./":                                {aNumber, aNumber},
		"https://8.8.8.256/":                               {aNumber, aNumber},
		"https://1.example.com/":                           {"", ""},
		"https://7z/":                                      {"", ""},
	} {
		require.Equal(t, want, [2]string{strict.Check(address), lax.Check(address)}, address)
	}
}

const aNumber = "a host that ends in a number, and is no IPv4 address"

// The machine itself, by its name, is for who has named one of its addresses.
func TestThisMachineIsAReceiverWhereItIsNamed(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"127.0.0.0/8", "::1/128"} {
		s := New(Settings{Networks: []netip.Prefix{netip.MustParsePrefix(network)}}, time.Now)
		require.Empty(t, s.Check("http://localhost:8080/"), network)
		require.Empty(t, s.Check("https://hooks.localhost/"), network)
		require.Equal(t, aNumber, s.Check("https://127.1/"), network)
	}
}

// What is named may be reached, and nothing else without TLS: not the internet, and not another private network.
func TestPlainHTTPGoesOnlyToNamedNetworks(t *testing.T) {
	t.Parallel()
	names := map[string][]string{"away.example.com.": {"203.0.114.1"}, "other.example.com.": {"192.168.0.1"}}
	s := New(Settings{Networks: loopback, Resolver: resolver(t, names)}, time.Now)
	require.ErrorIs(t, s.Send(t.Context(), Delivery{URL: "http://away.example.com"}), errNotAllowed)
	require.ErrorIs(t, s.Send(t.Context(), Delivery{URL: "https://other.example.com"}), errNotAllowed)
	require.ErrorIs(t, s.Send(t.Context(), Delivery{URL: "https://127.1"}), errNotAllowed)
}
