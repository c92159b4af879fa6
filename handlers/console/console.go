// Package console is the administrators' web console: pages of plain links and forms, which work without a script. Who
// has the workspace's role of support sees what an administrator sees, and changes nothing. It holds no rule of the
// domain: each page is one or two of its calls.
package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"usher/auth"
	"usher/handlers"
	"usher/internal/picture"
)

// htmx (2.0.11) and Pico CSS (2.1.1) are as they came.
//
//go:embed assets templates
var files embed.FS

// path is where the console lies below the address of the server.
const path = "/console"

// A Console is a handlers.Site.
type Console struct {
	handlers.Door
	handlers.Deps
	base   string // the address of the console
	policy string
	look   *template.Template
	assets map[string]asset
}

type asset struct {
	kind    string
	content []byte
}

// New reads the pages.
func New() (*Console, error) {
	s := &Console{assets: map[string]asset{}}
	for name, kind := range map[string]string{
		"htmx.min.js": "text/javascript", "console.js": "text/javascript", "pico.min.css": "text/css", "console.css": "text/css", "avatar.svg": "image/svg+xml",
		"htmx.LICENSE.txt": "text/plain", "pico.LICENSE.txt": "text/plain",
	} {
		content, err := files.ReadFile("assets/" + name)
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		s.assets[name] = asset{kind + "; charset=utf-8", content}
	}
	var err error
	if s.look, err = template.New("console").Funcs(template.FuncMap{"at": at, "stamp": stamp}).ParseFS(files, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return s, nil
}

// Mount puts every page at its address.
func (s *Console) Mount(e gin.IRouter, d handlers.Door) {
	s.Door, s.Deps = d, d.Deps()
	public, _ := url.Parse(s.PublicURL) // the settings were checked
	s.base = s.PublicURL + path
	own := "'self' " + public.Scheme + "://" + public.Host
	s.policy = "default-src 'none'; script-src " + own + "; style-src " + own + "; img-src " + own + " data:; connect-src " + own +
		"; form-action " + own + "; base-uri 'none'; frame-ancestors 'none'"
	for name, file := range s.assets {
		d.File(e, path+"/assets/"+name, file.kind, file.content)
	}
	for _, r := range s.routes() {
		e.GET(path+r.path, s.get(r))
		e.HEAD(path+r.path, s.get(r))
		if r.does != nil {
			e.POST(path+r.path, s.post(r))
		}
	}
	e.POST(path+"/sign-out", s.signOut)
	d.Lost(path, s.lost)
}

// A route is one address. What it does is for administrators.
type route struct {
	path  string
	tab   string
	shows func(*visit) (page, error)
	does  func(*visit, url.Values) (done, error)
	doing string // what that is called while it goes on, where it may take long
}

// Done is what comes of a form: another page, or one that is shown once, because of the secret on it, or the form again,
// which is not finished.
type done struct {
	to    string
	once  *page
	again bool
}

func leads(to string) done { return done{to: to} }

// A tab is one of those at the top of every page.
type tab struct{ Name, To string }

var tabs = []tab{
	{"User", "/users"},
	{"Room", "/rooms"},
	{"Spaces", "/spaces"},
	{"Links & invites", "/issued"},
	{"Keys & clients", "/keys"},
	{"Administrators", "/staff"},
	{"Audit", "/audit"},
}

func (s *Console) routes() []route {
	return slices.Concat([]route{{path: "", shows: begins}, {path: "/", shows: begins}}, s.userRoutes(), s.roomRoutes(), s.spaceRoutes(), s.issuedRoutes(), s.keyRoutes(), s.staffRoutes(), s.auditRoutes())
}

// begins leads to the first of the tabs.
func begins(*visit) (page, error) { return page{}, leadsTo(tabs[0].To) }

// get shows a page.
func (s *Console) get(r route) gin.HandlerFunc {
	return func(g *gin.Context) {
		v, err := s.enter(g, r)
		if err != nil {
			s.fail(v, err)
			return
		}
		s.shows(v, http.StatusOK)
	}
}

// post does what a form is for. Here, and nowhere else, is where that is refused to support, whatever it sends; the
// domain refuses it once more. What is refused for another reason is shown where the form was.
func (s *Console) post(r route) gin.HandlerFunc {
	return func(g *gin.Context) {
		v, err := s.enter(g, r)
		if err == nil && v.me.Role != auth.Admin {
			err = auth.ErrForbidden
		}
		if err != nil {
			s.fail(v, err)
			return
		}
		form, file, err := s.Form(v.Call, picture.MostBytes)
		v.file = file
		var is done
		if err == nil {
			is, err = r.does(v, form)
		}
		switch {
		case v.rest != nil:
			v.unfolded(is, err)
		case err != nil:
			v.refused(form, err)
		case is.again:
			v.typed = form
			s.shows(v, http.StatusOK)
		case is.once != nil:
			is.once.Tab = r.tab
			s.render(v, http.StatusOK, *is.once)
		default:
			g.Redirect(http.StatusSeeOther, s.base+is.to)
		}
	}
}

// refused shows the form again, with what was typed and why not.
func (v *visit) refused(form url.Values, err error) {
	told := v.Told(v.Call, err)
	v.typed, v.problem = form, &told
	v.shows(v, told.Status)
}

// signOut ends the session, whoever's it is.
func (s *Console) signOut(g *gin.Context) {
	c, err := s.Enter(g)
	if err == nil {
		err = s.SignOut(c)
	}
	if err != nil {
		s.fail(&visit{Call: c, Console: s, gin: g}, err)
		return
	}
	g.Redirect(http.StatusSeeOther, s.SignIn(c, "", s.base))
}

const pageKind = "text/html; charset=utf-8"

// render answers with a page.
func (s *Console) render(v *visit, status int, p page) {
	v.gin.Data(status, pageKind, s.draw(v, p))
}

// draw writes a page down, and what a browser has to know of it into the header.
func (s *Console) draw(v *visit, p page) []byte {
	p.Base, p.Public, p.Me, p.May, p.Tabs = s.base, s.PublicURL, v.me, v.me.Role == auth.Admin, tabs
	p.Notice = notices[v.query("done")]
	if !p.May {
		p = p.forReaders(v.route.does != nil)
	}
	v.gin.Header("Content-Security-Policy", s.policy)
	return s.fill("layout", p)
}

func (s *Console) fill(template string, data any) []byte {
	var out bytes.Buffer
	if err := s.look.ExecuteTemplate(&out, template, data); err != nil {
		panic(err) // a mistake of ours
	}
	return out.Bytes()
}
