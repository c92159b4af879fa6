package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/audit"
	"usher/internal/captcha"
	"usher/internal/mailtest"
	"usher/internal/password"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// onEachOpen is onEach where strangers sign up.
func onEachOpen(t *testing.T, play func(w *world)) {
	t.Helper()
	t.Parallel()
	set := settings
	set.SignUp = SignUpOpen
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		play(newWorld(t, s, set))
	})
}

// solved is a captcha that was solved.
func (w *world) solved() string {
	w.Helper()
	c, err := w.Challenge()
	require.NoError(w, err)
	return captcha.Solve(c)
}

// stranger is who wants to be the user of newUser.
func (w *world) stranger(username string) Stranger {
	w.Helper()
	return Stranger{NewUser: newUser(username), Captcha: w.solved()}
}

// signsUp signs ann up, and returns the mail that comes of it.
func (w *world) signsUp() mailtest.Letter {
	w.Helper()
	require.NoError(w, w.SignUp(w.ctx(), w.stranger("ann")))
	return w.letter()
}

func (w *world) refusesSignIn(username string) {
	w.Helper()
	_, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: username, Password: secret.New(good)})
	require.ErrorIs(w, err, ErrInvalidGrant)
}

func TestAStrangerSignsUp(t *testing.T) {
	onEachOpen(t, func(w *world) {
		s := w.stranger("ann")
		s.Name, s.Phone, s.ProfileURL = "Ann: visit evil.test", "+49 30 1234", "https://usher.test/ann.png"
		require.NoError(w, w.SignUp(w.ctx(), s))
		got := w.letter()
		require.Equal(w, "ann@usher.test", got.To)
		require.Contains(w, got.Link(), "https://usher.test/confirm-sign-up#token=")
		require.Contains(w, got.Text, "24 hours")
		require.NotContains(w, got.Text+got.HTML+got.Header.Get("Subject"), "evil", "nobody is told what a stranger likes")
		w.refusesSignIn("ann")
		w.refusesSignIn("ann@usher.test")

		w.forward(24*time.Hour - time.Millisecond)
		token := secret.New(got.Token())
		require.NoError(w, w.ConfirmSignUp(w.ctx(), token, secret.New(good)))
		ann := w.signedIn("ann", good)
		require.Equal(w, ByVerifiedAccount, ann.How)
		me, err := w.GetMe(w.ctx(), ann)
		require.NoError(w, err)
		require.Equal(w, Account{
			ID: ann.ID, Workspace: w.first.Workspace, Email: "ann@usher.test", EmailVerified: true, Username: "ann",
			Phone: "+49 30 1234", Name: "Ann: visit evil.test", ProfileURL: "https://usher.test/ann.png", Created: w.Now(), Seen: w.Now(),
		}, me)
		require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), token, secret.New(good)), ErrProof, "once")
		w.write(store.Insert(userIndex(w.first.Workspace), ByTime(w.Now().Add(time.Minute), ann.ID))) // of another use of the link, which came too late
		users, _, err := w.ListUsers(w.ctx(), w.signedIn("admin@usher.test", good), Page{Limit: 10})
		require.NoError(w, err)
		require.Len(w, users, 2)
		recs, err := w.Store.Get(w.ctx(), proofKey(ann.ID, toSignUp, ""))
		require.NoError(w, err)
		require.Nil(w, recs[0], "nothing of it stays behind")
		events, err := w.kept(audit.Filter{Type: audit.UserCreated, Subject: ann.ID})
		require.NoError(w, err)
		require.Len(w, events, 1)
		require.Empty(w, events[0].Actor)
	})
}

// kept are the events that a filter chooses.
func (w *world) kept(f audit.Filter) ([]audit.Event, error) {
	events, _, err := w.ListEvents(w.ctx(), w.signedIn("admin@usher.test", good), f, Page{Limit: 50})
	return events, err
}

func TestALinkToSignUpEnds(t *testing.T) {
	onEachOpen(t, func(w *world) {
		token := secret.New(w.signsUp().Token())
		shut := w.open(w.Store, settings)
		require.ErrorIs(w, shut.ConfirmSignUp(w.ctx(), token, secret.New(good)), ErrProof, "strangers are not wanted any more")
		w.forward(24 * time.Hour)
		require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), token, secret.New(good)), ErrProof)
		w.refusesSignIn("ann")
	})
}

