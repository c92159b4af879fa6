package roles

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/audit"
)

var (
	spaceRoles = []Role{"", SpaceUser, SpaceModerator, SpaceOwner}
	roomRoles  = []Role{"", RoomMonitor, RoomUser, RoomModerator, RoomOwner}
	accesses   = []Access{Open, Public, Private}
	monday     = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
)

// An actor comes to a door without any role: those who are no users can have none.
type actor struct {
	name string
	self auth.Self
}

var actors = []actor{
	{"user", auth.Self{Identity: auth.Identity{Kind: auth.User, Workspace: "w"}}},
	{"guest", auth.Self{Identity: auth.Identity{Kind: auth.Guest, Workspace: "w", Room: "r"}, Role: "user"}},
	{"guest moderator", auth.Self{Identity: auth.Identity{Kind: auth.Guest, Workspace: "w", Room: "r"}, Role: "moderator"}},
	{"guest of another room", auth.Self{Identity: auth.Identity{Kind: auth.Guest, Workspace: "w", Room: "x"}, Role: "moderator"}},
	{"client", auth.Self{Identity: auth.Identity{Kind: auth.Client, Workspace: "w"}}},
	{"nobody", auth.Self{}},
}

func (a actor) at(public bool, access Access) Standing {
	return Standing{
		Self: a.self, Now: monday, Space: Space{ID: "s", Workspace: "w", SpaceDetails: SpaceDetails{Public: public}},
		Room: Room{ID: "r", Space: "s", Workspace: "w", Access: access},
	}
}

// conditions are what decides before any role does.
var conditions = []struct {
	name  string
	apply func(*Standing)
}{
	{"not banned, not closed", func(*Standing) {}},
	{"banned in the room", func(st *Standing) { st.RoomBan.Ends = monday.Add(time.Hour) }},
	{"banned in the space", func(st *Standing) { st.SpaceBan.Ends = monday.Add(time.Hour) }},
	{"banned in both", func(st *Standing) { st.RoomBan.Ends, st.SpaceBan.Ends = forever, monday.Add(time.Hour) }},
	{"bans that have just ended", func(st *Standing) { st.RoomBan.Ends, st.SpaceBan.Ends = monday, monday }},
	{"closed", func(st *Standing) { st.Room.Closed = monday }},
	{"closed, and banned in both", func(st *Standing) { st.Room.Closed, st.RoomBan.Ends, st.SpaceBan.Ends = monday, forever, forever }},
}

// TestEnter compares the whole of the entering decision with testdata/enter.golden.
func TestEnter(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	out.WriteString("# Who enters a room, in which role (+), or why not (-). The columns are one's role in the room.\n")
	under(&out, doorTable)
	golden(t, "enter.golden", out.String())
}

// under writes a table for every condition, but none twice.
func under(out *strings.Builder, table func(condition func(*Standing)) string) {
	normal := table(conditions[0].apply)
	for i, condition := range conditions {
		text := table(condition.apply)
		if i > 0 && text == normal {
			text = "as at first\n"
		}
		_, _ = fmt.Fprintf(out, "\n## %s\n\n%s", condition.name, text)
	}
}

// doorTable is the decisions under one condition; where they are all one, that one.
func doorTable(condition func(*Standing)) string {
	var out strings.Builder
	answers := map[string]bool{}
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "who\tspace\trole in it\troom\tno role\tmonitor\tuser\tmoderator\towner")
	for _, who := range actors {
		for _, public := range []bool{true, false} {
			for _, inSpace := range spaceRoles {
				for _, access := range accesses {
					if who.self.Kind != auth.User && inSpace != "" {
						continue
					}
					row := decisions(who, public, inSpace, access, condition, answers)
					_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", who.name, visibility(public), plain(inSpace), access, strings.Join(row, "\t"))
				}
			}
		}
	}
	_ = w.Flush()
	if len(answers) == 1 {
		for only := range answers {
			return "everyone, everywhere: " + only + "\n"
		}
	}
	return out.String()
}

