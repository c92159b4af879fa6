package auth

import (
	"context"
	"errors"
	"time"

	"usher/internal/captcha"
	"usher/internal/store"
)

// ErrCaptchaOff says that nobody gets a challenge here: strangers do not sign up, or another service judges them.
var ErrCaptchaOff = errors.New("auth: no challenges are handed out here")

// Challenge is work for a stranger's browser, of which SignUp takes the result, once. It returns ErrCaptchaOff.
func (a *Authority) Challenge() (captcha.Challenge, error) {
	if !a.HandsOutChallenges() {
		return captcha.Challenge{}, ErrCaptchaOff
	}
	return a.captcha.(*captcha.Altcha).Challenge()
}

// HandsOutChallenges reports whether strangers sign up, and by a captcha of ours.
func (a *Authority) HandsOutChallenges() bool {
	_, ours := a.captcha.(*captcha.Altcha)
	return ours && a.set.SignUp == SignUpOpen
}

// captchaKeys make of the installation's keys those that challenges are signed with: a fleet shares them, and a restart
// keeps them. The first is for today; the others are what it was before, or is on a server that is ahead of this one.
func (a *Authority) captchaKeys() [][]byte {
	var keys [][]byte
	for _, k := range append([]*key{a.activeKey(forRefresh)}, a.keys.Load().of(forRefresh)...) {
		keys = append(keys, mac(k.mac, []byte("captcha")))
	}
	return keys
}

// adrift is more than the clocks of servers and stores differ by.
const adrift = time.Hour

// spend is a captcha.Spender.
func (a *Authority) spend(ctx context.Context, id string, until time.Time) (first bool, err error) {
	id = Hash("captcha", id)
	key := store.Key{Partition: "captcha:" + id, Kind: "spent", ID: id}
	res, err := a.Apply(ctx, store.Tx{
		If: []store.Cond{store.Absent(key)},
		Do: []store.Write{store.Set(key, store.Record{"ends": store.Millis(until)}), store.Collect(key, until.Add(adrift))},
	})
	return err == nil && res.Refused == 0, err
}
