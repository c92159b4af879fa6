package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// A roomView is what the page shows.
type roomView struct {
	Here, Room string // its address; the room's name, where one may know it
	Name       string // of whom the page is about: by his link, on his seat, or signed in
	Role       string
	Ends       time.Time
	Left       time.Duration
	Self       string // who is signed in
	In         bool   // he has a seat, or has entered as himself
	Guest      bool   // on a seat, or as a member, which he can leave
	Member     bool   // the link is a user's own
	Link       bool   // there is a link, good or not
	May        bool   // the link, or the room's open door, takes him
	SelfMay    bool   // and the room takes who is signed in
	Asks       bool   // for a name
	AsksPIN    bool
	Problem    string
	Reason     string // of the entering decision
	Until      time.Time
	LeadsOn    bool // there is a front end of the rooms
	front      auth.RoomPage
	workspace  string
	Typed      string // the name that was not taken
	SignIn     string // where he may sign in who was not sent there at once

	// The role of his seat he may keep with an account: his own, or one that he signs in to or makes.
	Keeps         bool
	Account, Seat string // whose and which the form is about
	For           string // whom the other forms are about: what stands behind his link, or his seat
	Elsewhere     bool   // he is signed in, but not where this room is
	signUpForm
}

// stand finds out what there is to do for who has come, and where he would be led.
func (p roomPage) stand(v *visit, asSelf bool) (view roomView, err error) {
	err = p.find(v, &view, asSelf)
	if view.workspace == "" {
		return view, err
	}
	var away error
	view.front, away = p.Authority.RoomPageOf(v, view.workspace)
	view.LeadsOn = view.front != ""
	return view, cmp.Or(err, away)
}

func (p roomPage) find(v *visit, view *roomView, asSelf bool) error {
	decided, err := p.self(v, view)
	if err != nil {
		return err
	}
	switch {
	case asSelf && view.SelfMay:
		view.In, view.Name = true, view.Self
		return nil
	case !v.link.Empty():
		return p.byLink(v, view)
	case !v.member.Empty():
		return p.byMember(v, view)
	case v.guest.Kind == auth.Guest:
		err = p.onSeat(v, view)
		if !errors.Is(err, auth.ErrInvalidToken) {
			return err
		}
	case v.guest.Kind == auth.Member:
		err = p.onMembership(v, view)
		if !errors.Is(err, auth.ErrInvalidToken) {
			return err
		}
	}
	if v.user.Kind == auth.User {
		view.Name = view.Self
		return decided
	}
	return p.byDoor(v, view)
}

// self is what the room says to who is signed in, whatever link he has. What it refuses is no error yet.
func (p roomPage) self(v *visit, view *roomView) (decided, err error) {
	if v.user.Kind != auth.User {
		return nil, nil
	}
	st, decision, err := p.Spaces.Approach(v, v.user, v.alias)
	switch {
	case errors.Is(err, auth.ErrInvalidToken):
		v.user = auth.Identity{}
		return nil, nil
	case errors.Is(err, roles.ErrNotFound):
		return err, nil
	case err != nil:
		return nil, err
	}
	view.Self, view.Account = st.Name, v.user.ID
	if !decision.Allowed {
		return &roles.DeniedError{Decision: decision}, nil
	}
	view.workspace = st.Room.Workspace
	view.SelfMay, view.Room, view.Role = true, st.Room.Name, string(decision.Role)
	return nil, nil
}

// byLink is what the link that was opened last is good for in this browser.
func (p roomPage) byLink(v *visit, view *roomView) error {
	view.Link = true
	out, err := p.limits.count(v.call, p.preview, func(*call) (any, error) { return p.behind(v) })
	if err != nil {
		return err
	}
	found := out.(invites.Preview)
	view.workspace = found.Room.Workspace
	view.Room, view.Name, view.Role = found.Room.Name, found.Link.Username, string(roles.GuestRole(found.Link.Role))
	p.ends(view, found.Link.Ends)
	if v.guest.Link == found.Link.ID {
		if _, _, err := p.sits(v, view); !errors.Is(err, auth.ErrInvalidToken) {
			if err != nil {
				return err
			}
			return p.offer(v, view, found.Link)
		}
	}
	view.May, view.AsksPIN, view.For = found.Refusal == nil, found.AsksPIN, found.Link.ID
	return found.Refusal
}

