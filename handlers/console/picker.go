package console

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"usher/auth"
	"usher/roles"
)

// How many are found at once, and among how many searched for in so many reads; and how many may be chosen.
const (
	mostFound  = 20
	perRead    = 50
	mostReads  = 20
	mostChosen = 500
)

// A picker chooses users by searching for them, in a form that keeps those who were chosen. It works without a script: the
// search is a button of the form.
type picker struct {
	Text          string
	Chosen, Found []option
	More          bool   // others are called so, too
	New           string // where a user is created who is not found
	Wrong         string
}

// seeks reports whether a form with a picker is there to search: by its button, or by Enter, which without a script says no
// more than that, where there is a text that was not searched for yet.
func seeks(sent url.Values) bool {
	return sent.Get("do") == "search" || sent.Get("do") == "enter" && strings.TrimSpace(sent.Get("q")) != sent.Get("searched")
}

// A member is a user, and what he becomes where nobody says what.
type member struct {
	auth.Account
	role roles.Role
	in   roles.Standing // before the room, if there is one already
}

func (m member) option(chosen bool) option {
	return option{Value: m.ID, Text: called(m.Account), Hint: m.ExternalID, Chosen: chosen}
}

// picks is the picker of the form that was sent, or a fresh one; the room is empty where there is none yet. Who was chosen
// and is gone is left out.
func (s *Console) picks(v *visit, room string) (*picker, error) {
	p := &picker{Text: strings.TrimSpace(v.typed.Get("q")), New: v.base + "/users/new"}
	ids := chosenIn(v.typed)
	chosen, err := s.membersBy(v, room, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range chosen {
		p.Chosen = append(p.Chosen, m.option(true))
	}
	p.Found, p.More, err = s.finds(v, room, p.Text, ids)
	return p, err
}

// finds are the first who are called so and may be chosen: who has a role in the room already is changed by himself.
func (s *Console) finds(v *visit, room, text string, chosen []string) (found []option, more bool, err error) {
	page := auth.Page{Limit: perRead}
	for range mostReads {
		users, next, err := s.Authority.SearchUsers(v, v.Who(), text, page)
		if err != nil {
			return nil, false, err
		}
		all, err := s.members(v, room, users)
		if err != nil {
			return nil, false, err
		}
		for _, m := range all {
			if !m.Blocked && m.in.Tenure.Role == "" && !slices.Contains(chosen, m.ID) {
				found = append(found, m.option(false))
			}
		}
		page.After, more = next, next != "" || len(found) > mostFound
		if next == "" || len(found) >= mostFound {
			break
		}
	}
	return found[:min(len(found), mostFound)], more, nil
}

// members are users as they stand before a room.
func (s *Console) members(v *visit, room string, users []auth.Account) ([]member, error) {
	members, ids := make([]member, len(users)), make([]string, len(users))
	for i, u := range users {
		members[i], ids[i] = member{Account: u, role: roles.RoomUser}, u.ID
		if u.ExternalID != "" {
			members[i].role = roles.OfMemberType(u.MemberType)
		}
	}
	if room == "" {
		return members, nil
	}
	st, _, err := s.Spaces.InRoom(v, v.office(), v.space(), room)
	if err != nil {
		return nil, err
	}
	standings, err := s.Spaces.OfEach(v, st, ids)
	for i, in := range standings {
		members[i].in = in
	}
	return members, err
}

func (s *Console) membersBy(v *visit, room string, ids []string) ([]member, error) {
	users, err := s.Authority.GetUsers(v, v.Who(), ids)
	if err != nil {
		return nil, err
	}
	return s.members(v, room, users)
}

func chosenIn(sent url.Values) []string { return distinct(sent["member"]) }

// chosen are the users whom a form names, all of whom are there.
func (s *Console) chosen(v *visit, room string, sent url.Values) ([]member, error) {
	ids := chosenIn(sent)
	if len(ids) > mostChosen {
		return nil, wrongMember("more than %d at once", mostChosen)
	}
	members, err := s.membersBy(v, room, ids)
	if gone := len(ids) - len(members); err == nil && gone > 0 {
		err = wrongMember("of those whom you chose, %d %s not there any more", gone, map[bool]string{true: "is", false: "are"}[gone == 1])
	}
	return members, err
}

func wrongMember(reason string, of ...any) error {
	return &auth.FieldError{Field: "member", Reason: fmt.Sprintf(reason, of...)}
}

// refusal names those users who do not get a role with the others; where it is empty each is to have his own.
func refusal(users []member, role roles.Role) error {
	var banned, others []string
	for _, m := range users {
		switch had := m.in.Tenure.Role; {
		case m.in.Banned():
			banned = append(banned, called(m.Account))
		case had != "" && had != cmp.Or(role, m.role):
			others = append(others, called(m.Account))
		}
	}
	switch {
	case len(banned) > 0:
		return wrongMember("nobody was added, because these are blocked here: %s", strings.Join(banned, ", "))
	case len(others) > 0:
		return wrongMember("nobody was added, because these have another permission here already: %s", strings.Join(others, ", "))
	}
	return nil
}
