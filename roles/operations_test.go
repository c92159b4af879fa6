package roles

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// dry reads a store and writes nothing: what an operation would be allowed to do can be asked many times.
type dry struct{ store.Store }

func (dry) Apply(_ context.Context, tx store.Tx) (store.Result, error) {
	return store.Result{Read: make([]store.Record, len(tx.Read))}, nil
}

// A try is a caller and what he does it to.
type try struct {
	*world
	place
	who auth.Identity
}

// operations are tried by everyone. Their targets: "pupil" is a user of the space and of the room, "friend" of neither;
// "culprit" is banned from both.
var operations = []struct {
	name string
	do   func(ctx context.Context, t try) error
}{
	{"createSpace", func(ctx context.Context, t try) error {
		_, err := t.CreateSpace(ctx, t.who, SpaceDetails{Name: "n"})
		return err
	}},
	{"listSpaces", func(ctx context.Context, t try) error { _, _, err := t.ListSpaces(ctx, t.who, first); return err }},
	{"findUser", func(ctx context.Context, t try) error {
		_, err := t.FindUser(ctx, t.who, "", "friend")
		return err
	}},
	{"getSpace", func(ctx context.Context, t try) error { _, err := t.GetSpace(ctx, t.who, t.space); return err }},
	{"updateSpace", func(ctx context.Context, t try) error {
		_, err := t.UpdateSpace(ctx, t.who, t.space, SpaceUpdate{Name: "n"})
		return err
	}},
	{"deleteSpace", func(ctx context.Context, t try) error { return t.DeleteSpace(ctx, t.who, t.space) }},
	{"listMembers", func(ctx context.Context, t try) error {
		_, _, err := t.ListMembers(ctx, t.who, t.space, first)
		return err
	}},
	{"setSpaceRole: pupil to moderator", func(ctx context.Context, t try) error {
		return t.SetSpaceRole(ctx, t.who, t.space, t.id("pupil"), SpaceModerator, false)
	}},
	{"setSpaceRole: pupil to owner", func(ctx context.Context, t try) error {
		return t.SetSpaceRole(ctx, t.who, t.space, t.id("pupil"), SpaceOwner, false)
	}},
	{"setSpaceRole: oneself to owner", func(ctx context.Context, t try) error {
		return t.SetSpaceRole(ctx, t.who, t.space, t.who.ID, SpaceOwner, false)
	}},
	{"removeMember: pupil", func(ctx context.Context, t try) error {
		return t.RemoveMember(ctx, t.who, t.space, t.id("pupil"), false)
	}},
	{"removeMember: host", func(ctx context.Context, t try) error {
		return t.RemoveMember(ctx, t.who, t.space, t.id("host"), false)
	}},
	{"removeMember: oneself", func(ctx context.Context, t try) error {
		return t.RemoveMember(ctx, t.who, t.space, t.who.ID, false)
	}},
	{"spaceBan: friend", func(ctx context.Context, t try) error {
		return t.SpaceBan(ctx, t.who, t.space, t.id("friend"), nil, "")
	}},
	{"spaceBan: host", func(ctx context.Context, t try) error {
		return t.SpaceBan(ctx, t.who, t.space, t.id("host"), nil, "")
	}},
	{"spaceUnban: culprit", func(ctx context.Context, t try) error {
		return t.SpaceUnban(ctx, t.who, t.space, t.id("culprit"))
	}},
	{"createRoom", func(ctx context.Context, t try) error {
		_, err := t.CreateRoom(ctx, t.who, t.space, NewRoom{Name: "n"})
		return err
	}},
	{"listRooms", func(ctx context.Context, t try) error {
		rooms, _, err := t.ListRooms(ctx, t.who, t.space, first)
		if err == nil && len(rooms) == 0 {
			return fmt.Errorf("empty")
		}
		return err
	}},
	{"getRoom", func(ctx context.Context, t try) error { _, err := t.GetRoom(ctx, t.who, t.space, t.room); return err }},
	{"getRoomByAlias", func(ctx context.Context, t try) error {
		_, err := t.GetRoomByAlias(ctx, t.who, t.alias)
		return err
	}},
	{"updateRoom", func(ctx context.Context, t try) error {
		_, err := t.UpdateRoom(ctx, t.who, t.space, t.room, NewRoom{Name: "n"})
		return err
	}},
	{"updateRoom: access", func(ctx context.Context, t try) error {
		_, err := t.UpdateRoom(ctx, t.who, t.space, t.room, NewRoom{Name: "n", Access: Public})
		return err
	}},
	{"closeRoom", func(ctx context.Context, t try) error { return t.CloseRoom(ctx, t.who, t.space, t.room) }},
	{"deleteRoom", func(ctx context.Context, t try) error { return t.DeleteRoom(ctx, t.who, t.space, t.room) }},
	{"grantRole: user to friend", func(ctx context.Context, t try) error { return t.gives(ctx, "friend", RoomUser) }},
	{"grantRole: owner to friend", func(ctx context.Context, t try) error { return t.gives(ctx, "friend", RoomOwner) }},
	{"grantRole: monitor to the host", func(ctx context.Context, t try) error { return t.gives(ctx, "host", RoomMonitor) }},
	{"grantRole: user to culprit", func(ctx context.Context, t try) error { return t.gives(ctx, "culprit", RoomUser) }},
	{"grantRole: owner to oneself", func(ctx context.Context, t try) error {
		return t.GrantRole(ctx, t.who, t.space, t.room, t.who.ID, RoomOwner, false)
	}},
	{"grantRole: monitor to oneself", func(ctx context.Context, t try) error {
		return t.GrantRole(ctx, t.who, t.space, t.room, t.who.ID, RoomMonitor, false)
	}},
	{"revokeRole: pupil's", func(ctx context.Context, t try) error {
		return t.RevokeRole(ctx, t.who, t.space, t.room, t.id("pupil"), false)
	}},
	{"revokeRole: the host's", func(ctx context.Context, t try) error {
		return t.RevokeRole(ctx, t.who, t.space, t.room, t.id("host"), false)
	}},
	{"revokeRole: one's own", func(ctx context.Context, t try) error {
		return t.RevokeRole(ctx, t.who, t.space, t.room, t.who.ID, false)
	}},
	{"listRoomRoles", func(ctx context.Context, t try) error {
		_, _, err := t.ListRoomRoles(ctx, t.who, t.space, t.room, first)
		return err
	}},
	{"kick: pupil", func(ctx context.Context, t try) error { return t.Kick(ctx, t.who, t.space, t.room, t.id("pupil")) }},
	{"kick: a moderator's seat", func(ctx context.Context, t try) error {
		return t.Kick(ctx, t.who, t.space, t.room, t.people["guest moderator"].ID)
	}},
	{"ban: pupil", func(ctx context.Context, t try) error {
		return t.Ban(ctx, t.who, t.space, t.room, t.id("pupil"), nil, "")
	}},
	{"ban: host", func(ctx context.Context, t try) error {
		return t.Ban(ctx, t.who, t.space, t.room, t.id("host"), nil, "")
	}},
	{"unban: culprit", func(ctx context.Context, t try) error {
		return t.Unban(ctx, t.who, t.space, t.room, t.id("culprit"))
	}},
	{"listBans", func(ctx context.Context, t try) error {
		_, _, err := t.ListBans(ctx, t.who, t.space, t.room, first)
		return err
	}},
	{"verifyRequest", func(ctx context.Context, t try) error { _, err := t.Verify(ctx, t.who, ""); return err }},
	{"verifyRequest: the room", func(ctx context.Context, t try) error {
		_, err := t.Verify(ctx, t.who, t.space+"."+t.room)
		return err
	}},
	{"joinRoom", func(ctx context.Context, t try) error { _, err := t.Join(ctx, t.who, t.space, t.room); return err }},
	{"leaveRoom", func(ctx context.Context, t try) error { return t.Leave(ctx, t.who, t.space, t.room) }},
	{"listRoomSessions", func(ctx context.Context, t try) error {
		_, _, err := t.ListStays(ctx, t.who, t.space, t.room, StayFilter{}, first)
		return err
	}},
	{"reportPresence", func(ctx context.Context, t try) error {
		_, err := t.Report(ctx, t.who, t.space, t.room, t.room, true)
		return err
	}},
	{"explainAccess: oneself", func(ctx context.Context, t try) error {
		_, err := t.Explain(ctx, t.who, t.space, t.room, "")
		return err
	}},
	{"explainAccess: friend", func(ctx context.Context, t try) error {
		_, err := t.Explain(ctx, t.who, t.space, t.room, t.id("friend"))
		return err
	}},
	{"deleteUser: friend", func(ctx context.Context, t try) error { return t.DeleteUser(ctx, t.who, t.id("friend")) }},
}

