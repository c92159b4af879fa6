package handlers

import (
	"errors"
	"time"

	"usher/auth"
	"usher/invites"
	"usher/roles"
)

// An inviteView is what the page of an invite shows.
type inviteView struct {
	Here      string
	Space, By string // empty where nobody may know, or he is no more
	Role      string
	Ends      time.Time
	Left      time.Duration
	SignIn    string // where a visitor signs in; empty where he is
	Domain    string // of the addresses that it is for
	Self      string // who is signed in
	Account   string // and his id
	Joins     bool   // and may become a member
	Done      string // why he need not: "joined", "member"
	Rooms     []door
	Problem   string
	Until     time.Time
	Unproved  bool // his address is to be verified

	Verifying bool // a mail is on its way, to an address that is to be verified
	signUpForm
}

// A door is a room that a member may enter.
type door struct{ Name, URL string }

// stand finds out what there is to do for who has come. It counts as activating would.
func (p invitePage) stand(c *call, view *inviteView) error {
	_, err := p.limits.count(c, p.activate, func(*call) (any, error) {
		found, err := p.Desk.PreviewInvite(c, c.id("spaceId"), c.id("inviteId"))
		if err != nil {
			return nil, err
		}
		view.Space, view.By, view.Role, view.Ends, view.Left = found.Space, found.By, string(found.Role), found.Ends, found.Ends.Sub(p.Now())
		if c.who.Kind == auth.User {
			err = p.member(c, view)
		}
		if c.who.Kind != auth.User || errors.Is(err, auth.ErrInvalidToken) {
			err = p.visitor(c, view, found)
		}
		return nil, err
	})
	return err
}

// member is for who is signed in.
func (p invitePage) member(c *call, view *inviteView) error {
	found, err := p.Desk.ConsiderInvite(c, c.who, c.id("spaceId"), c.id("inviteId"))
	view.Self, view.Account = found.Name, c.who.ID
	if view.Self == "" { // of another workspace
		self, _, err := p.Authority.Get(c, c.who)
		if err != nil {
			return err
		}
		view.Self = self.Name
	}
	switch {
	case err != nil:
		view.Unproved = errors.Is(err, invites.ErrEmailUnverified)
		return err
	case found.Gets:
		view.Joins = true
		return nil
	case found.Own:
		view.Done = "joined"
	default:
		view.Done, view.Role = "member", string(found.Role)
	}
	return p.rooms(c, view)
}

// rooms are where a member goes from here.
func (p invitePage) rooms(c *call, view *inviteView) error {
	found, _, err := p.Spaces.ListRooms(c, c.who, c.id("spaceId"), auth.Page{Limit: 50})
	for _, room := range found {
		view.Rooms = append(view.Rooms, door{room.Name, p.PublicURL + "/room/" + room.Alias})
	}
	return err
}

// visitor is for who is not signed in. What the invite is not good for any more is told to everybody.
func (p invitePage) visitor(c *call, view *inviteView, found invites.InvitePreview) (err error) {
	if view.SignIn, err = p.signInOf(c, found.Workspace, p.here(c)); err != nil {
		return err
	}
	view.Domain = found.Domain
	view.Captcha = !found.Addressed && p.Authority.HandsOutChallenges()
	view.SignUp = found.State == invites.Pending && (view.Captcha || found.Addressed && p.Authority.TakesStrangers(true))
	return map[invites.State]error{
		invites.Used: invites.ErrInviteUsed, invites.Expired: invites.ErrInviteExpired,
		invites.Revoked: invites.ErrInviteRevoked, invites.Void: invites.ErrInviteVoid,
	}[found.State]
}

// explain puts the words for a problem into the view. To who signs up with another address than the invite's, the API
// says what it says to all strangers.
func (view *inviteView) explain(p problem, err error) {
	view.Problem = p.code
	if errors.Is(err, auth.ErrSignUpClosed) || errors.Is(err, auth.ErrCaptchaMissing) && !view.Captcha {
		view.Problem = "address"
	}
	if banned, ok := errors.AsType[*roles.BannedError](err); ok {
		view.Until = banned.Until
	}
}
