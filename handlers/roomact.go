package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"usher/auth"
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
	if err == nil {
		g.Redirect(http.StatusSeeOther, to)
		return
	}
	view, because := p.stand(v, false)
	if because == nil {
		view.Typed = form.Get("name")
	}
	p.answer(v, view, err)
}

// does is one button's work, and where it leads to.
func (p roomPage) does(v *visit, form url.Values) (string, error) {
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
		return p.keeps(v)
	case "again": // from a seat to the room's front end
		if v.guest.Kind != auth.Guest {
			return v.here, nil // he has left, and the page says so
		}
		return p.handOver(v, v.guest, v.guest.Space, v.guest.Room, v.here)
	case "name":
		return p.seated(v, p.come, func(*call) (any, error) { return p.comesIn(v, form.Get("name")) })
	}
	return p.seated(v, p.redeem, func(*call) (any, error) {
		if _, err := p.behind(v); err != nil {
			return nil, err
		}
		return p.Desk.Redeem(v, v.link, v.key, secret.New(form.Get("pin")))
	})
}

// keeps gives the role of the seat to who is signed in, who goes in as himself then.
func (p roomPage) keeps(v *visit) (string, error) {
	if v.user.Kind != auth.User {
		return "", errNoToken
	}
	kept, err := p.Desk.KeepSeat(v, v.user, v.guest)
	if err != nil {
		return "", err
	}
	if kept.Over {
		p.forget(v.call)
		p.keep(v, linkCookie, secret.String{}, 0)
	}
	return p.goesIn(v)
}

func (p roomPage) leave(v *visit) error {
	if v.guest.Kind != auth.Guest {
		return nil
	}
	err := p.Desk.LeaveSeat(v, v.guest)
	if errors.Is(err, auth.ErrInvalidToken) {
		err = nil // he has left
	}
	if err == nil {
		p.forget(v.call)
	}
	return err
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
