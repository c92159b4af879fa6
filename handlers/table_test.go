package handlers

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/ulule/limiter/v3"
	limitredis "github.com/ulule/limiter/v3/drivers/store/redis"

	"usher/auth"
	"usher/internal/password"
	"usher/internal/redistest"
	"usher/invites"
	"usher/roles"
)

// numbers are the table a second time, so that nobody moves a number in passing.
var numbers = []struct {
	name       string
	counts     counting
	guesses    []error
	operations string
	rules      []pinned
}{
	{
		"sign-in", attempts,
		[]error{auth.ErrInvalidGrant, auth.ErrInvalidClient},
		"getAccessToken",
		[]pinned{
			{"account", 30, time.Minute, 100},
			{"everywhere", 100, 10 * time.Minute, 300},
			{"address", 200, 10 * time.Second, 1000}, // for strangers
		},
	},
	{"password", attempts, []error{auth.ErrWrongPassword}, "changePassword deleteMe", []pinned{{"caller", 10, time.Minute, 60}}},
	{"forgot", every, nil, "forgotPassword", []pinned{{"mailbox", 5, 10 * time.Minute, 10}, {"address", 60, time.Minute, 300}}},
	{"mail", every, nil, "requestEmailChange sendVerification", []pinned{{"caller", 5, time.Minute, 20}}},
	{
		"mail-token", failures,
		[]error{auth.ErrProof},
		"resetPassword verifyEmail confirmEmailChange undoEmailChange confirmSignUp",
		[]pinned{{"address", 20, 10 * time.Second, 200}},
	},
	{"client", failures, []error{auth.ErrInvalidClient}, "revokeToken introspectToken", []pinned{{"address", 20, 10 * time.Second, 200}}},
	{"sign-up", every, nil, "createUser", []pinned{
		{"caller", 50, 10 * time.Second, 5000}, {"mailbox", 5, 10 * time.Minute, 10}, {"address", 50, 10 * time.Second, 500},
	}},
	{"find", every, nil, "findUser updateMe", []pinned{{"caller", 30, 10 * time.Second, 600}}},
	{"preview", failures, []error{invites.ErrLinkUnknown, errMemberToken}, "previewAccess", []pinned{{"address", 20, 10 * time.Second, 200}}},
	{"redeem", failures, []error{invites.ErrLinkUnknown, invites.ErrPINWrong, errMemberToken}, "redeemAccess", []pinned{{"address", 20, 10 * time.Second, 200}}},
	{"activate", failures, []error{invites.ErrInviteNotFound, roles.ErrNotFound}, "activateInvite", []pinned{{"address", 20, 10 * time.Second, 200}}},
	{"bulk", every, nil, "createInvites", []pinned{{"caller", 10, time.Minute, 60}}},
	{"resend", every, nil, "resendInvite", []pinned{{"invite", 3, 10 * time.Minute, 10}}},
	{"message", every, nil, "sendRoomMessage", []pinned{{"caller", 50, 10 * time.Second, 3000}}},
	{"join-as-guest", every, nil, "joinAsGuest", []pinned{{"address", 200, 10 * time.Second, 3000}}},
}

// A pinned rule counts so many in a window, and so many in an hour.
type pinned struct {
	subject string
	burst   int64
	window  time.Duration
	hour    int64
}

func TestLimitsAreThese(t *testing.T) {
	t.Parallel()
	require.Len(t, table, len(numbers))
	used := map[string]string{}
	for _, e := range build(t).errands() {
		if e.limit != nil {
			used[e.OperationID] = e.limit.name
		}
	}
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	for i, want := range numbers {
		row := table[i]
		require.Equal(t, want.name, row.name)
		require.Equal(t, want.counts, row.counts, row.name)
		require.Equal(t, want.guesses, row.guesses, row.name)
		require.Equal(t, row.name == "sign-in", row.certain != nil, row.name)
		require.Len(t, row.all(), len(want.rules), row.name)
		require.Len(t, row.strangers, map[string]int{"sign-in": 2}[row.name], row.name)
		for j, p := range want.rules {
			rule := row.all()[j]
			require.Equal(t, p, pinned{rule.subject, rule.burst.most, rule.burst.length, rule.hour.most}, row.name)
			require.Equal(t, time.Hour, rule.hour.length, row.name)
			require.Contains(t, string(readme), fmt.Sprintf("\n| %s | %s | %d in %v | %d | ", row.name, p.subject, p.burst, p.window, p.hour))
		}
		for operation := range strings.FieldsSeq(want.operations) {
			require.Equal(t, row.name, used[operation], operation)
			delete(used, operation)
		}
	}
	require.Empty(t, used)
}

