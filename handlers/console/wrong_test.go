package console_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

// A bad value is what somebody may send for a field, in place of what stands there otherwise.
type bad struct {
	path   string
	fields []string // which are good
	field  string
	values []string
	unseen bool // it is a choice, or a password
}

// Whatever is wrong with a form is said in words beside the field, and what was typed stays there.
func TestWhatIsWrongWithAForm(t *testing.T) {
	onEach(t, func(w *world) {
		w.whatThereIs()
		w.external("S-1", auth.GuestMember)
		ann := w.reader("ann")
		ann.does(w.fill("/rooms/{room}/members/{ann}"), "role", "role_room_moderator")
		long, hidden, nul := strings.Repeat("x", 2000), "a\u202eb", "a\x00b"
		names := []string{"", " ", long, hidden, nul, "a\tb"}
		key := []string{"name", "Import", "scopes", "users:read", "days", "30", "password", pass}
		room := []string{"name", "Physics", "access", "private"}
		link := []string{"username", "John", "role", "user", "hours", "24"}
		marie := []string{"name", "Marie", "username", "marie", "email", "marie@school.test", "phone", ""}
		client := []string{"name", "Portal", "kind", "public", "password", pass}
		summons := []string{"email", "x@school.test", "role", string(auth.Support), "password", pass}
		choice := []string{"", "x", long}
		for _, row := range []bad{
			{"/users/new", []string{"externalId", "T-9", "defaultMemberType", "guest"}, "externalId", []string{"", long, nul, "a\tb", "S-1"}, false},
			{"/users/new", []string{"externalId", "T-9", "defaultMemberType", "guest"}, "name", []string{long, hidden, nul}, false},
			{"/users/new", []string{"externalId", "T-9", "defaultMemberType", "guest"}, "defaultMemberType", []string{"x", "owner"}, true},
			{"/users/{S-1}/edit", []string{"name", "x", "defaultMemberType", "guest"}, "name", []string{long, hidden}, false},
			{"/users/{S-1}/edit", []string{"name", "x", "defaultMemberType", "guest"}, "defaultMemberType", []string{"x"}, true},
			{"/users/{marie}/edit", marie, "name", []string{long, hidden, nul}, false},
			{"/users/{marie}/edit", marie, "phone", []string{"call me", long}, false},
			{"/users/{marie}/edit", marie, "username", []string{"a@b", " ", long, hidden, nul, "a  b", "pаul", "sue"}, false},
			{"/users/{marie}/edit", marie, "email", []string{"marie@", "x", long, "a b@school.test", "sue@school.test"}, false},
			{"/rooms/new", room, "name", names, false},
			{"/rooms/new", room, "access", []string{"x"}, true},
			{"/rooms/{room}/edit", room, "name", names[2:], false},
			{"/rooms/{room}/edit", room, "access", []string{"x"}, true},
			{"/rooms/{room}/members", []string{"member", w.id["S-1"], "role", ""}, "role", []string{"x", "role_space_owner"}, true},
			{"/rooms/{room}/members/{marie}", nil, "role", choice, true},
			{"/rooms/{room}/members/{marie}/block", nil, "reason", []string{long, hidden, nul}, false},
			{"/rooms/{room}/link", link, "username", names, false},
			{"/rooms/{room}/link", link, "role", []string{"x", "role_room_owner"}, true},
			{"/rooms/{room}/link", link, "hours", []string{"", "x", "0", "-1", "121", "8760", "99999999999999999999"}, true},
			{"/keys/new", key, "name", names, false},
			{"/keys/new", key, "scopes", []string{"", "x", "all"}, true},
			{"/keys/new", key, "days", []string{"x", "31", "-1"}, true},
			{"/keys/new", key, "password", []string{"wrong"}, true},
			{"/clients/new", client, "name", []string{long, hidden, nul}, false},
			{"/clients/new", client, "kind", choice, true},
			{"/clients/new", client, "password", []string{"wrong"}, true},
			{"/staff/invite", summons, "email", []string{"", "x", long, "marie@school.test"}, false},
			{"/staff/invite", summons, "role", choice, true},
			{"/staff/invite", summons, "password", []string{"wrong"}, true},
			{"/staff/users/{sue}", []string{"role", "", "password", pass}, "role", []string{"x"}, true},
			{"/staff/users/{S-1}", []string{"role", "", "password", pass}, "role", []string{string(auth.Admin)}, true},
			{"/staff/users/{sue}", []string{"role", "", "password", pass}, "password", []string{"wrong"}, true},
		} {
			for _, value := range row.values {
				ann.isTold(row, value)
			}
		}
		got := ann.sends("/rooms/new", "name", "\xff", "access", "private")
		require.Equal(w, 422, got.status)
		require.Contains(w, got.text, "What was sent cannot be read.")
		got = ann.sends(w.fill("/rooms/{room}/members"), "role", "")
		require.Contains(w, got.text, `<small class="wrong">Nobody is chosen.</small>`)
	})
}

var aSentence = regexp.MustCompile(`^[A-Z][^/:_]*\.$`)

// isTold sends a bad value, and reads what is wrong with it.
func (r reader) isTold(row bad, value string) {
	r.Helper()
	sent := append([]string{}, row.fields...)
	for i := 0; i+1 < len(sent); i += 2 {
		if sent[i] == row.field {
			sent = append(sent[:i], sent[i+2:]...)
			break
		}
	}
	got := r.sends(r.fill(row.path), append(sent, row.field, value)...)
	what := row.path + " " + row.field + ": " + value[:min(len(value), 20)]
	require.Contains(r, []int{403, 409, 422}, got.status, what)
	_, said, found := strings.Cut(got.text, `<small id="`+row.field+`-hint" class="wrong">`)
	require.True(r, found, "%s\n%s", what, got.text)
	said, _, _ = strings.Cut(said, "<")
	require.Regexp(r, aSentence, html.UnescapeString(said), what)
	require.NotContains(r, got.text, `class="problem"`, "%s: once is enough", what)
	if !row.unseen && !strings.Contains(value, "\x00") { // for which HTML has another character
		require.Contains(r, got.text, `name="`+row.field+`" value="`+html.EscapeString(value)+`"`, what)
	}
	for i := 0; i+1 < len(sent); i += 2 {
		if sent[i+1] != pass && sent[i+1] != "" {
			require.Contains(r, got.text, sent[i+1], what)
		}
	}
	require.NotContains(r, got.text, pass)
}
