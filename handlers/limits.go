package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"

	"github.com/ulule/limiter/v3"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// A limit is a row of the table: how often something may happen that costs, or that could be guessed.
type limit struct {
	name      string
	counts    counting
	rules     []rule
	strangers []rule // and these, where nobody has got in as the same from the same address lately: see known

	// guesses are the outcomes that count, where not every one does. What else goes wrong (an expired link, a password
	// that is too short) is no attack: a class that comes late is thirty of them.
	guesses []error
	certain func(*call) bool // nothing could be guessed in this call: only a failure counts
}

// A rule counts per subject, in two windows: a short one against bursts, a long one against patience.
type rule struct {
	subject     string
	of          func(*call) string // "" where the call has no such subject
	burst, hour window
}

type window struct {
	most   int64
	length time.Duration
}

// counting says when a call counts.
type counting int

const (
	every    counting = iota // each call, for what it costs
	attempts                 // before it is compared, and given back unless it was a wrong guess: a thousand at once are a thousand
	failures                 // when a guess was wrong: for what cannot be guessed, so that a success costs no trip
)

// table holds every limit that the contract refers to as x-limit. The numbers are kind to a school, whose pupils come
// all at once from one address and mistype: what guesses comes by the thousand. An attempt counts while it is under way,
// and so an account must be able to sign in some times at once. A window is fixed: around its edge, twice as much may
// come in a moment, and of a burst never more than the hour has left.
//
// Of one account, from everywhere together, 300 guesses an hour are 2.6 million a year, however many addresses a guesser
// has: too few for a password that is none of the common ones, which nobody here can have. And 100 in ten minutes are
// more than a class mistypes that shares an account and sits at home.
var table = []limit{
	{
		name: "sign-in", counts: attempts, guesses: []error{auth.ErrInvalidGrant, auth.ErrInvalidClient}, certain: notByPassword,
		rules: []rule{{"account", accountFromHere, window{30, time.Minute}, window{100, time.Hour}}},
		strangers: []rule{
			{"everywhere", user, window{100, 10 * time.Minute}, window{300, time.Hour}},
			{"address", address, window{200, 10 * time.Second}, window{1000, time.Hour}},
		},
	},
	{name: "password", counts: attempts, guesses: []error{auth.ErrWrongPassword}, rules: []rule{
		{"caller", caller, window{10, time.Minute}, window{60, time.Hour}},
	}},
	{name: "forgot", counts: every, rules: []rule{
		{"mailbox", mailbox, window{5, 10 * time.Minute}, window{10, time.Hour}},
		{"address", address, window{60, time.Minute}, window{300, time.Hour}},
	}},
	{name: "mail", counts: every, rules: []rule{{"caller", caller, window{5, time.Minute}, window{20, time.Hour}}}},
	{name: "mail-token", counts: failures, guesses: []error{auth.ErrProof}, rules: []rule{
		{"address", address, window{20, 10 * time.Second}, window{200, time.Hour}},
	}},
	{name: "client", counts: failures, guesses: []error{auth.ErrInvalidClient}, rules: []rule{
		{"address", address, window{20, 10 * time.Second}, window{200, time.Hour}},
	}},
	{name: "sign-up", counts: every, rules: []rule{
		{"caller", caller, window{50, 10 * time.Second}, window{5000, time.Hour}},
		{"mailbox", ofStranger(mailbox), window{5, 10 * time.Minute}, window{10, time.Hour}},
		{"address", ofStranger(address), window{50, 10 * time.Second}, window{500, time.Hour}},
	}},
	{name: "find", counts: every, rules: []rule{{"caller", caller, window{30, 10 * time.Second}, window{600, time.Hour}}}},
	{name: "preview", counts: failures, guesses: []error{invites.ErrLinkUnknown, errMemberToken}, rules: []rule{
		{"address", address, window{20, 10 * time.Second}, window{200, time.Hour}},
	}},
	{name: "redeem", counts: failures, guesses: []error{invites.ErrLinkUnknown, invites.ErrPINWrong, errMemberToken}, rules: []rule{
		{"address", address, window{20, 10 * time.Second}, window{200, time.Hour}},
	}},
	{name: "activate", counts: failures, guesses: []error{invites.ErrInviteNotFound, roles.ErrNotFound}, rules: []rule{
		{"address", address, window{20, 10 * time.Second}, window{200, time.Hour}},
	}},
	{name: "bulk", counts: every, rules: []rule{{"caller", caller, window{10, time.Minute}, window{60, time.Hour}}}},
	{name: "resend", counts: every, rules: []rule{{"invite", invite, window{3, 10 * time.Minute}, window{10, time.Hour}}}},
	{name: "message", counts: every, rules: []rule{{"caller", callerInRoom, window{50, 10 * time.Second}, window{3000, time.Hour}}}},
	{name: "join-as-guest", counts: every, rules: []rule{
		{"address", address, window{200, 10 * time.Second}, window{3000, time.Hour}},
	}},
}

