package handlers

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var listedHosts = []string{"app.example.com", "other.example.com:8443", "[::1]:8080", "127.0.0.1:3000"}

func TestSignInReturnsToListedHostsAlone(t *testing.T) {
	t.Parallel()
	for address, may := range map[string]bool{
		"https://app.example.com":                              true,
		"https://app.example.com/":                             true,
		"http://app.example.com/a?b=https://evil.test/#c@d":    true,
		"https://APP.example.com:443/a%20b":                    true,
		"https://other.example.com:8443/":                      true,
		"http://[::1]:8080/":                                   true,
		"http://127.0.0.1:3000?x":                              true,
		"https://app.example.com//evil.test/":                  true, // a path
		"":                                                     false,
		"/":                                                    false,
		"//evil.test":                                          false,
		`/\evil.test`:                                          false,
		`\\evil.test`:                                          false,
		"app.example.com":                                      false,
		"https:app.example.com":                                false,
		"https:/app.example.com":                               false,
		"https:///app.example.com":                             false,
		"https://":                                             false,
		"https://evil.test":                                    false,
		"https://evil.test/app.example.com":                    false,
		"https://evil.test?app.example.com":                    false,
		"https://evil.test#app.example.com":                    false,
		`https://evil.test\app.example.com`:                    false,
		`https://app.example.com\.evil.test`:                   false,
		"https://app.example.com.evil.test":                    false,
		"https://app.example.com.":                             false, // another name, and another site's cookies
		"https://evil.test/.app.example.com":                   false,
		"https://notapp.example.com":                           false,
		"https://sub.app.example.com":                          false,
		"https://app.example.com@evil.test":                    false,
		"https://app.example.com:443@evil.test":                false,
		"https://user:pass@app.example.com":                    false,
		"https://@app.example.com":                             false,
		"https://evil.test@app.example.com":                    false,
		"https://app.example.com:8443":                         false,
		"https://app.example.com:80":                           false,
		"http://app.example.com:443":                           false,
		"https://app.example.com:":                             false,
		"https://app.example.com:0443":                         false,
		"https://app.example.com:443:443":                      false,
		"https://other.example.com":                            false,
		"https://other.example.com:443":                        false,
		"http://127.0.0.1":                                     false,
		"http://127.1:3000":                                    false,
		"http://2130706433:3000":                               false,
		"http://[::1]":                                         false,
		"http://[::1%25eth0]:8080":                             false,
		"http://[0:0:0:0:0:0:0:1]:8080":                        false,
		"javascript:alert(1)":                                  false,
		"javascript://app.example.com/%0aalert(1)":             false,
		"data:text/html,x":                                     false,
		"data://app.example.com/":                              false,
		"ftp://app.example.com":                                false,
		"file://app.example.com/etc/passwd":                    false,
		"blob:https://app.example.com/x":                       false,
		"view-source:https://app.example.com":                  false,
		" https://app.example.com":                             false,
		"https://app.example.com ":                             false,
		"https://app.example.com\t":                            false,
		"ht\ntps://app.example.com":                            false,
		"https://app.example.com/\r\nSet-Cookie: a=b":          false,
		`https://app.example.com/\evil.test`:                   false,
		"https://app.example.com/ü":                            false,
		"https://app.example.com/\"":                           false,
		"https://app.example.com/\x00":                         false,
		"https://evil.test\x00.app.example.com":                false,
		"https://app.example.com%00.evil.test":                 false,
		"https://app.example.com%2eevil.test":                  false,
		"https://app%2eexample.com":                            false,
		"https://ａpp.example.com":                              false,
		"https://аpp.example.com":                              false, // a Cyrillic а
		"https://app。example.com":                              false,
		"https://app.example.com／.evil.test":                   false,
		"https://app.example.com﹫evil.test":                    false,
		"https://xn--pp-7kc.example.com":                       false,
		"https://app_example.com":                              false,
		"https://app.example.com/" + strings.Repeat("a", 2048): false,
	} {
		require.Equal(t, may, returnable(listedHosts, address) != "", "%q", address)
	}
}

// FuzzReturns holds what may be returned to against another reader of addresses: the one of the standard library, given
// what the address was meant to hide.
func FuzzReturns(f *testing.F) {
	for _, seed := range []string{
		"https://app.example.com/a?b#c", "https://app.example.com:443@evil.test", `https:\\app.example.com`, "https://evil.test/\\app.example.com",
		"//app.example.com", "http://[::1]:8080/", "https://other.example.com:8443", "javascript://app.example.com/%0a", "https://app.example.com%2f@evil.test",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		to := returnable(listedHosts, address)
		if to == "" {
			return
		}
		// As browsers read it: a backslash is a slash, and tabs and line breaks are nothing.
		read, err := url.Parse(strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(strings.TrimSpace(to)))
		require.NoError(t, err)
		require.Contains(t, []string{"http", "https"}, read.Scheme)
		require.Nil(t, read.User)
		port := read.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[read.Scheme]
		}
		require.True(t, slices.ContainsFunc(listedHosts, func(host string) bool {
			listed, err := url.Parse("//" + host)
			require.NoError(t, err)
			own := listed.Port()
			if own == "" {
				own = map[string]string{"http": "80", "https": "443"}[read.Scheme]
			}
			return strings.EqualFold(listed.Hostname(), read.Hostname()) && own == port
		}), "%q", address)
		for _, r := range to {
			require.True(t, r > ' ' && r < 0x7f && r != '\\' && r != '"' && r != '<' && r != '>', "%q", address)
		}
	})
}
