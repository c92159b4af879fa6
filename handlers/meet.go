package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/internal/secret"
	"usher/roles"
)

const (
	// memberCookie is the access token of the user whose link into a room was opened last. It lies under the room's path.
	memberCookie = "memberToken"
	// memberKept is enough for a reload and for the way back on the day of a meeting. It is not more, because the token is
	// one person's, and good until somebody changes it: whoever sits at the same browser next would go in as him.
	memberKept = 24 * time.Hour
)

// meet leads from the address that an integrator makes, of a room's id and a user's access token, to the page of that
// room. It spends nothing, and the token leaves the address bar and the history at once.
func (p roomPage) meet(g *gin.Context) {
	query := g.Request.URL.Query()
	alias, err := p.Spaces.AliasOf(g.Request.Context(), query.Get("room_id"))
	g.AddParam("alias", alias)
	v, wrong := p.visit(g)
	token := query.Get("access_token")
	switch err := cmp.Or(err, wrong); {
	case err != nil:
		p.fail(v, roomView{}, err)
	case token == "":
		g.Redirect(http.StatusSeeOther, v.here+"?via=meet")
	default:
		p.keepToken(v, memberCookie, linkCookie, token, memberKept)
		g.Redirect(http.StatusSeeOther, v.here+"?via=member")
	}
}

// keepToken keeps what was in the address, in the place of what the other kind of link has left.
func (p roomPage) keepToken(v *visit, name, other, token string, life time.Duration) {
	if !aLinksToken.MatchString(token) {
		token = "-" // it is nobody's
	}
	p.keep(v, name, secret.New(token), life)
	if !v.cookie(other).Empty() || other == linkCookie { // which the path of a meet link does not show
		p.keep(v, other, secret.String{}, 0)
	}
}

// strange tells a stranger who came by an integrator's address what keeps him out: most who come so have no account to
// sign in with.
func (p roomPage) strange(v *visit, view roomView) {
	var err error
	if view.SignIn, err = p.signInFor(v); err != nil {
		p.fail(v, roomView{}, err)
		return
	}
	p.fail(v, view, &roles.DeniedError{Decision: roles.Decision{Reasons: []roles.Reason{{Code: roles.CodeSignInRequired}}}})
}

// signInFor is where people of the room's workspace sign in, and come back.
func (p roomPage) signInFor(v *visit) (string, error) {
	workspace, err := p.Spaces.WorkspaceOf(v, v.alias)
	if err != nil || workspace == "" {
		return p.PublicURL + signInPath + "?" + url.Values{"return": {v.here}}.Encode(), err
	}
	return p.signInOf(v.call, workspace, v.here)
}

// byMember is what the token of a user is good for: it says who would go in as whom.
func (p roomPage) byMember(v *visit, view *roomView) error {
	view.Link, view.Member = true, true
	st, decision, err := p.foresee(v, p.preview)
	if err != nil {
		return err
	}
	view.workspace, view.Name = st.Room.Workspace, st.Name
	if !decision.Allowed {
		return &roles.DeniedError{Decision: decision}
	}
	view.Room, view.Role, view.May, view.For = st.Room.Name, string(decision.Role), true, st.ID
	view.In, err = p.isIn(v, st)
	view.Guest = view.In
	return err
}

// foresee is what the room says to whose token it is. A token that is nobody's counts as a guess.
func (p roomPage) foresee(v *visit, row *limit) (st roles.Standing, decision roles.Decision, err error) {
	_, err = p.limits.count(v.call, row, func(*call) (any, error) {
		st, decision, err = p.Spaces.Foresee(v, v.alias, v.member)
		if errors.Is(err, auth.ErrInvalidGrant) {
			err = errMemberToken
		}
		return nil, err
	})
	return st, decision, err
}

// isIn reports whether this browser has a session as the user who stands there.
func (p roomPage) isIn(v *visit, st roles.Standing) (bool, error) {
	if v.guest.Kind != auth.Member || v.guest.ID != st.ID {
		return false, nil
	}
	_, _, err := p.Authority.Get(v, v.guest)
	if errors.Is(err, auth.ErrInvalidToken) {
		return false, nil
	}
	return err == nil, err
}

// onMembership is for a member whose link is not here any more.
func (p roomPage) onMembership(v *visit, view *roomView) error {
	st, decision, err := p.sits(v, view)
	view.workspace, view.Name, view.Room, view.Role = st.Room.Workspace, st.Name, st.Room.Name, string(decision.Role)
	return err
}

// comesAsMember is for whoever has a user's token, by its button: he signs in as that user, for this room alone, and goes
// in. Pressed again it goes on with the session that there is; of another member's, who came by this browser before,
// nothing stays. Whoever is signed in elsewhere stays so.
func (p roomPage) comesAsMember(v *visit, form url.Values) (string, error) {
	if v.member.Empty() {
		return "", errNoCookies
	}
	st, decision, err := p.foresee(v, p.redeem)
	if err == nil && !decision.Allowed {
		err = &roles.DeniedError{Decision: decision}
	}
	if err != nil || !isFor(form, st.ID) {
		return v.here, err
	}
	in, err := p.isIn(v, st)
	if err == nil && !in {
		err = p.signsInAs(v, st)
	}
	if err != nil {
		return "", err
	}
	return p.handOver(v, v.guest, st.Space.ID, st.Room.ID, v.here)
}

func (p roomPage) signsInAs(v *visit, st roles.Standing) error {
	if v.guest.Kind == auth.Member { // another one, or as good as out
		if err := p.Spaces.Logout(v, v.guest); err != nil && !errors.Is(err, auth.ErrInvalidToken) {
			return err
		}
	}
	tokens, err := p.Authority.SignInMember(v, st.Room.Workspace, v.member)
	if errors.Is(err, auth.ErrInvalidGrant) { // not any more
		return errMemberToken
	}
	if err != nil {
		return err
	}
	p.handOut(v.call, tokens, true, v.alias)
	v.guest, err = p.Authority.Authenticate(v, tokens.AccessToken.Reveal())
	return err
}
