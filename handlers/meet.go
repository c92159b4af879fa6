package handlers

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"usher/internal/secret"
	"usher/roles"
)

// memberCookie is the access token of the user whose link into a room was opened last. It lies under the room's path.
const memberCookie = "memberToken"

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
		p.keepToken(v, memberCookie, linkCookie, token)
		g.Redirect(http.StatusSeeOther, v.here+"?via=member")
	}
}

// keepToken keeps what was in the address, in the place of what the other kind of link has left.
func (p roomPage) keepToken(v *visit, name, other, token string) {
	if !aLinksToken.MatchString(token) {
		token = "-" // it is nobody's
	}
	p.keep(v, name, secret.New(token), pageKept)
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

// byMember is what the token of a user is good for. Nobody has one so far.
func (p roomPage) byMember(_ *visit, view *roomView) error {
	view.Link = true
	return errMemberToken
}
