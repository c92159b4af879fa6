package handlers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Without a token the address that integrators make leads to the room's page, which asks for a name where the room is
// open, and else says whom it is for.
func TestAStrangerComesByAMeetLink(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		for access, says := range map[string]string{"open": "Say under which name", "public": "only for people who are known here", "private": "only for people who are known here"} {
			sc := d.in(t).newScene(t, "true", access)
			b := sc.guestBrowser()
			before := sc.applies.Load()
			for _, method := range []string{"HEAD", "GET"} {
				b.gets(303, publicURL+b.room+"?via=meet", b.visit(method, "/meet?room_id="+sc.id["roomId"], nil))
			}
			status := map[bool]int{true: 200, false: 403}[access == "open"]
			page := b.gets(status, "", b.visit("GET", b.room+"?via=meet", nil))
			require.Contains(t, page.raw, says)
			toSignIn := publicURL + "/sign-in?client_id=" + sc.id["web"] + "&amp;return=" + url.QueryEscape(publicURL+b.room)
			require.Equal(t, access != "open", strings.Contains(page.raw, `href="`+toSignIn+`"`))
			require.Equal(t, before, sc.applies.Load(), "looking writes nothing")
			for _, nowhere := range []string{"", strings.Repeat("a", 24), "x", sc.id["roomId"] + "0"} {
				require.Contains(t, b.gets(404, "", b.visit("GET", "/meet?room_id="+nowhere, nil)).raw, "There is no such room")
			}
			require.Contains(t, b.meets(404, "a-token-that-nobody-has-32-signs").raw, "This link is not good, or not any more")
			address, _, _ := sc.link()
			require.Contains(t, b.opens(200, address).raw, "You are invited here as", "what was opened last")
			b.meets(404, "<>")
		}
	})
}

// meets follows a link into the room with somebody's token, to the bare address.
func (b guestBrowser) meets(want int, token string) reply {
	b.t.Helper()
	b.gets(303, publicURL+b.room+"?via=member", b.visit("GET", "/meet?room_id="+b.id["roomId"]+"&access_token="+url.QueryEscape(token), nil))
	b.gets(303, publicURL+b.room, b.visit("GET", b.room+"?via=member", nil))
	return b.looks(want)
}