func (t try) gives(ctx context.Context, to string, role Role) error {
	return t.GrantRole(ctx, t.who, t.space, t.room, t.id(to), role, false)
}

// tried is who tries them, in the order of the columns.
var tried = []string{
	"owner", "moderator", "member", "stranger", "host", "room moderator", "pupil", "monitor", "culprit", "expelled",
	"guest moderator", "external", "external owner", "client", "api key", "nobody", "admin", "foreigner",
}

// TestOperations compares every operation of everyone, in real places, with testdata/operations.golden.
func TestOperations(t *testing.T) {
	t.Parallel()
	storetest.Engines(t, func(t *testing.T, s store.Store) {
		t.Parallel()
		w := newWorld(t, s)
		w.external("external", auth.GuestMember)
		w.external("external owner", auth.HostMember)
		w.people["nobody"], w.people["client"], w.people["foreigner"] = auth.Identity{}, w.client(), w.foreigner()
		w.people["api key"] = w.key("rooms:write")
		var out strings.Builder
		out.WriteString("# What everyone may do. Owner, moderator and member are the space's; the host owns the room.\n" +
			"# The expelled one was a moderator of the room, and was then removed from the space. The externals came by access\n" +
			"# tokens of an integrator's; one of them owns the space and the room, too.\n")
		private := w.outcomes(w.peopled(false, Private))
		fmt.Fprintf(&out, "\n## a private room in a private space\n\n%s", strings.Join(private, ""))
		closed := w.peopled(false, Private)
		require.NoError(t, w.CloseRoom(t.Context(), w.as("host"), closed.space, closed.room))
		out.WriteString("\n## the same, closed, as far as that differs\n\n")
		for i, row := range w.outcomes(closed) {
			if i == 0 || row != private[i] {
				out.WriteString(row)
			}
		}
		fmt.Fprintf(&out, "\n## an open room in a public space\n\n%s", strings.Join(w.outcomes(w.peopled(true, Open)), ""))
		fmt.Fprintf(&out, "\n## a private room in the default space, that another API key has made\n\n%s", strings.Join(w.outcomes(w.atHome()), ""))
		golden(t, "operations.golden", out.String())
	})
}

