package handlers

import (
	"embed"
	"fmt"

	"github.com/gin-gonic/gin"
)

// The widget is ALTCHA's, 3.2.2 as it came, in the build that a strict policy allows.
//
//go:embed captcha
var captchaFiles embed.FS

// mountCaptcha serves what the form to sign up works with.
func (a *api) mountCaptcha(e gin.IRouter) error {
	for path, file := range map[string]struct{ name, kind string }{
		"sign-up.js":         {"sign-up.js", "text/javascript; charset=utf-8"},
		"altcha.js":          {"altcha.min.js", "text/javascript; charset=utf-8"},
		"pbkdf2.js":          {"pbkdf2.js", "text/javascript; charset=utf-8"},
		"altcha.LICENSE.txt": {"altcha.LICENSE.txt", "text/plain; charset=utf-8"},
	} {
		content, err := captchaFiles.ReadFile("captcha/" + file.name)
		if err != nil {
			return fmt.Errorf("handlers: captcha: %w", err)
		}
		a.page(e, "/captcha/"+path, file.kind, content)
	}
	return nil
}
