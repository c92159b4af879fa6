package auth

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

func TestALogoutEndsOneSession(t *testing.T) {
	onEach(t, func(w *world) {
		phone, laptop := w.signIn("admin", good), w.signIn("admin", good)
		require.NoError(w, w.Logout(w.ctx(), w.identity(phone)))
		w.over(w.identity(phone))
		_, err := w.refresh(phone.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		require.Zero(w, w.thefts(), "who is late after a logout is no thief")
		require.ErrorIs(w, w.Logout(w.ctx(), w.identity(phone)), ErrInvalidToken)
		w.lives(w.identity(laptop))
		require.ErrorIs(w, w.Logout(w.ctx(), Identity{Kind: Client, ID: "backend", Workspace: w.first.Workspace}), ErrWrongToken)
	})
}

func TestAGuestLogsOutAndKeepsTheSeat(t *testing.T) {
	onEach(t, func(w *world) {
		g, tokens := w.guest()
		require.NoError(w, w.Logout(w.ctx(), g))
		w.over(g)
		_, err := w.refresh(tokens.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		again, session := w.SeatSession(g) // as redeeming the link again does
		w.write(store.Set(SeatKey(g.Room, g.ID), session))
		w.lives(again)
		require.ErrorIs(w, w.Logout(w.ctx(), g), ErrInvalidToken)
		w.lives(again)
	})
}

// list is every session of someone, read in pages of n.
func (w *world) list(who Identity, n int) (all []Session) {
	w.Helper()
	for after := ""; ; {
		page, next, err := w.ListSessions(w.ctx(), who, Page{After: after, Limit: n})
		require.NoError(w, err)
		require.LessOrEqual(w, len(page), n)
		all = append(all, page...)
		if next == "" {
			return all
		}
		after = next
	}
}

func TestSessionsAreListed(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		opened := w.Now()
		from := func(address, agent string) audit.Origin { return audit.Origin{Address: address, UserAgent: agent} }
		req := TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)}
		phone, err := w.GetAccessToken(audit.From(w.ctx(), from("203.0.113.7", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0")), req)
		require.NoError(w, err)
		w.forward(time.Minute)
		laptop := w.signedIn("ann", good)
		first := Session{ID: w.identity(phone).Session, Client: "web", Device: "Firefox on Windows", Address: "203.0.113.7", Created: opened, LastUsed: opened}
		second := Session{ID: laptop.Session, Client: "web", Created: opened.Add(time.Minute), LastUsed: opened.Add(time.Minute), Current: true}
		for _, n := range []int{1, 2, 50} {
			require.Equal(w, []Session{first, second}, w.list(laptop, n))
		}

		w.forward(time.Minute)
		_, err = w.GetAccessToken(audit.From(w.ctx(), from("2001:db8::/64", "curl/8.5.0")),
			TokenRequest{GrantType: "refresh_token", RefreshToken: phone.RefreshToken})
		require.NoError(w, err)
		first.Device, first.Address, first.LastUsed = "curl", "2001:db8::/64", opened.Add(2*time.Minute)
		require.Equal(w, []Session{second, first}, w.list(laptop, 50), "the one that ends next comes first")

		require.NoError(w, w.EndSession(w.ctx(), laptop, first.ID))
		require.Equal(w, []Session{second}, w.list(laptop, 50))
		w.over(w.identity(phone))
		require.NoError(w, w.EndOtherSessions(w.ctx(), laptop))
		require.Equal(w, []Session{second}, w.list(laptop, 50))

		w.forward(settings.IdleTTL)
		w.over(laptop)
		require.Len(w, w.list(w.signedIn("ann", good), 50), 1, "what nobody refreshed is over")
		for _, stranger := range []Identity{{Kind: Client, ID: "backend", Workspace: w.first.Workspace}, {Kind: Guest}} {
			_, _, err := w.ListSessions(w.ctx(), stranger, Page{Limit: 1})
			require.ErrorIs(w, err, ErrWrongToken)
		}
	})
}

// Staff see the sessions of others, and nobody else does.
func TestSessionsOfAnother(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		ann := w.signedIn("ann", good)
		sessions, _, err := w.SessionsOf(w.ctx(), w.admin, id, Page{Limit: 9})
		require.NoError(w, err)
		require.Len(w, sessions, 1)
		require.Equal(w, ann.Session, sessions[0].ID)
		require.False(w, sessions[0].Current)
		_, _, err = w.SessionsOf(w.ctx(), ann, id, Page{Limit: 9})
		require.ErrorIs(w, err, ErrForbidden)
		require.NoError(w, w.BlockUser(w.ctx(), w.admin, id))
		sessions, _, err = w.SessionsOf(w.ctx(), w.admin, id, Page{Limit: 9})
		require.NoError(w, err)
		require.Empty(w, sessions)
	})
}

