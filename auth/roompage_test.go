package auth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

// A workspace's front end is a page in the world, over TLS; on a machine for itself also one beside it.
func TestWhereTheFrontEndOfARoomMayBe(t *testing.T) {
	t.Parallel()
	const world, alone = "https://usher.example.com", "http://127.0.0.1:8080"
	for page, good := range map[string]string{
		"": world, "https://call.example.com/{room}": world, "https://call.example.com:8443/a/{room}?n={name}&r={room}": world,
		"https://call.example.com/?room={room}&name={name}": world, "https://8.8.8.8/{room}": world, "https://[2001:4860:4860::8888]/{room}": world,
		"https://call.example.com":                 world,
		"http://localhost:3000/{room}?name={name}": alone, "http://127.0.0.1/{room}": alone, "https://192.168.0.7/{room}": alone,
		"http://call.example.com/{room}": "", "http://192.168.0.7.example.com/": "", "//call.example.com/{room}": "", "call.example.com": "",
		"javascript:alert(1)": "", "https://{room}.example.com/": "", "https://{name}/": "", "https://call.example.com/{name}": "",
		"https://call.example.com/{user}": "", "https://call.example.com/#{room}": "", "https://u:p@call.example.com/": "", "https:///{room}": "",
		"https://call.example.com/a b": "", "https://call.example.com/\\": "", "https://call.example.com/%zz": "", "https://call.example.com:x/": "",
		"https://call.example.com/" + strings.Repeat("a", 500): "", "https{room}://call.example.com/": "",
	} {
		require.Equal(t, good == world, RoomPage(page).check(world) == nil, page)
		require.Equal(t, good != "", RoomPage(page).check(alone) == nil, page)
	}
	for _, host := range []string{
		"localhost", "a.localhost", "localhost.", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "10.0.0.1", "192.168.1.1", "172.16.0.1",
		"169.254.169.254", "0.0.0.0", "[::1]", "[::ffff:10.0.0.1]", "[fe80::1]", "[fd00::1]", "[::]",
	} {
		require.Error(t, RoomPage("https://"+host+"/{room}").check(world), host)
	}
}

// Names and tokens stay what they are, wherever they stand in the address.
func TestTheAddressOfTheFrontEnd(t *testing.T) {
	t.Parallel()
	page := RoomPage("https://call.example.com/r/{room}?n={name}&x={room}")
	require.Equal(t, "https://call.example.com/r/q3_5V3uwikX-?n=Zo%C3%AB%20%26%20a%3Db%23%2F..&x=q3_5V3uwikX-#roomToken=a.b.c",
		page.For("q3_5V3uwikX-", "Zoë & a=b#/..", secret.New("a.b.c")).Reveal())
	require.Equal(t, "https://call.example.com?n=%7Broom%7D#roomToken=t", RoomPage("https://call.example.com?n={name}").For("r", "{room}", secret.New("t")).Reveal())
	require.Equal(t, "https://call.example.com", page.Origin())
	require.Empty(t, RoomPage("").Origin())
}
