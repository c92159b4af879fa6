package invites_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/mail"
	"usher/internal/mailtest"
	"usher/internal/password"
	"usher/internal/redistest"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/invites"
	"usher/roles"
)

func TestMain(m *testing.M) { redistest.Main(m) }

const (
	roomURL  = "https://usher.test/room"
	accessIn = 15 * time.Minute
	day      = 24 * time.Hour
)

// A world is a workspace with its people over one store, behind a line that may fail, under a clock that is set by hand.
type world struct {
	testing.TB
	line   *line
	clock  *atomic.Int64
	auth   *auth.Authority
	spaces *roles.Spaces
	desk   *invites.Desk
	post   *mailtest.Server // where the mails go
	client string

	admin, owner, mod, ann, bob auth.Identity
}

// everywhere runs a test in a fresh world on every engine.
func everywhere(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) { test(t, newWorld(t, s, newClock())) })
}

// newClock starts at this moment: garbage is collected by the engines' own clocks.
func newClock() *atomic.Int64 {
	clock := new(atomic.Int64)
	clock.Store(time.Now().UnixMilli())
	return clock
}

func newWorld(t testing.TB, s store.Store, clock *atomic.Int64) *world {
	t.Helper()
	w := &world{TB: t, line: &line{Store: s}, clock: clock, post: mailtest.Start(t)}
	w.open(auth.SignUpUsers)
	w.admin = w.workspace()
	w.owner, w.mod, w.ann, w.bob = w.person("owner"), w.person("mod"), w.person("ann"), w.person("bob")
	return w
}

// open starts the program over the store, anew where it runs already.
func (w *world) open(signUp auth.SignUp) {
	w.Helper()
	a, err := auth.New(w.Context(), w.line, auth.Settings{
		Issuer: "https://usher.test", AccessTTL: accessIn, RoomTTL: 5 * time.Minute,
		IdleTTL: 999 * day, MaxTTL: 999 * day, AuditKept: 90 * 24 * time.Hour, SignUp: signUp, KeyCache: time.Minute,
		Mail: sender(w, w.post), PagesURL: "https://school.test",
	}, w.now, rand.Reader, password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader), slog.New(slog.DiscardHandler))
	require.NoError(w, err)
	w.auth, w.spaces = a, roles.New(a, roles.Settings{})
	w.desk = invites.New(a, w.spaces, invites.Settings{RoomURL: roomURL, MaxLinkTTL: 5 * day, MailPerUser: 1000, MailPerWorkspace: 3000})
}

// sender hands mails to a server as the program does.
func sender(t testing.TB, to *mailtest.Server) mail.Sender {
	t.Helper()
	server, err := mail.ParseServer(secret.New(to.URL()))
	require.NoError(t, err)
	templates, err := mail.NewTemplates("https://usher.test", "")
	require.NoError(t, err)
	post, err := mail.NewPost(server, "Usher <door@usher.test>", templates)
	require.NoError(t, err)
	return post
}

// delivers sends the invites that wait to be mailed by now, and returns the letters that arrived.
func (w *world) delivers() []mailtest.Letter {
	w.Helper()
	return w.posts(w.desk.DeliverMail)
}

