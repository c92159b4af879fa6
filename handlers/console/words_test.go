package console_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/roles"
)

// A room is called the same wherever the console shows it, by its type and by its state.
func TestTheTypeOfARoom(t *testing.T) {
	onEach(t, func(w *world) {
		ann := w.reader("ann")
		for access, called := range map[roles.Access]string{
			roles.Private: "Specified users only", roles.Public: "Public", roles.Open: "Open to anyone",
		} {
			room := ann.room("Physics")
			ann.does("/rooms/"+room+"/edit", "name", "Physics", "access", string(access))
			for _, path := range []string{"/rooms/" + room, "/rooms/" + room + "/edit", "/rooms", "/spaces/" + w.admin.Workspace, "/spaces/" + w.admin.Workspace + "/" + room} {
				require.Contains(w, ann.sees(200, path), called, path)
			}
			require.Contains(w, ann.sees(200, "/rooms/"+room), "<dt>Type</dt><dd>"+called+"</dd>")
			require.Contains(w, ann.sees(200, "/spaces/"+w.admin.Workspace+"/"+room), "<dt>Type</dt><dd>"+called+"</dd>")
		}
	})
}
