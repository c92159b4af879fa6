package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/internal/secret"
	"usher/invites"
	"usher/roles"
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
		return v.here, nil
	case "self":
		return p.goesIn(v, v.user)
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
	return v.here, nil
}

// goesIn is for who is signed in.
func (p roomPage) goesIn(v *visit, who auth.Identity) (string, error) {
	if who.Kind != auth.User {
		return "", errNoToken
	}
	st, decision, err := p.Spaces.Approach(v, who, v.alias)
	if err != nil {
		return "", err
	}
	if !decision.Allowed {
		return "", &roles.DeniedError{Decision: decision}
	}
	_, err = p.Spaces.Join(v, who, st.Space.ID, st.Room.ID)
	return v.here + "?as=self", err
}
