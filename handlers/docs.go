package handlers

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed docs/index.html docs/problems.html docs/page.css docs/redoc.standalone.js docs/redoc.LICENSE docs/redoc.standalone.js.LICENSE.txt
var docs embed.FS

// docsPolicy allows the API reference what it needs: its own script and its worker for the search, the contract, and
// the styles that it writes into the page. Nothing of it is inline script, and nothing comes from elsewhere.
const docsPolicy = "default-src 'none'; script-src 'self'; worker-src blob:; connect-src 'self'; img-src 'self' data:; " +
	"style-src 'self' 'unsafe-inline'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountDocs serves the contract, the API reference made of it, and the list of the problems.
func (a *api) mountDocs(e gin.IRouter) error {
	problems, err := problemsPage()
	if err != nil {
		return fmt.Errorf("handlers: docs: %w", err)
	}
	a.page(e, "/openapi.yaml", "application/yaml", openapi)
	if err := a.mountReference(e, "/docs", "Usher"); err != nil {
		return fmt.Errorf("handlers: docs: %w", err)
	}
	a.page(e, "/problems", "text/html; charset=utf-8", problems)
	for path, file := range map[string]struct{ name, kind string }{
		"/docs/page.css":                        {"page.css", "text/css; charset=utf-8"},
		"/docs/redoc.js":                        {"redoc.standalone.js", "text/javascript; charset=utf-8"},
		"/docs/redoc.standalone.js.LICENSE.txt": {"redoc.standalone.js.LICENSE.txt", "text/plain; charset=utf-8"},
		"/docs/redoc.LICENSE":                   {"redoc.LICENSE", "text/plain; charset=utf-8"},
	} {
		content, err := docs.ReadFile("docs/" + file.name)
		if err != nil {
			return fmt.Errorf("handlers: docs: %w", err)
		}
		a.page(e, path, file.kind, content)
	}
	return nil
}

// mountReference serves the reference of a contract, which lies beside it as openapi.yaml.
func (a *api) mountReference(e gin.IRouter, path, title string) error {
	page, err := template.ParseFS(docs, "docs/index.html")
	if err != nil {
		return err
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Title, Here, Root string
		Beside            []Contract
	}{title, path, strings.Repeat("../", strings.Count(path, "/")-1), a.beside})
	a.page(e, path, "text/html; charset=utf-8", out.Bytes())
	return err
}

func (a *api) page(e gin.IRouter, path, kind string, content []byte) {
	read(e, path, func(g *gin.Context) {
		g.Header("Cache-Control", "public, max-age=300")
		g.Header("Content-Security-Policy", docsPolicy)
		g.Data(http.StatusOK, kind, content)
	})
}

// problemsPage lists what the table of the problems has: the addresses that problems name as their type lead here.
func problemsPage() ([]byte, error) {
	page, err := template.ParseFS(docs, "docs/problems.html")
	if err != nil {
		return nil, err
	}
	type row struct {
		Status       int
		Code, Detail string
	}
	var rows []row
	for _, p := range append(slices.Clone(problems), fault) {
		if r := (row{p.status, p.code, p.detail}); !slices.Contains(rows, r) {
			rows = append(rows, r)
		}
	}
	var out bytes.Buffer
	err = page.Execute(&out, rows)
	return out.Bytes(), err
}
