package console

import (
	"cmp"
	"slices"
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
	var known map[string]cell
	list := func(p auth.Page) ([]audit.Event, string, error) {
		events, next, err := s.Authority.ListEvents(v, v.Who(), audit.Filter{Type: chosen}, p)
		if err == nil {
			known, err = s.knownIn(v, events)
		}
		return events, next, err
	}
	return page{Title: "Audit", Parts: []part{listed(v, t, list, func(e audit.Event) []cell { return eventRow(e, known) })}}, nil
}

// knownIn is what events are about and is there still, by its id: what it is called, and where its page is.
func (s *Console) knownIn(v *visit, events []audit.Event) (map[string]cell, error) {
	var people, places []string
	for _, e := range events {
		people, places = append(people, e.Actor, e.Subject), append(places, e.Space, e.Room)
	}
	known, err := s.whoIs(v, distinct(people))
	if err != nil {
		return nil, err
	}
	names, err := s.Spaces.NamesOf(v, v.Who(), distinct(places))
	for _, e := range events {
		if name := names[e.Space]; name != "" {
			known[e.Space] = cell{Text: name, To: v.base + "/spaces/" + e.Space}
		}
		if name := names[e.Room]; name != "" && names[e.Space] != "" {
			known[e.Room] = cell{Text: name, To: v.roomsBelow(e.Space) + e.Room}
		}
	}
	return known, err
}

// whoIs are users, API keys and clients, of which the last two have a page in common.
func (s *Console) whoIs(v *visit, ids []string) (map[string]cell, error) {
	users, err := s.Authority.GetUsers(v, v.Who(), ids)
	if err != nil {
		return nil, err
	}
	keys, _, err := s.Authority.ListAPIKeys(v, v.Who(), auth.Page{Limit: mostPrograms})
	if err != nil {
		return nil, err
	}
	clients, _, err := s.Authority.ListClients(v, v.Who(), auth.Page{Limit: mostPrograms})
	known := map[string]cell{}
	for _, u := range users {
		known[u.ID] = cell{Text: called(u), To: v.base + "/users/" + u.ID}
	}
	for _, k := range keys {
		known[k.ID] = cell{Text: "API key " + k.Name, To: v.toKeys().To}
	}
	for _, c := range clients {
		known[c.ID] = cell{Text: "Client " + cmp.Or(c.Name, c.ID), To: v.toKeys().To}
	}
	return known, err
}

// mostPrograms are called by their names: of more than these, the ids have to do.
const mostPrograms = 100

func distinct(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }

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

func eventRow(e audit.Event, known map[string]cell) []cell {
	is := func(id, or string) cell {
		if it, ok := known[id]; ok {
			return it
		}
		return cell{Text: or}
	}
	return []cell{
		{At: e.At},
		{Text: inWords(string(e.Type))},
		is(e.Actor, strings.TrimSpace(e.ActorKind+" "+e.Actor)),
		is(e.Subject, e.Subject),
		is(cmp.Or(e.Room, e.Space), cmp.Or(e.Room, e.Space)),
		{Text: detail(e)},
		{Text: e.Address},
	}
}
