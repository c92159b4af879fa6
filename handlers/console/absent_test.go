package console_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/handlers/console"
	"usher/internal/secret"
)

var aParameter = regexp.MustCompile(`:\w+`)

// whatThereIs is one of everything that a page is about, by the names of the parameters in the addresses.
func (w *world) whatThereIs() map[string]string {
	w.Helper()
	w.class()
	ann, ctx := w.reader("ann"), w.Context()
	w.id["room"] = ann.room("Physics", "marie")
	w.user("blocked", "Blocked here")
	require.NoError(w, w.spaces.Ban(ctx, w.office(), w.admin.Workspace, w.id["room"], w.id["blocked"], nil, ""))
	var err error
	w.id["key"], _, err = w.CreateAPIKey(ctx, w.admin, auth.NewAPIKey{Name: "Import", Scopes: []string{"users:read"}})
	require.NoError(w, err)
	w.id["client"], _, err = w.CreateClient(ctx, w.admin, auth.NewClient{Name: "Portal", Public: true})
	require.NoError(w, err)
	require.NoError(w, w.InviteStaff(ctx, w.admin, "new@school.test", auth.Support))
	waiting, err := w.ListStaffInvites(ctx, w.admin)
	require.NoError(w, err)
	w.id["summons"] = waiting[0].ID
	links, _, err := w.desk.ListLinks(ctx, w.office(), w.id["space"], w.id["lab"], auth.Page{Limit: 10})
	require.NoError(w, err)
	w.id["link"] = links[0].ID
	return map[string]string{
		":userId": w.id["marie"], ":roomId": w.id["lab"], ":spaceId": w.id["space"], ":keyId": w.id["key"], ":clientId": w.id["client"],
		":inviteId": w.id["invite"], ":linkId": w.id["link"],
		"/rooms/:roomId": "/rooms/" + w.id["room"], "/staff/invites/:inviteId": "/staff/invites/" + w.id["summons"],
		"/:userId/unblock": "/" + w.id["blocked"] + "/unblock",
	}
}

// office is the administrator, acting as one.
func (w *world) office() auth.Identity {
	who := w.admin
	who.Office = true
	return who
}

// Every page about something says that there is no such thing where there is none, and shows no form.
func TestWhatIsNotThere(t *testing.T) {
	onEach(t, func(w *world) {
		there, ann := w.whatThereIs(), w.reader("ann")
		pages := 0
		for _, path := range console.Paths() {
			filled := path
			for _, name := range []string{"/rooms/:roomId", "/staff/invites/:inviteId", "/:userId/unblock"} {
				if name != "/:userId/unblock" || strings.HasPrefix(path, "/rooms/") {
					filled = strings.Replace(filled, name, there[name], 1)
				}
			}
			filled = aParameter.ReplaceAllStringFunc(filled, func(name string) string { return there[name] })
			if filled == path {
				continue
			}
			ann.sees(200, filled)
			for i, part := range strings.Split(path, "/") {
				if !strings.HasPrefix(part, ":") {
					continue
				}
				for _, id := range []string{strings.Repeat("0", 24), w.admin.Workspace + "0", "nothing"} {
					parts := strings.Split(filled, "/")
					parts[i] = id
					at := strings.Join(parts, "/")
					page := ann.sees(404, at)
					require.Equal(w, 1, strings.Count(page, `method="post"`), "%s: but to sign out", at)
					require.Regexp(w, `There is no such (thing|user|room|space|API key|client|invitation|link)|Nobody of the kind is blocked here`, page, at)
					require.NotEqual(w, 303, ann.sends(at).status, at)
					pages++
				}
			}
		}
		require.Greater(w, pages, 90)
		require.Contains(w, ann.sees(404, "/keys/"+w.id["marie"]+"/revoke"), "There is no such API key")
		other, err := w.CreateWorkspace(w.Context(), auth.NewWorkspace{AdminEmail: "bea@other.test", AdminPassword: secret.New(pass)})
		require.NoError(w, err)
		ann.sees(404, "/clients/"+other.PublicClient+"/delete")

		require.Contains(w, ann.sees(200, w.fill("/keys/{key}/revoke")), "<h1>Revoke the API key Import?</h1>")
		require.Contains(w, ann.sees(200, w.fill("/clients/{client}/delete")), "<h1>Delete the client Portal?</h1>")
		require.Contains(w, ann.sees(200, w.fill("/staff/invites/{summons}/revoke")), "new@school.test")
		for _, gone := range []string{"/keys/{key}/revoke", "/clients/{client}/delete", "/staff/invites/{summons}/revoke"} {
			ann.does(w.fill(gone))
			ann.sees(404, w.fill(gone))
		}
		require.Equal(w, 200, w.reader("sue").asks("GET", "/console"+w.fill("/issued/{space}/invites/")+strings.Repeat("0", 24)+"/revoke", nil).status, "support finds no invite out")
	})
}
