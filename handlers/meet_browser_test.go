package handlers_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestTheWayFromAPlatformToTheRoom in a real browser, by the address that an integrator makes for his user: without a
// script, in every language, beside a teacher who is signed in, and when the token is worth nothing any more.
func TestTheWayFromAPlatformToTheRoom(t *testing.T) {
	t.Parallel()
	p := people(t, "public", 1)[0]
	token := p.id["member link"]
	address := p.url + "/meet?room_id=" + p.id["roomId"] + "&access_token=" + token
	for _, language := range []string{"de", "es", "ko", "ru", "en"} {
		p.Reads(language)
		p.Visit(address)
		require.Equal(t, language, p.Says("document.documentElement.lang"))
		p.Fits("a member's link in " + language)
	}
	require.Equal(t, p.room, p.Says("location.href"), "the token is out of the address bar")
	require.Empty(t, p.Says("document.referrer + document.cookie"))
	require.NotContains(t, p.Says("document.documentElement.outerHTML"), token)
	require.Contains(t, p.text(), "You are invited here as member")
	p.Accessible("meet-link")

	p.Scripts(false)
	p.presses("member")
	p.Scripts(true)
	require.Contains(t, p.text(), "You are in as member")
	p.Accessible("meet-in")
	p.Do(chromedp.Reload())
	require.Contains(t, p.text(), "You are in as member")
	p.presses("leave")
	require.Contains(t, p.text(), "Enter as member")

	p.Visit(p.url + "/sign-in?client_id=" + p.id["web"])
	p.Do(chromedp.SendKeys("#username", "room-user"), chromedp.SendKeys("#password", goodPass))
	_, err := chromedp.RunResponse(p, chromedp.Click("button"))
	must(t, err)
	p.Visit(address)
	require.Contains(t, p.text(), "You are invited here as member")
	require.Contains(t, p.text(), "Elsewhere you are signed in as room-user")
	p.Accessible("meet-teacher")

	_, err = p.auth.RotateAccessToken(t.Context(), p.importer(), "member")
	must(t, err)
	p.Visit(address)
	require.Contains(t, p.text(), "This link is not good, or not any more")
	p.Accessible("meet-rotated")
}
