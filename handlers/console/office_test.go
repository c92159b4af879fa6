package console_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

func TestAdministratorsAreInvited(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		require.Contains(w, ann.sees(200, "/staff"), "No invitation waits")
		invite := func(email, role, pw string) answer {
			return ann.sends("/staff/invite", "email", email, "role", role, "password", pw)
		}
		require.Equal(w, 403, invite("new@school.test", string(auth.Support), "x").status)
		require.Equal(w, 422, invite("new", string(auth.Support), pass).status)
		require.Equal(w, 303, invite("new@school.test", string(auth.Support), pass).status)
		page := ann.sees(200, "/staff")
		for _, part := range []string{"new@school.test", "ann@school.test", "sue@school.test", "Take back"} {
			require.Contains(w, page, part)
		}
		waiting, err := w.ListStaffInvites(w.Context(), w.admin)
		require.NoError(w, err)
		require.NotContains(w, w.reader("sue").sees(200, "/staff"), "Take back")
		require.Contains(w, ann.does("/staff/invites/"+waiting[0].ID+"/revoke"), "The invitation is taken back.")

		require.Contains(w, invite("marie@school.test", string(auth.Admin), pass).text, "has not shown it to be its own")
		to := "/staff/users/" + w.id["marie"]
		require.Equal(w, 403, ann.sends(to, "role", string(auth.Admin), "password", "x").status)
		require.Contains(w, ann.does(to, "role", string(auth.Admin), "password", pass), "marie@school.test")
		require.Contains(w, ann.sees(200, to), `value="role_workspace_admin" checked`)
		require.NotContains(w, ann.does(to, "role", "", "password", pass), "marie@school.test")
		got := ann.sends("/staff/users/"+w.id["ann"], "role", "", "password", pass)
		require.Equal(w, 409, got.status)
		require.Contains(w, got.text, "make another one first")
	})
}

// class is a private space of Marie's, with a room in which somebody is, an invite, and a link.
func (w *world) class() {
	w.Helper()
	marie, ctx := w.signedIn("marie@school.test"), w.Context()
	space, err := w.spaces.CreateSpace(ctx, marie, roles.SpaceDetails{Name: "Class 7", Description: "Physics & <b>chemistry</b>"})
	require.NoError(w, err)
	room, err := w.spaces.CreateRoom(ctx, marie, space, roles.NewRoom{Name: "Lab", Access: roles.Private})
	require.NoError(w, err)
	w.id["space"], w.id["lab"] = space, room.ID
	_, err = w.spaces.Join(ctx, marie, space, room.ID)
	require.NoError(w, err)
	in, err := w.desk.CreateInvite(ctx, marie, space, invites.NewInvite{Role: roles.SpaceUser, Email: "pupil@home.test"})
	require.NoError(w, err)
	w.id["invite"] = in.ID
	_, location, err := w.desk.GenerateAccess(ctx, marie, space, room.ID, invites.NewLink{Username: "Visitor <i>", Role: "user"})
	require.NoError(w, err)
	_, w.id["token"], _ = strings.Cut(location.Reveal(), "accessToken=")
}

// Whoever has a role in the workspace sees what is in it, without being let in anywhere; nobody sees what lets in.
func TestTheSpacesAndWhatWasIssued(t *testing.T) {
	onEach(t, func(w *world) {
		w.class()
		for _, name := range []string{"ann", "sue"} {
			r := w.reader(name)
			for path, parts := range map[string][]string{
				"/spaces":               {"Class 7", "Default", "Its members", "Every user of the workspace"},
				"/spaces/{space}":       {"Physics &amp; &lt;b&gt;", "Lab", "Specified users only", "Marie Curie", "Owner"},
				"/users/{marie}":        {`/console/spaces/{space}/{lab}">Lab</a>`},
				"/spaces/{space}/{lab}": {"There now", "Marie Curie", "Owner", "/room/"},
				"/issued":               {"Class 7"},
				"/issued/{space}":       {"pupil@home.test", "Pending", "0 of 1", "Marie Curie", "Lab"},
				"/issued/{space}/{lab}": {"Visitor &lt;i&gt;", "Live", "0 of 1"},
			} {
				page := r.sees(200, w.fill(path))
				for _, part := range parts {
					require.Contains(w, page, w.fill(part), path)
				}
				require.NotContains(w, page, w.id["token"])
				if name == "sue" {
					require.NotContains(w, page, w.id["invite"])
					require.NotContains(w, page, "revoke")
				}
			}
			r.sees(404, "/spaces/"+w.id["lab"])
			r.sees(404, w.fill("/issued/{space}/{space}"))
		}
		w.reader("marie").sees(403, w.fill("/spaces/{space}"))
	})
}

// An administrator takes back what others have issued, who is asked first; support doesn't.
func TestWhatWasIssuedIsTakenBack(t *testing.T) {
	onEach(t, func(w *world) {
		w.class()
		ann, sue := w.reader("ann"), w.reader("sue")
		links, _, err := w.desk.ListLinks(w.Context(), w.office(), w.id["space"], w.id["lab"], auth.Page{Limit: 10})
		require.NoError(w, err)
		w.id["link"] = links[0].ID
		for to, says := range map[string]string{
			"/issued/{space}/invites/{invite}/revoke":   "The invite is taken back.",
			"/issued/{space}/{lab}/links/{link}/revoke": "The link is revoked.",
		} {
			at := w.fill(to)
			require.Contains(w, ann.sees(200, at), `method="post"`)
			require.Equal(w, 403, sue.sends(at).status)
			page := ann.does(at)
			require.Contains(w, page, says)
			require.Contains(w, page, "<mark>Revoked</mark>")
			require.NotContains(w, page, "/revoke")
			require.Equal(w, 404, ann.sends(strings.Replace(at, w.id["space"], w.id["lab"], 1)).status)
			require.NotContains(w, sue.sees(200, at), "/revoke\"")
		}
		in, err := w.desk.PreviewInvite(w.Context(), w.id["space"], w.id["invite"])
		require.NoError(w, err)
		require.Equal(w, invites.Revoked, in.State)
	})
}
