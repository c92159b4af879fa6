package handlers

import (
	"embed"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"usher/handlers/pages"
)

//go:embed account/page.css account/page.js
var accountFiles embed.FS

// An accountPage is where the link of a mail leads, and what happens there when a button is pressed.
type accountPage struct {
	Name      string // its path
	Operation string // below where this server is
	Password  string // the field that takes a new one; empty where none is chosen
	Problems  []string
}

var accountPages = []accountPage{
	{Name: "reset-password", Operation: "v1/auth/password/reset", Password: "newPassword"},
	{Name: "confirm-sign-up", Operation: "v1/auth/sign-up/confirm", Password: "password"},
	{Name: "join-staff", Operation: "v1/auth/sign-up/confirm", Password: "password"},
	{Name: "verify-email", Operation: "v1/auth/email/verify"},
	{Name: "confirm-email", Operation: "v1/auth/email/confirm"},
	{Name: "undo-email", Operation: "v1/auth/email/undo", Password: "newPassword"},
}

// accountProblems are what their script has words for: codes of problems, and what no server says.
var accountProblems = []string{
	"mail_token_over", "email_taken", "username_taken", "password_too_short", "password_too_long", "password_too_common",
	"limited", "busy", "unavailable", "other", "away", "incomplete",
}

// mountAccount serves the pages that the links of mails lead to.
func (a *api) mountAccount(e gin.IRouter) error {
	for _, page := range accountPages {
		page.Problems = accountProblems
		read(e, "/"+page.Name, func(g *gin.Context) {
			a.show(g, pages.Page{Name: "account", Status: http.StatusOK, Data: page, Asks: true})
		})
	}
	for file, kind := range map[string]string{"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"} {
		content, err := accountFiles.ReadFile("account/" + file)
		if err != nil {
			return fmt.Errorf("handlers: account: %w", err)
		}
		read(e, "/account/"+file, func(g *gin.Context) { g.Data(http.StatusOK, kind, content) })
	}
	return nil
}
