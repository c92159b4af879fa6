package console

import (
	"cmp"
	"strings"

	"usher/auth"
	"usher/internal/audit"
	"usher/roles"
)

func (s *Console) auditRoutes() []route {
	return []route{{path: "/audit", tab: "Audit", shows: s.audit}}
}

// audit is what has happened in the workspace, the newest first.
func (s *Console) audit(v *visit) (page, error) {
	chosen := audit.Type(v.query("type"))
	t := table{
		ID: "events", Newest: true, Empty: "Nothing of the kind has happened.",
		Columns: []string{"When", "What", "By", "To", "Where", "Detail", "From"},
		Search:  &search{To: v.here(), Name: "type", Label: "What has happened", Options: eventTypes(chosen)},
	}
	list := func(p auth.Page) ([]audit.Event, string, error) {
		return s.Authority.ListEvents(v, v.Who(), audit.Filter{Type: chosen}, p)
	}
	return page{Title: "Audit", Parts: []part{listed(v, t, list, v.eventRow)}}, nil
}

func eventTypes(chosen audit.Type) []option {
	options := []option{{Text: "Everything"}}
	for _, it := range audit.Types {
		options = append(options, option{Value: string(it.Type), Text: inWords(string(it.Type)), Chosen: it.Type == chosen})
	}
	return options
}

// inWords is a stable word as people read it.
func inWords(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + strings.ReplaceAll(word[1:], "_", " ")
}

// detail is what more there is to say of an event.
func detail(e audit.Event) string {
	reason := inWords(e.Reason)
	if e.Role == "" {
		return reason
	}
	place, staff := roles.Role(e.Role), auth.WorkspaceRole(e.Role)
	role := cmp.Or(spaceRoles[place], roleNames[place], staffRoles[staff], inWords(e.Role))
	return strings.TrimSuffix(role+". "+reason, ". ")
}

func (v *visit) eventRow(e audit.Event) []cell {
	by := cell{Text: strings.TrimSpace(e.ActorKind + " " + e.Actor)}
	if e.ActorKind == string(auth.User) {
		by = cell{Text: e.Actor, To: v.base + "/users/" + e.Actor}
	}
	where := e.Space
	if e.Room != "" {
		where = e.Room
	}
	return []cell{
		{At: e.At}, {Text: inWords(string(e.Type))}, by, {Text: e.Subject}, {Text: where}, {Text: detail(e)}, {Text: e.Address},
	}
}