// Each limit is met by each of its operations, with each of its guesses, at its number and not before.
func TestEveryLimitIsMet(t *testing.T) {
	t.Parallel()
	for _, want := range numbers {
		outcomes := want.guesses
		if want.counts == every {
			outcomes = []error{nil}
		}
		for operation := range strings.FieldsSeq(want.operations) {
			for _, outcome := range outcomes {
				for _, p := range want.rules {
					t.Run(fmt.Sprintf("%s %s %v", operation, p.subject, outcome), func(t *testing.T) {
						t.Parallel()
						p.met(t, want.name, operation, outcome)
					})
				}
			}
		}
	}
}

func TestALimitIsMetInAFleet(t *testing.T) {
	t.Parallel()
	s, err := limitredis.NewStoreWithOptions(redistest.Client(t), limiter.StoreOptions{Prefix: redistest.Prefix(t)})
	require.NoError(t, err)
	pinned{"caller", 10, time.Minute, 60}.met(t, "password", "changePassword", auth.ErrWrongPassword, countingIn(s))
}

// met requires that an operation with this outcome meets the limit by this rule.
func (p pinned) met(t *testing.T, limit, operation string, outcome error, parts ...part) {
	t.Helper()
	if outcome != nil {
		parts = append(parts, fails(operation, outcome))
	}
	e := build(t, append(parts, trusting("127.0.0.0/8", "::1"))...).errands()[operation]
	if e.public && p.subject != "caller" {
		e.callers = nil // a stranger
	}
	status := e.success
	if outcome != nil {
		status = problemOf(outcome).status
	}
	again := func(i int64) answer {
		switch { // of one account from one address there would be too many before
		case p.subject == "everywhere":
			return e.signIn("ann", "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i))
		case p.subject == "address" && limit == "sign-in":
			return e.run(e.with("username", fmt.Sprint("user ", i)))
		case p.subject == "address" && (limit == "forgot" || limit == "sign-up"): // of one mailbox, too
			return e.run(e.with("email", fmt.Sprintf("user%d@example.com", i)))
		}
		return e.run(e.body)
	}
	for i := range p.burst {
		got := again(i)
		require.Equal(t, status, got.status, "%d: %s", i, got.raw)
		require.Empty(t, got.header.Get("Retry-After"))
	}
	got := again(p.burst)
	e.refused(got, 429, "limited")
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, wait, 1)
	require.LessOrEqual(t, wait, int(p.window.Seconds())+1)
	name := limit + "-" + p.subject
	require.Equal(t, fmt.Sprintf(`"%s-burst";r=0;t=%d`, name, wait), got.header.Get("RateLimit"))
	require.Equal(t, fmt.Sprintf(`"%s-burst";q=%d;w=%d, "%s-hour";q=%d;w=3600`, name, p.burst, int(p.window.Seconds()), name, p.hour),
		got.header.Get("RateLimit-Policy"))
}

// A password that is refused for what it is, or an account that may not, was no guess.
func TestOnlyAWrongPasswordCounts(t *testing.T) {
	t.Parallel()
	var outcome error
	e := build(t, does("changePassword", func(*call) (any, error) { return nil, outcome })).errands()["changePassword"]
	for _, outcome = range []error{
		nil, password.ErrTooShort, password.ErrTooLong, password.ErrTooCommon, password.ErrBusy, auth.ErrForbidden, auth.ErrInvalidToken,
		auth.ErrContended,
	} {
		for range 12 {
			require.NotEqual(t, 429, e.run(e.body).status, outcome)
		}
	}
	outcome = auth.ErrWrongPassword
	for range 10 {
		e.refused(e.run(e.body), 403, "wrong_password")
	}
	e.refused(e.run(e.body), 429, "limited")
}