// Whoever has an account is told so by mail, and nobody else learns of it: the answer is the same.
func TestWhoHasAnAccountIsToldThatHeHas(t *testing.T) {
	onEachOpen(t, func(w *world) {
		id := w.user("ann")
		s := w.stranger("another")
		s.Email = "ANN@usher.test"
		require.NoError(w, w.SignUp(w.ctx(), s))
		got := w.letter()
		require.Equal(w, "ann@usher.test", got.To, "as it is kept here")
		require.Contains(w, got.Text, "It has an account already")
		require.Empty(w, got.Link())
		w.refusesSignIn("another")
		require.Equal(w, id, w.signedIn("ann", good).ID)
	})
}

// Nothing is reserved by who only asks: of those who want the same, the first to use his link has it.
func TestTheFirstToConfirmHasTheName(t *testing.T) {
	onEachOpen(t, func(w *world) {
		squatter := secret.New(w.signsUp().Token())
		owner := secret.New(w.signsUp().Token())
		same := w.stranger("ann")
		same.Email = "else@usher.test"
		require.NoError(w, w.SignUp(w.ctx(), same))
		namesake := secret.New(w.letter().Token())
		require.NoError(w, w.ConfirmSignUp(w.ctx(), owner, secret.New(good)))
		require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), squatter, secret.New(good)), ErrEmailTaken)
		require.ErrorIs(w, w.ConfirmSignUp(w.ctx(), namesake, secret.New(good)), ErrUsernameTaken)
		require.ErrorIs(w, w.SignUp(w.ctx(), w.stranger("Ann")), ErrUsernameTaken, "which is for all to see")
		w.signedIn("ann", good)
		_, err := w.CreateUser(w.ctx(), w.admin, newUser("ann"))
		require.ErrorIs(w, err, ErrEmailTaken, "who is signed in is told at once")
		w.forward(time.Minute)
		again := w.stranger("eve")
		again.Email = "else@usher.test"
		require.NoError(w, w.SignUp(w.ctx(), again))
		require.NoError(w, w.ConfirmSignUp(w.ctx(), secret.New(w.letter().Token()), secret.New(good)))
	})
}

func TestALinkToSignUpMakesOneUserForAThousand(t *testing.T) {
	onEachOpen(t, func(w *world) {
		token := secret.New(w.signsUp().Token())
		met := atOnce(50, func(int) error { return w.ConfirmSignUp(w.ctx(), token, secret.New(good)) })
		require.Equal(w, map[error]int{nil: 1, ErrProof: 49}, met)
		w.signedIn("ann", good)
		w.signedIn("ann@usher.test", good)
		users, _, err := w.ListUsers(w.ctx(), w.admin, Page{Limit: 10})
		require.NoError(w, err)
		require.Len(w, users, 2)
	})
}

// A thousand sign up with one solution at once: one of them does.
func TestASolutionSignsUpOne(t *testing.T) {
	onEachOpen(t, func(w *world) {
		token, second := w.solved(), w.solved()
		met := atOnce(50, func(i int) error { // each looks at the solution, which takes a while
			return w.SignUp(w.ctx(), Stranger{NewUser: newUser(fmt.Sprint("user ", i)), Captcha: token})
		})
		require.Equal(w, map[error]int{nil: 1, captcha.ErrRefused: 49}, met)
		require.Len(w, w.delivers(), 1)
		w.forward(10 * time.Minute)
		require.ErrorIs(w, w.SignUp(w.ctx(), Stranger{NewUser: newUser("late"), Captcha: second}), captcha.ErrRefused)
	})
}

// A fleet shares its challenges, and they outlast a rotation of the keys and a restart.
func TestAChallengeIsTakenByAnotherServerAndAfterARotation(t *testing.T) {
	onEachOpen(t, func(w *world) {
		set := settings
		set.SignUp, set.Mail, set.KeyRotation = SignUpOpen, sender(w.T, w.post), 5*time.Minute
		other := w.open(w.Store, set)
		require.NoError(w, other.SignUp(w.ctx(), w.stranger("ann")))
		s := w.stranger("bob")
		active := other.activeKey(forRefresh).kid
		w.forward(9 * time.Minute)
		require.NoError(w, other.tendKeys(w.ctx()))
		require.NotEqual(w, active, other.activeKey(forRefresh).kid)
		require.NoError(w, other.SignUp(w.ctx(), s))
	})
}

