package roles

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"usher/auth"
)

var allRights = []struct {
	name  string
	right Right
}{
	{"SeeSpace", SeeSpace},
	{"ListMembers", ListMembers},
	{"ManageMembers", ManageMembers},
	{"Invite", Invite},
	{"CreateRooms", CreateRooms},
	{"UpdateSpace", UpdateSpace},
	{"SeeRoom", SeeRoom},
	{"UpdateRoom", UpdateRoom},
	{"SetAccess", SetAccess},
	{"DeleteRoom", DeleteRoom},
	{"Grant", Grant},
	{"Moderate", Moderate},
	{"IssueLinks", IssueLinks},
	{"Report", Report},
	{"Speak", Speak},
	{"Announce", Announce},
}

// outcome is an error in one word.
func outcome(err error) string {
	if err == nil {
		return "yes"
	}
	if _, ok := errors.AsType[*BannedError](err); ok {
		return "banned"
	}
	if _, ok := errors.AsType[*auth.FieldError](err); ok {
		return "field"
	}
	if _, ok := errors.AsType[*DeniedError](err); ok {
		return "no"
	}
	for known, word := range map[error]string{
		ErrForbidden: "403", ErrNotFound: "404", ErrRank: "rank", auth.ErrWrongToken: "token", ErrUserNotFound: "whom?",
		ErrNotMember: "no member", ErrNoRole: "no role", ErrNotBanned: "no ban", ErrLastOwner: "last", ErrUserBanned: "409",
		ErrDefaultSpace: "stays", auth.ErrInvalidToken: "401", auth.ErrForbidden: "403", auth.ErrNotFound: "404",
	} {
		if errors.Is(err, known) {
			return word
		}
	}
	return err.Error()
}

// TestRights compares every right of every standing with testdata/rights.golden.
func TestRights(t *testing.T) {
	t.Parallel()
	require.Len(t, allRights, len(spaceRights)+len(roomRights))
	var out strings.Builder
	out.WriteString("# Rights: yes; 403 for who may know of the place, 404 for who may not; banned.\n")
	under(&out, rightsTable)
	golden(t, "rights.golden", out.String())
}

func rightsTable(condition func(*Standing)) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprint(w, "who\trole in the space\tin the room")
	for _, r := range allRights {
		_, _ = fmt.Fprint(w, "\t", r.name)
	}
	_, _ = fmt.Fprintln(w)
	for _, open := range []bool{false, true} {
		for _, who := range actors {
			rightsOf(w, who, open, condition)
		}
	}
	_ = w.Flush()
	return out.String()
}

// rightsOf are the rights of an actor in a private room of a private space, or in an open one of a public space.
func rightsOf(w *tabwriter.Writer, who actor, open bool, condition func(*Standing)) {
	access, door := Private, "private"
	if open {
		access, door = Open, "open"
	}
	for _, inSpace := range spaceRoles {
		for _, inRoom := range roomRoles {
			if who.self.Kind != auth.User && (inSpace != "" || inRoom != "") {
				continue
			}
			st := who.at(open, access)
			st.Member.Role, st.Tenure.Role = inSpace, inRoom
			condition(&st)
			_, _ = fmt.Fprintf(w, "%s, %s\t%s\t%s", who.name, door, plain(inSpace), plain(inRoom))
			for _, r := range allRights {
				_, _ = fmt.Fprint(w, "\t", outcome(st.May(r.right)))
			}
			_, _ = fmt.Fprintln(w)
		}
	}
}

// One gives up to one's own rank and changes only below it; an owner also makes and unmakes owners.
func TestRanks(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	out.WriteString("# Who may make what of whom. \"none\" as the new role: take the role away.\n\n")
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "by\tof\tnone\tmonitor\tuser\tmoderator\towner")
	for _, by := range roomRoles {
		for _, had := range roomRoles {
			_, _ = fmt.Fprintf(w, "%s\t%s", plain(by), plain(had))
			for _, role := range roomRoles {
				answer := "-"
				if mayGive(by.Rank(), had, role) {
					answer = "yes"
				}
				_, _ = fmt.Fprint(w, "\t", answer)
			}
			_, _ = fmt.Fprintln(w)
		}
	}
	require.NoError(t, w.Flush())
	golden(t, "ranks.golden", out.String())
}

// Ranks are the same in a space and in a room.
func TestRankOrder(t *testing.T) {
	t.Parallel()
	for want, roles := range [][]Role{
		{""}, {RoomMonitor}, {RoomUser, SpaceUser}, {RoomModerator, SpaceModerator}, {RoomOwner, SpaceOwner},
	} {
		for _, role := range roles {
			require.Equal(t, want, role.Rank(), role)
		}
	}
}
