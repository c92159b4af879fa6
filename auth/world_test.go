package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/mail"
	"usher/internal/mailtest"
	"usher/internal/password"
	"usher/internal/redistest"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// cheap makes hashes that cost nothing.
var cheap = password.Params{Memory: 8, Passes: 1}

const (
	good   = "correct horse battery"
	better = "staple horse battery"
)

var settings = Settings{
	Issuer:        "https://usher.test",
	AccessTTL:     15 * time.Minute,
	RoomTTL:       5 * time.Minute,
	IdleTTL:       21 * 24 * time.Hour,
	MaxTTL:        90 * 24 * time.Hour,
	GuestTTL:      5 * 24 * time.Hour,
	SignUp:        SignUpUsers,
	CaptchaRounds: 8,
	AuditKept:     90 * 24 * time.Hour,

	KeyCache:    time.Minute,
	KeyRotation: 90 * 24 * time.Hour,
}

// A clock moves when it is told to.
type clock struct{ ahead atomic.Int64 }

var noon = time.Now().UTC().Truncate(time.Second)

func (c *clock) Now() time.Time           { return noon.Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(by time.Duration) { c.ahead.Add(int64(by)) }

// A journal is a log that tests read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// A world is an installation with its first workspace, an administrator in it, and a clock.
type world struct {
	*testing.T
	*Authority
	*clock
	log   *journal
	post  *mailtest.Server // where the mails go
	first Credentials
	admin Identity
}

// onEach plays a test in a world of its own on each engine.
func onEach(t *testing.T, play func(w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		play(newWorld(t, s, settings))
	})
}

func newWorld(t *testing.T, s store.Store, set Settings) *world {
	t.Helper()
	w := &world{T: t, clock: &clock{}, log: &journal{}, post: mailtest.Start(t)}
	set.Mail, set.PagesURL = sender(t, w.post), set.Issuer
	w.Authority = w.open(s, set)
	made, ok, err := w.First(t.Context(), NewWorkspace{AdminEmail: "admin@usher.test", AdminPassword: secret.New(good)})
	require.NoError(t, err)
	require.True(t, ok)
	w.first = made
	w.admin = w.signedIn("admin@usher.test", good)
	return w
}

// sender hands mails to a server as the program does.
func sender(t *testing.T, to *mailtest.Server) mail.Sender {
	t.Helper()
	server, err := mail.ParseServer(secret.New(to.URL()))
	require.NoError(t, err)
	templates, err := mail.NewTemplates(settings.Issuer, "")
	require.NoError(t, err)
	post, err := mail.NewPost(server, "Usher <door@usher.test>", templates)
	require.NoError(t, err)
	return post
}

// delivers sends the mails that wait by now, and returns those that arrived.
func (w *world) delivers() []mailtest.Letter {
	w.Helper()
	before := len(w.post.Letters())
	ctx, stop := context.WithCancel(w.ctx())
	wake, gone := make(chan time.Time), make(chan struct{})
	go func() { w.DeliverMail(ctx, wake); close(gone) }()
	wake <- noon // the first round is over
	stop()
	<-gone
	return w.post.Letters()[before:]
}

// letter is the one mail that arrives.
func (w *world) letter() mailtest.Letter {
	w.Helper()
	got := w.delivers()
	require.Len(w, got, 1)
	return got[0]
}

// open is another server over a store.
func (w *world) open(s store.Store, set Settings) *Authority {
	w.Helper()
	a, err := New(w.Context(), s, set, w.clock.Now, rand.Reader, password.NewHasher(cheap, rand.Reader),
		slog.New(slog.NewJSONHandler(w.log, nil)))
	require.NoError(w, err)
	return a
}

func (w *world) ctx() context.Context { return w.Context() }

// user makes a user whose e-mail address is the username, with dots, at usher.test, and returns its id.
func (w *world) user(username string) string {
	w.Helper()
	id, err := w.CreateUser(w.ctx(), w.admin, newUser(username))
	require.NoError(w, err)
	return id
}

func newUser(username string) NewUser {
	return NewUser{
		Email: strings.ReplaceAll(username, " ", ".") + "@usher.test", Username: username, Password: secret.New(good),
	}
}

// signIn signs someone in through the public client of the first workspace.
func (w *world) signIn(username, pw string) Tokens {
	w.Helper()
	tokens, err := w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "password", Username: username, Password: secret.New(pw)})
	require.NoError(w, err)
	return tokens
}

func (w *world) signedIn(username, pw string) Identity {
	w.Helper()
	return w.identity(w.signIn(username, pw))
}

func (w *world) identity(tokens Tokens) Identity {
	w.Helper()
	who, err := w.Authenticate(w.Context(), tokens.AccessToken.Reveal())
	require.NoError(w, err)
	return who
}

func (w *world) refresh(token secret.String) (Tokens, error) {
	return w.GetAccessToken(w.ctx(), TokenRequest{GrantType: "refresh_token", RefreshToken: token})
}

// refreshed is refresh where it must succeed.
func (w *world) refreshed(token secret.String) Tokens {
	w.Helper()
	tokens, err := w.refresh(token)
	require.NoError(w, err)
	return tokens
}

// lives and over say whether a session is taken at the next request.
func (w *world) lives(who Identity) {
	w.Helper()
	_, _, err := w.Get(w.ctx(), who)
	require.NoError(w, err)
}

func (w *world) over(who Identity) {
	w.Helper()
	_, _, err := w.Get(w.ctx(), who)
	require.ErrorIs(w, err, ErrInvalidToken)
}

func (w *world) write(writes ...store.Write) {
	w.Helper()
	res, err := w.Apply(w.ctx(), store.Tx{Do: writes})
	require.NoError(w, err)
	require.Zero(w, res.Refused)
}

// guest seats a guest in a room by a link that ends in an hour, as redeeming one does.
func (w *world) guest() (Identity, Tokens) {
	w.Helper()
	g := Identity{
		ID: w.NewID(), Workspace: w.first.Workspace, Space: w.NewID(), Room: w.NewID(), Link: w.NewID(), Lineage: w.NewID(),
	}
	g, session := w.SeatSession(g)
	ends := w.Now().Add(time.Hour)
	w.write(store.Set(SpaceKey(g.Space), store.Record{"workspace": g.Workspace}))
	w.write(
		store.Set(RoomKey(g.Room), store.Record{"workspace": g.Workspace, "space": g.Space}),
		store.Set(EpochKey("r:"+g.Room, g.Lineage), store.Record{"user": w.admin.ID}),
		store.Set(LinkKey(g.Room, g.Link), store.Record{"ends": store.Millis(ends)}),
		store.Set(SeatKey(g.Room, g.ID), store.Record{"name": "Ann", "role": "moderator", "externalId": "x-1"}),
		store.Set(SeatKey(g.Room, g.ID), session),
	)
	tokens, err := w.SeatTokens(g, ends)
	require.NoError(w, err)
	return g, tokens
}

// Now is the world's, and the Authority's.
func (w *world) Now() time.Time { return w.clock.Now() }

// atOnce runs n callers at once, and counts the errors they met; nil is one of them.
func atOnce(n int, call func(i int) error) map[error]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	met := map[error]int{}
	for i := range n {
		wg.Go(func() {
			err := call(i)
			mu.Lock()
			defer mu.Unlock()
			met[err]++
		})
	}
	wg.Wait()
	return met
}

func nothingFirst(string) error { return nil }
