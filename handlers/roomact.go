package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers/wire"
	"usher/internal/secret"
	"usher/invites"
)

// act does what a button is for, and leads on; what is refused is shown where the button was.
func (p roomPage) act(g *gin.Context) {
	v, err := p.visit(g)
	if err == nil && !p.ours(g.Request) {
		err = errCrossOrigin
	}
	if err != nil {
		p.fail(v, roomView{}, err)
		return
	}
	form, err := v.form()
	to := v.here
	if err == nil {
		to, err = p.does(v, form)
	}
	if err == nil && to != "" {
		g.Redirect(http.StatusSeeOther, to)
		return
	}
	view, because := p.stand(v, false)
	if because == nil {
		view.Typed = form.Get("name")
		view.typed(form, err)
	}
	p.answer(v, view, cmp.Or(err, because))
}

// isFor reports whether a form is about whom its page was shown for. In another tab of this browser another link may have
// been opened since, or somebody else have signed in: then nothing is done, and the page says how it stands.
func isFor(form url.Values, whom string) bool { return !form.Has("for") || form.Get("for") == whom }

// does is one button's work, and where it leads to; nowhere where the page says what is to be done now.
func (p roomPage) does(v *visit, form url.Values) (string, error) {
	now := map[string]string{"leave": v.guest.ID, "again": v.guest.ID, "self": v.user.ID, "switch": v.user.ID}
	if whom, ok := now[form.Get("do")]; ok && !isFor(form, whom) {
		return v.here, nil
	}
	switch form.Get("do") {
	case "leave":
		return v.here, p.leave(v)
	case "forget": // the link, to come as oneself
		p.keep(v, linkCookie, secret.String{}, 0)
		p.keep(v, memberCookie, secret.String{}, 0)
		return v.here, nil
	case "self":
		return p.goesIn(v)
	case "keep":
		return p.keeps(v, form)
	case "switch":
		return p.leaves(v)
	case "sign-up":
		return "", p.signsUp(v, form)
	case "again": // from a seat to the room's front end
		return p.goesOn(v)
	case "member":
		return p.comesAsMember(v, form)
	case "name":
		return p.seated(v, p.come, func(*call) (any, error) { return p.comesIn(v, form.Get("name")) })
	}
	return p.byItsLink(v, form)
}

// byItsLink takes the seat that the link is for.
func (p roomPage) byItsLink(v *visit, form url.Values) (string, error) {
	to, err := p.seated(v, p.redeem, func(*call) (any, error) {
		found, err := p.behind(v)
		if err == nil && !isFor(form, found.Link.ID) {
			err = errOtherLink
		}
		if err != nil {
			return nil, err
		}
		return p.Desk.Redeem(v, v.link, v.key, secret.New(form.Get("pin")))
	})
	if errors.Is(err, errOtherLink) {
		return v.here, nil
	}
	return to, err
}

// errOtherLink stops what a form does that is about another link than the one that was opened last.
var errOtherLink = errors.New("handlers: another link was opened since")

// keeps gives the role of the seat to who is signed in, who goes in as himself then. Where that is not who the page was
// shown to, or the seat is another by now, nothing is done, and the page says how it stands.
func (p roomPage) keeps(v *visit, form url.Values) (string, error) {
	switch {
	case v.user.Kind != auth.User:
		return "", errNoToken
	case form.Get("user") != v.user.ID || form.Get("seat") != v.guest.ID:
		return v.here, nil
	}
	kept, err := p.Desk.KeepSeat(v, v.user, v.guest)
	if err != nil {
		return "", err
	}
	if kept.Over {
		opened, err := p.behind(v)
		p.forget(v.call)
		if err == nil && opened.Link.ID == v.guest.Link { // and no other one since
			p.keep(v, linkCookie, secret.String{}, 0)
		}
	}
	return p.goesIn(v)
}

