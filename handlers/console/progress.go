package console

import (
	"bytes"
	"net/http"
)

// fewSteps of a deed are done before anybody would want to see how far it is.
const fewSteps = 50

// An unfolding page is written piece by piece while a deed is done that takes long: how far it is, and in the end where to
// go on. That needs no script: the style sheet shows the last piece alone.
type unfolding struct {
	rest    []byte // of the page; while it is nil nothing has been written
	percent int
	left    bool // nobody reads it any more; the deed is done all the same
}

// A stage is what a piece tells.
type stage struct {
	Done, Of int
	To       string // where it goes on
	Problem  string
	ID       string // by which the log tells more of the problem
}

// tells of a deed how far it is.
func (v *visit) tells(done, of int) {
	percent := 100 * done / max(of, 1)
	if of <= fewSteps && v.rest == nil || percent == v.percent && v.rest != nil {
		return
	}
	if v.rest == nil {
		v.unfolds()
	}
	v.percent = percent
	v.piece("progress", stage{Done: done, Of: of})
}

// unfolds writes what of the page stands before the first piece.
func (v *visit) unfolds() {
	whole := v.draw(v, page{Title: v.route.doing, Tab: v.route.tab})
	before, rest, _ := bytes.Cut(whole, []byte("</main>"))
	v.rest = append([]byte("</main>"), rest...)
	v.gin.Header("Content-Type", pageKind)
	v.gin.Header("X-Accel-Buffering", "no") // nginx would hold the pieces back
	v.gin.Status(http.StatusOK)
	v.send(before)
}

// unfolded writes the end of the page, and that of the deed.
func (v *visit) unfolded(is done, err error) {
	if err != nil {
		told := v.Told(v.Call, err)
		v.piece("undone", stage{To: v.here(), Problem: sentence(told), ID: told.RequestID})
	} else {
		v.piece("done", stage{To: v.base + is.to})
	}
	v.send(v.rest)
}

func (v *visit) piece(name string, of stage) {
	v.send(v.fill(name, of))
}

func (v *visit) send(piece []byte) {
	if !v.left {
		v.left = v.Piece(v.Call, piece) != nil
	}
}