func TestWhoIsNotSignedUp(t *testing.T) {
	onEachOpen(t, func(w *world) {
		w.user("taken")
		unused := w.solved()
		for _, row := range []struct {
			name  string
			err   error
			spoil func(*Stranger)
		}{
			{"no captcha", ErrCaptchaMissing, func(s *Stranger) { s.Captcha = "" }},
			{"a wrong captcha", captcha.ErrRefused, func(s *Stranger) { s.Captcha = strings.ToUpper(s.Captcha) }},
			{"a short password", password.ErrTooShort, func(s *Stranger) { s.Password = secret.New("short") }},
		} {
			s := Stranger{NewUser: newUser("ann"), Captcha: unused}
			row.spoil(&s)
			require.ErrorIs(w, w.SignUp(w.ctx(), s), row.err, row.name)
		}
		abroad := Stranger{NewUser: newUser("ann"), Captcha: unused, Client: "nobody's"}
		require.Equal(w, &FieldError{"client_id", "no client"}, w.SignUp(w.ctx(), abroad))
		require.ErrorIs(w, w.SignUp(w.ctx(), Stranger{NewUser: newUser("taken"), Captcha: ""}), ErrCaptchaMissing, "without a captcha nothing is looked up")
		require.NoError(w, w.SignUp(w.ctx(), Stranger{NewUser: newUser("ann"), Captcha: unused}), "none of them has spent it")

		shut := w.open(w.Store, settings)
		require.ErrorIs(w, shut.SignUp(w.ctx(), w.stranger("bob")), ErrSignUpClosed)
		_, err := shut.Challenge()
		require.ErrorIs(w, err, ErrCaptchaOff)
		set := settings
		set.SignUp, set.Mail, set.Captcha = SignUpOpen, sender(w.T, w.post), captcha.Site{URL: "::"}
		asked := w.open(w.Store, set)
		_, err = asked.Challenge()
		require.ErrorIs(w, err, ErrCaptchaOff)
		require.ErrorIs(w, asked.SignUp(w.ctx(), w.stranger("bob")), captcha.ErrUnavailable, "nobody can tell, and so nobody gets in")
		_, err = New(w.ctx(), w.Store, func() Settings { set.Mail = nil; return set }(), w.Now, zeros{}, nil, nil)
		require.ErrorContains(w, err, "nobody signs up without mail")
	})
}

// A stranger is one of the workspace that his client belongs to, whatever names others have.
func TestAStrangerSignsUpWhereHisClientIs(t *testing.T) {
	onEachOpen(t, func(w *world) {
		w.user("ann")
		other, err := w.CreateWorkspace(w.ctx(), NewWorkspace{Name: "Another", AdminEmail: "boss@usher.test", AdminPassword: secret.New(good)})
		require.NoError(w, err)
		s := w.stranger("ann")
		s.Client = other.PublicClient
		require.NoError(w, w.SignUp(w.ctx(), s))
		require.NoError(w, w.ConfirmSignUp(w.ctx(), secret.New(w.letter().Token()), secret.New(good)))
		tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", ClientID: other.PublicClient, Username: "ann", Password: secret.New(good)})
		require.NoError(w, err)
		require.Equal(w, other.Workspace, w.identity(tokens).Workspace)
	})
}

// What waits says nothing that would let anybody in.
func TestOfAStrangerNoSecretIsStored(t *testing.T) {
	onEachOpen(t, func(w *world) {
		got := w.signsUp()
		id, task, err := readProof(secret.New(got.Token()))
		require.NoError(w, err)
		recs, err := w.Store.Get(w.ctx(), proofKey(id, toSignUp, task))
		require.NoError(w, err)
		require.Equal(w, secret.New(got.Token()).Hash(), recs[0]["hash"])
		for field, value := range recs[0] {
			require.NotContains(w, value, good, field)
			require.NotContains(w, value, got.Token(), field)
			require.LessOrEqual(w, len(value), 64, field)
		}
		require.NotContains(w, w.log.String(), got.Token())
	})
}