// leaves signs out who is signed in where this room is not, to sign in where it is. He stays on his seat.
func (p roomPage) leaves(v *visit) (string, error) {
	if v.user.Kind == auth.User {
		v.gin.Request = v.gin.Request.WithContext(context.WithValue(v.gin.Request.Context(), seatKey{}, ""))
		if err := p.signsOut(v.call, v.user); err != nil {
			return "", err
		}
	}
	return p.signInFor(v)
}

// signsUp makes an account for who sits here, to which the mail leads back.
func (p roomPage) signsUp(v *visit, form url.Values) error {
	if v.guest.Kind != auth.Guest {
		return invites.ErrSeatOver
	}
	return p.signUp.take(v.call, form, v.guest.Workspace, nil, func(c *call, in wire.NewUser) (any, error) {
		stranger := strangerOf(c, in)
		stranger.Back = "/room/" + v.alias
		return accepted{}, p.Authority.SignUp(c, stranger)
	})
}

func (p roomPage) leave(v *visit) (err error) {
	switch v.guest.Kind {
	case auth.Guest:
		err = p.Desk.LeaveSeat(v, v.guest)
	case auth.Member:
		err = p.Spaces.Logout(v, v.guest)
	default:
		return nil
	}
	if errors.Is(err, auth.ErrInvalidToken) {
		err = nil // he has left
	}
	if err == nil {
		p.forget(v.call)
	}
	return err
}

// goesOn leads from a seat to the room's front end, or a member.
func (p roomPage) goesOn(v *visit) (string, error) {
	switch v.guest.Kind {
	case auth.Guest:
		return p.handOver(v, v.guest, v.guest.Space, v.guest.Room, v.here)
	case auth.Member:
		st, _, err := p.Spaces.Approach(v, v.guest, v.alias)
		if err != nil {
			return "", err
		}
		return p.handOver(v, v.guest, st.Space.ID, st.Room.ID, v.here)
	}
	return v.here, nil // he has left, and the page says so
}

// comesIn takes a seat through the open door.
func (p roomPage) comesIn(v *visit, name string) (invites.Seated, error) {
	st, _, err := p.Spaces.Approach(v, auth.Identity{}, v.alias)
	if err != nil {
		return invites.Seated{}, err
	}
	return p.Desk.JoinAsGuest(v, auth.Identity{}, st.Space.ID, st.Room.ID, name, v.key)
}

// seated takes a seat with the browser's own key, as often as its button is pressed: a reply that was lost, a second tab
// and the way back keep the seat. The guest's cookies are the room's; who is signed in elsewhere stays so.
func (p roomPage) seated(v *visit, row *limit, take handler) (string, error) {
	if v.key.Empty() {
		return "", errNoCookies
	}
	out, err := p.limits.count(v.call, row, take)
	if err != nil {
		return "", err
	}
	seat := out.(invites.Seated)
	p.handOut(v.call, seat.Tokens, true, v.alias)
	who, err := p.Authority.Authenticate(v, seat.AccessToken.Reveal())
	if err != nil {
		return "", err
	}
	return p.handOver(v, who, seat.Space, seat.Room, v.here)
}

// handOver is where somebody goes who may enter: to the front end of the workspace's rooms with a room token, or, where
// there is none, to the page built in.
func (p roomPage) handOver(v *visit, who auth.Identity, space, room, builtIn string) (string, error) {
	pass, err := p.Spaces.Join(v, who, space, room)
	if err != nil {
		return "", err
	}
	page, err := p.Authority.RoomPageOf(v, who.Workspace)
	if err != nil || page == "" {
		return builtIn, err
	}
	return page.For(v.alias, pass.Name, pass.Token).Reveal(), nil
}

// goesIn is for who is signed in.
func (p roomPage) goesIn(v *visit) (string, error) {
	if v.user.Kind != auth.User {
		return "", errNoToken
	}
	st, _, err := p.Spaces.Approach(v, v.user, v.alias)
	if err != nil {
		return "", err
	}
	return p.handOver(v, v.user, st.Space.ID, st.Room.ID, v.here+"?as=self")
}