func (w *world) posts(queue func(context.Context, <-chan time.Time)) []mailtest.Letter {
	w.Helper()
	before := len(w.post.Letters())
	ctx, stop := context.WithCancel(w.Context())
	wake, gone := make(chan time.Time), make(chan struct{})
	go func() { queue(ctx, wake); close(gone) }()
	wake <- time.Time{} // the first round is over
	stop()
	<-gone
	return w.post.Letters()[before:]
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

func (w *world) pass(d time.Duration) { w.clock.Add(d.Milliseconds()) }

// workspace makes a workspace and signs its administrator in.
func (w *world) workspace() auth.Identity {
	w.Helper()
	c, err := w.auth.CreateWorkspace(w.Context(), auth.NewWorkspace{Name: "School", AdminEmail: "head@school.test"})
	require.NoError(w, err)
	w.client = c.PublicClient
	return w.signIn("head@school.test", c.AdminPassword)
}

// abroad is the administrator of another workspace.
func (w *world) abroad() auth.Identity {
	w.Helper()
	here := *w
	return here.workspace()
}

// person signs a new user of the workspace up and in.
func (w *world) person(name string) auth.Identity {
	w.Helper()
	pw := secret.New("correct horse 7 " + name)
	_, err := w.auth.CreateUser(w.Context(), w.admin, auth.NewUser{Email: name + "@school.test", Username: name, Password: pw})
	require.NoError(w, err)
	return w.signIn(name+"@school.test", pw)
}

func (w *world) signIn(email string, pw secret.String) auth.Identity {
	w.Helper()
	tokens, err := w.auth.GetAccessToken(w.Context(), auth.TokenRequest{
		GrantType: "password", ClientID: w.client, Username: email, Password: pw,
	})
	require.NoError(w, err)
	return w.identity(tokens)
}

func (w *world) identity(tokens auth.Tokens) auth.Identity {
	w.Helper()
	who, err := w.auth.Authenticate(w.Context(), tokens.AccessToken.Reveal())
	require.NoError(w, err)
	return who
}

// A house is a private space with a private room: owner owns both, mod moderates both, ann and bob have no role.
type house struct {
	*world
	space, room string
}

// house builds one for a test or a subtest.
func (w *world) house(t testing.TB) *house {
	t.Helper()
	here := *w
	here.TB = t
	h := &house{world: &here}
	var err error
	h.space, err = w.spaces.CreateSpace(t.Context(), w.owner, roles.SpaceDetails{Name: "Year 7"})
	require.NoError(t, err)
	h.join(h.mod, roles.SpaceModerator)
	h.room = h.build(roles.Private)
	h.grant(h.mod, roles.RoomModerator)
	return h
}

// build makes a room of the owner's.
func (h *house) build(access roles.Access) string {
	h.Helper()
	room, err := h.spaces.CreateRoom(h.Context(), h.owner, h.space, roles.NewRoom{Name: "Algebra", Access: access})
	require.NoError(h, err)
	return room.ID
}

// join lets someone into the space by an invite of the owner's.
func (h *house) join(who auth.Identity, role roles.Role) {
	h.Helper()
	_, err := h.desk.ActivateInvite(h.Context(), who, h.space, h.invite(h.owner, role).ID)
	require.NoError(h, err)
}

func (h *house) invite(issuer auth.Identity, role roles.Role) invites.Invite {
	h.Helper()
	in, err := h.desk.CreateInvite(h.Context(), issuer, h.space, invites.NewInvite{Role: role})
	require.NoError(h, err)
	return in
}

func (h *house) grant(who auth.Identity, role roles.Role) {
	h.Helper()
	require.NoError(h, h.spaces.GrantRole(h.Context(), h.owner, h.space, h.room, who.ID, role, false))
}

// role is someone's role in the space, as the list of members has it.
func (h *house) role(who auth.Identity) roles.Role {
	h.Helper()
	members, _, err := h.spaces.ListMembers(h.Context(), h.owner, h.space, auth.Page{Limit: 100})
	require.NoError(h, err)
	for _, m := range members {
		if m.User == who.ID {
			return m.Role
		}
	}
	return ""
}

// A ticket is a link with its token.
type ticket struct {
	invites.Link
	token secret.String
}

// link is issued by the moderator.
func (h *house) link(in invites.NewLink) ticket {
	h.Helper()
	if in.Username == "" {
		in.Username, in.Role = "John Smith", "user"
	}
	link, location, err := h.desk.GenerateAccess(h.Context(), h.mod, h.space, h.room, in)
	require.NoError(h, err)
	return ticket{link, tokenIn(h, location)}
}

func tokenIn(t require.TestingT, location secret.String) secret.String {
	u, err := url.Parse(location.Reveal())
	require.NoError(t, err)
	return secret.New(u.Query().Get("accessToken"))
}

var (
	noPIN     secret.String
	oneTime   = invites.NewLink{}
	permanent = invites.NewLink{Permanent: true}
	laptop    = secret.New("laptop-laptop-laptop-1")
	phone     = secret.New("phone-phone-phone-phone-2")
)

// A guest is a session on a seat, and whose it is.
type guest struct {
	invites.Seated
	who auth.Identity
}

// seat redeems a link for a seat key.
func (h *house) seat(of ticket, key secret.String) guest {
	h.Helper()
	seated, err := h.desk.Redeem(h.Context(), of.token, key, noPIN)
	require.NoError(h, err)
	return guest{seated, h.identity(seated.Tokens)}
}

// calls are the endpoints that a guest may call.
func (h *house) calls(g guest) map[string]func() error {
	ctx := h.Context()
	return map[string]func() error{
		"getSeat": func() error { _, _, err := h.desk.GetSeat(ctx, g.who); return err },
		"getRoom": func() error { _, err := h.spaces.GetRoom(ctx, g.who, g.Space, g.Room); return err },
		"join":    func() error { _, err := h.spaces.Join(ctx, g.who, g.Space, g.Room); return err },
		"explain": func() error { _, err := h.spaces.Explain(ctx, g.who, g.Space, g.Room, ""); return err },
	}
}

// lives asserts that a guest's session works at every endpoint.
func (h *house) lives(g guest) {
	h.Helper()
	for name, call := range h.calls(g) {
		require.NoError(h, call(), name)
	}
}

// dead asserts that every endpoint refuses the session, the token endpoint too.
func (h *house) dead(g guest) {
	h.Helper()
	for name, call := range h.calls(g) {
		require.ErrorIs(h, call(), auth.ErrInvalidToken, name)
	}
	require.ErrorIs(h, h.desk.LeaveSeat(h.Context(), g.who), auth.ErrInvalidToken)
	_, err := h.refresh(g.RefreshToken)
	require.ErrorIs(h, err, auth.ErrInvalidGrant)
}

func (h *house) refresh(token secret.String) (auth.Tokens, error) {
	return h.auth.GetAccessToken(h.Context(), auth.TokenRequest{GrantType: "refresh_token", RefreshToken: token})
}