// offer lets who sits on a link keep the role with an account, where the link does and he has something of it.
func (p roomPage) offer(v *visit, view *roomView, link invites.Link) (err error) {
	view.Keeps, view.Seat = link.AllowAccount, v.guest.ID
	switch {
	case !view.Keeps:
		return nil
	case view.Self != "":
		view.Keeps, err = p.Desk.ConsiderKeep(v, v.user, v.guest)
		return unlessRefused(err)
	case v.user.Kind == auth.User:
		view.Elsewhere, view.Account = true, v.user.ID
		return nil
	}
	view.SignUp = p.Authority.HandsOutChallenges()
	view.Captcha = view.SignUp
	view.SignIn, err = p.signInOf(v.call, view.workspace, v.here)
	return err
}

// unlessRefused is an error that does not only say no.
func unlessRefused(err error) error {
	if err != nil && problemOf(err).status >= http.StatusInternalServerError {
		return err
	}
	return nil
}

// behind is what the link leads to, which must be this room.
func (p roomPage) behind(v *visit) (invites.Preview, error) {
	found, err := p.Desk.PreviewFor(v, v.link, v.key)
	if err == nil && found.Room.Alias != v.alias {
		err = invites.ErrLinkUnknown
	}
	return found, err
}

// onSeat is for who came through the open door.
func (p roomPage) onSeat(v *visit, view *roomView) error {
	seat, ends, err := p.Desk.GetSeat(v, v.guest)
	if err != nil {
		return err
	}
	st, _, err := p.sits(v, view)
	view.Room, view.Name, view.Role = st.Room.Name, seat.Username, string(roles.GuestRole(seat.Role))
	view.workspace = v.guest.Workspace
	p.ends(view, ends)
	return err
}

// sits is where somebody stands who has come in, as a guest or a member: he is in for as long as he might enter anew, and
// not while the room is closed.
func (p roomPage) sits(v *visit, view *roomView) (roles.Standing, roles.Decision, error) {
	st, decision, err := p.Spaces.Approach(v, v.guest, v.alias)
	if err == nil && !decision.Allowed {
		err = &roles.DeniedError{Decision: decision}
	}
	view.In, view.Guest, view.For = err == nil, err == nil, v.guest.ID
	return st, decision, err
}

// byDoor is for a stranger: an open room asks for his name, and before any other door he signs in, whether or not there
// is a room behind it.
func (p roomPage) byDoor(v *visit, view *roomView) error {
	st, decision, err := p.Spaces.Approach(v, auth.Identity{}, v.alias)
	switch {
	case errors.Is(err, roles.ErrNotFound):
		return errNoToken
	case err != nil:
		return err
	case !decision.Allowed:
		return &roles.DeniedError{Decision: decision}
	}
	view.workspace = st.Room.Workspace
	view.Room, view.May, view.Asks = st.Room.Name, true, true
	p.keepKey(v)
	return nil
}

func (p roomPage) ends(view *roomView, at time.Time) { view.Ends, view.Left = at, at.Sub(p.Now()) }

// explain puts the words for a problem into the view.
func (view *roomView) explain(p problem, err error) {
	view.Problem = p.code
	if denied, ok := errors.AsType[*roles.DeniedError](err); ok {
		last := denied.Decision.Reasons[len(denied.Decision.Reasons)-1]
		view.Reason, view.Until = string(last.Code), last.Until
	}
	if wait, ok := errors.AsType[*invites.WaitError](err); ok {
		view.Until = wait.Until
	}
}