func decisions(who actor, public bool, inSpace Role, access Access, condition func(*Standing), answers map[string]bool) []string {
	var row []string
	for _, inRoom := range roomRoles {
		if who.self.Kind != auth.User && inRoom != "" {
			continue
		}
		st := who.at(public, access)
		st.Member.Role, st.Tenure.Role = inSpace, inRoom
		condition(&st)
		d := st.Enter()
		answer := "-" + string(d.Code())
		if d.Allowed {
			answer = "+" + plain(d.Role) + " " + string(d.Code())
		}
		answers[answer] = true
		row = append(row, answer)
	}
	return row
}

func visibility(public bool) string {
	if public {
		return "public"
	}
	return "private"
}

// plain is a role in one word.
func plain(r Role) string {
	if r == "" {
		return "none"
	}
	return string(r)[strings.LastIndex(string(r), "_")+1:]
}

// The reasons are the steps in their order, each with what it rests on.
func TestReasons(t *testing.T) {
	t.Parallel()
	user := actors[0]
	rows := []struct {
		name string
		st   func() Standing
		want []Reason
	}{
		{"by roles", func() Standing {
			st := user.at(false, Private)
			st.Member.Role, st.Tenure.Role = SpaceUser, RoomMonitor
			return st
		}, []Reason{{Code: CodeSpaceRole, Role: SpaceUser}, {Code: CodeRoomRole, Role: RoomMonitor}}},
		{"by open doors", func() Standing { return user.at(true, Open) }, []Reason{{Code: CodeSpacePublic}, {Code: CodeRoomOpen}}},
		{"the space's owner before a private room", func() Standing {
			st := user.at(false, Private)
			st.Member.Role = SpaceOwner
			return st
		}, []Reason{{Code: CodeSpaceRole, Role: SpaceOwner}, {Code: CodeNotInRoom}}},
		{"a role in the room of a space that does not let in", func() Standing {
			st := user.at(false, Open)
			st.Tenure.Role = RoomOwner
			return st
		}, []Reason{{Code: CodeNotInSpace}}},
		{"a ban says until when", func() Standing {
			st := user.at(true, Open)
			st.SpaceBan.Ends = monday.Add(time.Hour)
			return st
		}, []Reason{{Code: CodeBannedInSpace, Until: monday.Add(time.Hour)}}},
		{"a ban forever has no end", func() Standing {
			st := user.at(true, Open)
			st.RoomBan.Ends = forever
			return st
		}, []Reason{{Code: CodeBannedInRoom}}},
		{"a seat", func() Standing { return actors[2].at(false, Private) }, []Reason{{Code: CodeSeat, Role: RoomModerator}}},
	}
	for _, row := range rows {
		require.Equal(t, row.want, row.st().Enter().Reasons, row.name)
	}
}

// In a lesson all publish, in a webinar the moderators; a monitor nowhere.
func TestMayPublish(t *testing.T) {
	t.Parallel()
	for role, want := range map[Role]string{
		RoomOwner: "lesson webinar", RoomModerator: "lesson webinar", RoomUser: "lesson", RoomMonitor: "",
	} {
		var in []string
		for _, kind := range []Type{Lesson, Webinar} {
			if (Room{RoomDetails: RoomDetails{Type: kind}}).mayPublish(role) {
				in = append(in, string(kind))
			}
		}
		require.Equal(t, want, strings.Join(in, " "), role)
	}
}

// The log says what decided, and not what spoke for whoever was kept out: the way a member who has no role in a private
// room is told.
func TestTheLogSaysWhyNobodyGotIn(t *testing.T) {
	onEach(t, func(w *world) {
		p := w.place(true, Private)
		w.join(p.space, "pupil", SpaceUser)
		_, err := w.Join(w.Context(), w.as("pupil"), p.space, p.room)
		var denied *DeniedError
		require.ErrorAs(w, err, &denied)
		require.Len(w, denied.Decision.Reasons, 2)
		events, _, err := w.auth.ListEvents(w.Context(), w.people["admin"], audit.Filter{Type: audit.EntryRefused}, first)
		require.NoError(w, err)
		require.Len(w, events, 1)
		require.Equal(w, string(CodeNotInRoom), events[0].Reason)
	})
}
