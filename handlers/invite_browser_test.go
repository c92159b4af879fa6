package handlers_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"usher/internal/mail"
)

// TestTheWayFromAnInviteIntoTheSpace on a phone: the invitee has no account, makes one, is led back by the mail, signs in
// and joins.
func TestTheWayFromAnInviteIntoTheSpace(t *testing.T) {
	t.Parallel()
	p := people(t, "public", 1)[0]
	p.id["newcomer"] = "newcomer@there.test"
	i := p.invited(`,"email":"{newcomer}"`)
	for _, language := range []string{"de", "es", "ko", "ru"} {
		p.Reads(language)
		p.Visit(p.url + i.page)
		p.Fits("an invite in " + language)
		p.Keep("invite-" + language)
	}
	p.Reads("en")
	p.Visit(p.url + i.page)
	p.Accessible("invite")
	p.Scripts(false)
	p.Do(chromedp.SendKeys("#email", "newcomer@there.test"), chromedp.SendKeys("#username", "newcomer"))
	p.presses("sign-up")
	p.Scripts(true)
	require.Contains(t, p.text(), "Look into your mailbox")
	p.Accessible("invite-mailed")

	p.mailed("signUpToken", mail.SignUp, "newcomer")
	p.Visit(p.url + "/confirm-sign-up#token=" + p.id["signUpToken"])
	p.Do(chromedp.SendKeys("#password", goodPass), chromedp.Click("form button"), chromedp.WaitVisible("#next a"), chromedp.Click("#next a"), chromedp.WaitVisible("#email"))
	require.Equal(t, p.url+i.page, p.Says("location.href"))
	_, err := chromedp.RunResponse(p, chromedp.Click("a.button"))
	must(t, err)
	p.Do(chromedp.SendKeys("#username", "newcomer"), chromedp.SendKeys("#password", goodPass))
	_, err = chromedp.RunResponse(p, chromedp.Click("form button"))
	must(t, err)
	require.Equal(t, p.url+i.page, p.Says("location.href"))
	require.Contains(t, p.text(), "Join as newcomer")
	p.Accessible("invite-join")
	p.presses("join")
	require.Contains(t, p.text(), "You have joined.")
	p.Accessible("invite-joined")
	_, err = chromedp.RunResponse(p, chromedp.Click("li a"))
	must(t, err)
	require.Equal(t, p.room, p.Says("location.href"))
	require.Contains(t, p.text(), "Enter as newcomer")
}
