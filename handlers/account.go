package handlers

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed account/page.html account/page.css account/page.js
var accountFiles embed.FS

// accountPolicy allows a page its own script and style, and to ask this server.
const accountPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; " +
	"form-action 'none'; frame-ancestors 'none'"

// accountPages are where the links of mails lead, and what happens there when a button is pressed.
var accountPages = map[string]struct {
	Operation, Title, Says, Button, Done string
	Password                             string // the field that takes one
}{
	"/reset-password": {
		"v1/auth/password/reset", "Choose a new password", "You are signed out everywhere then.",
		"Set the password", "Your password is the new one. You can sign in with it.", "newPassword",
	},
	"/confirm-sign-up": {
		"v1/auth/sign-up/confirm", "Confirm that you sign up",
		"Somebody has signed up with this e-mail address. If that was not you, close this page; if it was, choose a password.",
		"Make the account", "Your account is there. You can sign in to it.", "password",
	},
	"/verify-email": {
		"v1/auth/email/verify", "Confirm your e-mail address", "This e-mail address is to be yours.",
		"Confirm the address", "Your e-mail address is confirmed.", "",
	},
	"/confirm-email": {
		"v1/auth/email/confirm", "Confirm your new e-mail address", "Your account gets this e-mail address, in the place of the old one.",
		"Confirm the new address", "Your account has the new e-mail address.", "",
	},
	"/undo-email": {
		"v1/auth/email/undo", "Undo the change of your e-mail address",
		"Your account gets this e-mail address back. Choose a new password, too: whoever changed the address knew the old one.",
		"Undo the change", "Your account has this e-mail address again, and the new password. You can sign in with it.", "newPassword",
	},
}

// mountAccount serves the pages that the links of mails lead to.
func (a *api) mountAccount(e gin.IRouter) error {
	page, err := template.ParseFS(accountFiles, "account/page.html")
	if err != nil {
		return fmt.Errorf("handlers: account: %w", err)
	}
	serve := func(path, kind string, content []byte) {
		read(e, path, func(g *gin.Context) {
			g.Header("Content-Security-Policy", accountPolicy)
			g.Data(http.StatusOK, kind, content)
		})
	}
	for path, says := range accountPages {
		var out bytes.Buffer
		if err := page.Execute(&out, says); err != nil {
			return fmt.Errorf("handlers: account: %w", err)
		}
		serve(path, "text/html; charset=utf-8", out.Bytes())
	}
	for file, kind := range map[string]string{"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"} {
		content, err := accountFiles.ReadFile("account/" + file)
		if err != nil {
			return fmt.Errorf("handlers: account: %w", err)
		}
		serve("/account/"+file, kind, content)
	}
	return nil
}