// atHome is a room in the default space with those in it who can be there.
func (w *world) atHome() place {
	w.Helper()
	key, ctx := w.key("rooms:write"), w.Context()
	room, err := w.CreateRoom(ctx, key, key.Workspace, NewRoom{Name: "Algebra"})
	require.NoError(w, err)
	p := place{key.Workspace, room.ID, room.Alias}
	for name, role := range map[string]Role{
		"host": RoomOwner, "room moderator": RoomModerator, "pupil": RoomUser, "monitor": RoomMonitor, "culprit": RoomModerator,
	} {
		require.NoError(w, w.GrantRole(ctx, key, p.space, p.room, w.id(name), role, false))
	}
	w.people["guest moderator"] = w.seat(p, "moderator")
	require.NoError(w, w.Ban(ctx, key, p.space, p.room, w.id("culprit"), nil, ""))
	return p
}

// peopled is a place with everyone in it.
func (w *world) peopled(public bool, access Access) place {
	w.Helper()
	p, ctx := w.place(public, access), w.Context()
	w.join(p.space, "moderator", SpaceModerator)
	for _, name := range []string{"member", "room moderator", "pupil", "monitor", "culprit", "expelled"} {
		w.join(p.space, name, SpaceUser)
	}
	w.grant(p, "room moderator", RoomModerator)
	w.grant(p, "pupil", RoomUser)
	w.grant(p, "monitor", RoomMonitor)
	w.grant(p, "culprit", RoomModerator)
	w.grant(p, "expelled", RoomModerator)
	w.people["guest moderator"] = w.seat(p, "moderator")
	w.appointed(p, "external owner", SpaceOwner, RoomOwner)
	require.NoError(w, w.Ban(ctx, w.as("host"), p.space, p.room, w.id("culprit"), nil, ""))
	require.NoError(w, w.SpaceBan(ctx, w.as("owner"), p.space, w.id("culprit"), nil, ""))
	require.NoError(w, w.RemoveMember(ctx, w.as("owner"), p.space, w.id("expelled"), false))
	return p
}

// outcomes is the table of what everyone may do in a place, as lines.
func (w *world) outcomes(p place) []string {
	w.Helper()
	for _, name := range []string{"friend", "stranger"} {
		w.as(name)
	}
	careful := w.on(func(s store.Store) store.Store { return dry{s} })
	rows := []string{fmt.Sprintf("%-34s%s\n", "", strings.Join(tried, "  "))}
	for _, op := range operations {
		row := fmt.Sprintf("%-34s", op.name)
		for _, name := range tried {
			row += fmt.Sprintf("%-*s", len(name)+2, outcome(op.do(w.Context(), try{careful, p, w.people[name]})))
		}
		rows = append(rows, strings.TrimRight(row, " ")+"\n")
	}
	return rows
}