// limitNamed is the row that x-limit names; "none" is known, and nil.
func limitNamed(name string) (*limit, bool) {
	for i := range table {
		if table[i].name == name {
			return &table[i], true
		}
	}
	return nil, name == "none"
}

// address is where a call comes from: an IPv4 address whole, of an IPv6 address the /64 that one household has.
func address(c *call) string {
	ip, err := netip.ParseAddr(c.gin.ClientIP())
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		network, _ := ip.Prefix(64) // of 128 bits there are 64
		return network.String()
	}
	return ip.String()
}

// caller is who calls, and has shown by a token who he is.
func caller(c *call) string { return string(c.who.Kind) + c.who.ID }

// invite is who sends which invite once more.
func invite(c *call) string { return caller(c) + c.id("inviteId") }

// callerInRoom is who calls, in one room: a program speaks in many.
func callerInRoom(c *call) string { return caller(c) + c.id("roomId") }

// ofStranger is what a call without a token is counted by.
func ofStranger(of func(*call) string) func(*call) string {
	return func(c *call) string {
		if c.who.Kind != auth.Nobody {
			return ""
		}
		return of(c)
	}
}

// user is whom a sign-in by password tries to open. An e-mail address and a username are two, each with its guesses:
// whether they are one account is not known before the password is compared.
func user(c *call) string {
	if notByPassword(c) {
		return ""
	}
	return "user " + auth.Spelled(c.field("username"))
}

// mailbox is whom a mail would reach, whether or not there is anybody.
func mailbox(c *call) string { return auth.Spelled(c.field("email")) }

// account is what a sign-in tries to open: a user, by either name, or a client.
func account(c *call) string {
	if c.field("grant_type") == "client_credentials" {
		return "client " + c.field("client_id")
	}
	return user(c)
}

// accountFromHere is an account and where it is tried from. Whoever knows a name can use up its guesses from everywhere,
// but these only where he is himself.
func accountFromHere(c *call) string {
	if account(c) == "" {
		return ""
	}
	return account(c) + "\x00" + address(c)
}

// notByPassword: refresh tokens and the secrets of clients are random.
func notByPassword(c *call) bool { return c.field("grant_type") != "password" }

// A meter is one window of one rule, for the subject of one call.
type meter struct {
	rule
	window  string
	subject string
	sum     string // the subject's: no address and no name stands in a key as it is
	key     string
	ban     string // the id of the subject's ban
	rate    limiter.Rate
	until   time.Time // the end of the window that it was charged in
}

func (l *limit) meter(r rule, name string, w window, subject string) meter {
	hash := sha256.Sum256([]byte(subject))
	sum := hex.EncodeToString(hash[:16])
	return meter{
		rule: r, window: name, subject: subject, sum: sum, key: meterKey(l.name, r.subject, name, sum),
		ban: auth.Hash(l.name, r.subject, sum), rate: limiter.Rate{Period: w.length, Limit: w.most},
	}
}

func meterKey(limit, by, window, sum string) string {
	return limit + ":" + by + ":" + window + ":" + sum
}

// meters are what a call counts on.
func (l *limit) meters(c *call, rules []rule) (all []meter) {
	for _, r := range rules {
		subject := r.of(c)
		if subject == "" {
			continue
		}
		for name, w := range r.windows() {
			all = append(all, l.meter(r, name, w, subject))
		}
	}
	return all
}