func TestWhatIsNotOnesSessionIsNotThere(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		ann, gone := w.signedIn("ann", good), w.signedIn("ann", good)
		require.NoError(w, w.Logout(w.ctx(), gone))
		for name, id := range map[string]string{
			"another's": w.admin.Session, "one that is over": gone.Session, "of nothing": w.NewID(), "no id": "x/y", "empty": "",
		} {
			require.ErrorIs(w, w.EndSession(w.ctx(), ann, id), ErrNotFound, name)
		}
		w.lives(w.admin)
		w.lives(ann)
		require.ErrorIs(w, w.EndSession(w.ctx(), gone, ann.Session), ErrInvalidToken)
		g, _ := w.guest()
		require.ErrorIs(w, w.EndSession(w.ctx(), g, g.Session), ErrWrongToken)
		require.NoError(w, w.EndSession(w.ctx(), ann, ann.Session), "one's own is one of them")
		w.over(ann)
	})
}

func TestAllSessionsButThisOneEnd(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		tokens, other := w.signIn("ann", good), w.signIn("ann", good)
		ann := w.identity(tokens)
		require.NoError(w, w.EndOtherSessions(w.ctx(), ann))
		w.lives(ann)
		w.over(w.identity(other))
		_, err := w.refresh(other.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.lives(w.identity(w.refreshed(tokens.RefreshToken)))
		w.lives(w.signedIn("ann", good))
		w.lives(w.admin)

		require.ErrorIs(w, w.EndOtherSessions(w.ctx(), w.identity(other)), ErrInvalidToken)
		g, _ := w.guest()
		require.ErrorIs(w, w.EndOtherSessions(w.ctx(), g), ErrWrongToken)
	})
}

// Whoever signs in with the right password while others are thrown out gets in, before or after; and the session that
// throws them out goes on, refreshing all the while.
func TestAllSessionsButThisOneEndWhileOthersSignIn(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		tokens := w.signIn("ann", good)
		ann := w.identity(tokens)
		var mu sync.Mutex
		opened := []Identity{}
		met := atOnce(60, func(i int) error {
			switch i % 3 {
			case 0:
				return w.EndOtherSessions(w.ctx(), ann)
			case 1:
				_, err := w.refresh(tokens.RefreshToken)
				return err
			}
			in, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: "ann", Password: secret.New(good)})
			if err != nil {
				return err
			}
			who, err := w.Authenticate(w.ctx(), in.AccessToken.Reveal())
			mu.Lock()
			defer mu.Unlock()
			opened = append(opened, who)
			return err
		})
		require.Equal(w, map[error]int{nil: 60}, met)
		require.Len(w, opened, 20)
		w.lives(ann)
		require.Zero(w, w.thefts())
		require.NoError(w, w.EndOtherSessions(w.ctx(), ann))
		for _, who := range opened {
			w.over(who)
		}
		require.Len(w, w.list(ann, 50), 1)
	})
}

// Of those who throw each other out at once, one stays.
func TestTwoWhoEndEachOther(t *testing.T) {
	onEach(t, func(w *world) {
		w.user("ann")
		both := []Identity{w.signedIn("ann", good), w.signedIn("ann", good)}
		met := atOnce(2, func(i int) error { return w.EndOtherSessions(w.ctx(), both[i]) })
		require.Equal(w, map[error]int{nil: 1, ErrInvalidToken: 1}, met)
		alive := 0
		for _, who := range both {
			if _, _, err := w.Get(w.ctx(), who); !errors.Is(err, ErrInvalidToken) {
				alive++
			}
		}
		require.Equal(w, 1, alive)
	})
}

func TestDevicesAreNamed(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"": "", "curl/8.5.0": "curl",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari on iOS",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                   "Safari on macOS",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                         "Chrome on Android",
		"a\x00b\u202ec/1":              "abc",
		strings.Repeat("ä", 40) + "/1": strings.Repeat("ä", 32),
	} {
		require.Equal(t, want, device(agent))
	}
}

// Whatever a client calls itself, it is named shortly, and in one line.
func FuzzDevice(f *testing.F) {
	for _, seed := range []string{"", "curl/8.5.0", "(", "Mozilla/5.0 (", "Mozilla/5.0 ()", "a (b; c) d/1 (e", "\xff/1", "\u202e(Windows)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		text := device(agent)
		require.LessOrEqual(t, len(text), 64)
		require.True(t, utf8.ValidString(text))
		require.Negative(t, strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }))
	})
}
