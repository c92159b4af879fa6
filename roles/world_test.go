package roles

import (
	"crypto/rand"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/password"
	"usher/internal/redistest"
	"usher/internal/seal"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds a text against the file that a person has read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(got, "\n"), "if this is right: go test ./roles -update")
}

const pass = "correct horse battery"

// A world is a workspace with people in it, and a clock that moves when it is told to.
type world struct {
	*testing.T
	*Spaces
	ahead  *atomic.Int64
	first  auth.Credentials
	people map[string]auth.Identity
}

var noon = time.Now().UTC().Truncate(time.Second)

// onEach plays a test in a world of its own on each engine.
func onEach(t *testing.T, play func(w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		play(newWorld(t, s))
	})
}

func newWorld(t *testing.T, s store.Store) *world {
	t.Helper()
	w := &world{T: t, ahead: new(atomic.Int64), people: map[string]auth.Identity{}}
	under, err := seal.New(secret.New(strings.Repeat("1", 64)), secret.String{})
	require.NoError(t, err)
	a, err := auth.New(t.Context(), s, auth.Settings{
		Seal: under, Issuer: "https://usher.test", AccessTTL: 15 * time.Minute, RoomTTL: 5 * time.Minute,
		IdleTTL: 21 * 24 * time.Hour, MaxTTL: 90 * 24 * time.Hour, AuditKept: 90 * 24 * time.Hour, SignUp: auth.SignUpUsers, KeyCache: time.Minute,
	}, w.now, rand.Reader, password.NewHasher(password.Params{Memory: 8, Passes: 1}, rand.Reader), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	w.Spaces = New(a, Settings{})
	w.first, _, err = a.First(t.Context(), auth.NewWorkspace{AdminPassword: secret.New(pass)})
	require.NoError(t, err)
	w.people["admin"] = w.signIn("admin", w.first.PublicClient)
	return w
}

func (w *world) now() time.Time           { return noon.Add(time.Duration(w.ahead.Load())) }
func (w *world) forward(by time.Duration) { w.ahead.Add(int64(by)) }

// on is the same world over another view of its store.
func (w *world) on(view func(store.Store) store.Store) *world {
	a, other := *w.auth, *w
	a.Store = view(a.Store)
	other.Spaces = New(&a, Settings{})
	return &other
}

func (w *world) signIn(username, client string) auth.Identity {
	w.Helper()
	return w.who(auth.TokenRequest{GrantType: "password", ClientID: client, Username: username, Password: secret.New(pass)})
}

func (w *world) who(req auth.TokenRequest) auth.Identity {
	w.Helper()
	tokens, err := w.auth.GetAccessToken(w.Context(), req)
	require.NoError(w, err)
	who, err := w.auth.Authenticate(w.Context(), tokens.AccessToken.Reveal())
	require.NoError(w, err)
	return who
}

// as is a user of the workspace, who comes to be when he is first named.
func (w *world) as(name string) auth.Identity {
	w.Helper()
	if _, there := w.people[name]; !there {
		_, err := w.auth.CreateUser(w.Context(), w.people["admin"], auth.NewUser{
			Email: strings.NewReplacer(" ", ".", ",", "").Replace(name) + "@example.com", Username: name, Password: secret.New(pass),
		})
		require.NoError(w, err)
		w.people[name] = w.signIn(name, w.first.PublicClient)
	}
	return w.people[name]
}

func (w *world) id(name string) string { w.Helper(); return w.as(name).ID }

// foreigner is the administrator of another workspace.
func (w *world) foreigner() auth.Identity {
	w.Helper()
	c, err := w.auth.CreateWorkspace(w.Context(), auth.NewWorkspace{AdminPassword: secret.New(pass)})
	require.NoError(w, err)
	return w.signIn("admin", c.PublicClient)
}

// client is a back end of the workspace acting as itself.
func (w *world) client() auth.Identity {
	w.Helper()
	return w.who(auth.TokenRequest{
		GrantType: "client_credentials", ClientID: w.first.ConfidentialClient, ClientSecret: w.first.ClientSecret,
	})
}

// key is an API key of the workspace.
func (w *world) key(scopes ...string) auth.Identity {
	w.Helper()
	_, key, err := w.auth.CreateAPIKey(w.Context(), w.people["admin"], auth.NewAPIKey{Name: "Back end", Scopes: scopes})
	require.NoError(w, err)
	who, err := w.auth.Authenticate(w.Context(), key.Reveal())
	require.NoError(w, err)
	return who
}

// A place is a space with a room in it. Its owners are called "owner" and "host".
type place struct {
	space, room string
	alias       string
}

// place makes one: "host" is a moderator of the space and makes the room.
func (w *world) place(public bool, access Access) place {
	w.Helper()
	space, err := w.CreateSpace(w.Context(), w.as("owner"), SpaceDetails{Name: "Evening school", Public: public})
	require.NoError(w, err)
	w.join(space, "host", SpaceModerator)
	room, err := w.CreateRoom(w.Context(), w.as("host"), space, NewRoom{Name: "Algebra", Access: access})
	require.NoError(w, err)
	return place{space, room.ID, room.Alias}
}

// join makes someone a member, as an invite does.
func (w *world) join(space, name string, role Role) {
	w.Helper()
	st, _, err := w.InSpace(w.Context(), w.as(name), space)
	require.NoError(w, err)
	require.NoError(w, w.Admit(w.Context(), st, role, store.Tx{}))
}

// grant gives roles in the room, by its owner.
func (w *world) grant(at place, name string, role Role) {
	w.Helper()
	require.NoError(w, w.GrantRole(w.Context(), w.as("host"), at.space, at.room, w.id(name), role, false))
}

// seat is a guest in the room, on what the host issued.
func (w *world) seat(at place, role string) auth.Identity {
	w.Helper()
	guest, session := w.auth.SeatSession(auth.Identity{
		ID: w.auth.NewID(), Workspace: w.first.Workspace, Space: at.space, Room: at.room, Lineage: w.inRoom(at, "host").Tenure.Epoch,
	})
	session["name"], session["role"] = "A guest", role
	key := auth.SeatKey(at.room, guest.ID)
	_, err := w.auth.Apply(w.Context(), store.Tx{If: []store.Cond{store.Absent(key)}, Do: []store.Write{store.Set(key, session)}})
	require.NoError(w, err)
	return guest
}

// inSpace and inRoom are where someone stands.
func (w *world) inSpace(at place, name string) Standing {
	w.Helper()
	st, _, err := w.InSpace(w.Context(), w.as(name), at.space)
	require.NoError(w, err)
	return st
}

func (w *world) inRoom(at place, name string) Standing {
	w.Helper()
	st, _, err := w.InRoom(w.Context(), w.as(name), at.space, at.room)
	require.NoError(w, err)
	return st
}

// enters is what the door says to someone: the role, or the code that decided.
func (w *world) enters(at place, name string) string {
	w.Helper()
	d := w.inRoom(at, name).Enter()
	if d.Allowed {
		return string(d.Role)
	}
	return string(d.Code())
}

// issued is something that someone issued in a space and in its room: the epochs that it hangs on.
type issued struct{ inSpace, inRoom store.Key }

func (w *world) issues(at place, name string) issued {
	w.Helper()
	st := w.inRoom(at, name)
	return issued{auth.EpochKey("s:"+at.space, st.Member.Epoch), auth.EpochKey("r:"+at.room, st.Tenure.Epoch)}
}

// holds says what of it is still good.
func (w *world) holds(i issued) (inSpace, inRoom bool) {
	w.Helper()
	recs, err := w.auth.Store.Get(w.Context(), i.inSpace, i.inRoom)
	require.NoError(w, err)
	return recs[0] != nil, recs[1] != nil
}

var first = auth.Page{Limit: 100}
