package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"usher/auth"
)

// mountPictures serves what was uploaded of users. Browsers keep it, since its address changes with what is in it, and
// run nothing in it, whatever it may be taken for.
func (a *api) mountPictures(e gin.IRouter) {
	read(e, auth.PicturesPath+":userId/:file", func(g *gin.Context) {
		name, named := strings.CutSuffix(g.Param("file"), ".jpg")
		jpeg, err := a.Authority.Picture(g.Request.Context(), g.Param("userId"), name)
		if err == nil && !named {
			err = auth.ErrNotFound
		}
		if errors.Is(err, auth.ErrNotFound) {
			g.Status(http.StatusNotFound)
			return
		}
		if err != nil {
			a.Log.Error("request failed", "requestId", requestID(g), "error", err)
			g.Status(http.StatusServiceUnavailable)
			return
		}
		g.Header("Cache-Control", "public, max-age=31536000, immutable")
		g.Header("Content-Security-Policy", "default-src 'none'; sandbox")
		g.Header("Cross-Origin-Resource-Policy", "cross-origin") // a front end elsewhere shows it, too
		g.Data(http.StatusOK, "image/jpeg", jpeg)
	})
}
