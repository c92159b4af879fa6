package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"usher/internal/store"
)

// StreamSettings bound the answers that go on; what is zero is as usual.
type StreamSettings struct {
	Beat       time.Duration // how often it is looked whether the caller may still listen, and the line is still there
	PerCaller  int           // how many one caller has at a time
	PerProcess int           // how many all have
}

// The usual settings. A beat is well within what proxies wait for (a minute, as nginx comes), and what it writes has
// writeWithin to get off.
const (
	usualBeat       = 15 * time.Second
	usualPerCaller  = 10
	usualPerProcess = 10_000
	writeWithin     = 10 * time.Second
)

const kindStream = "text/event-stream"

// A stream is an answer that goes on: server-sent events (HTML, section 9.2).
type stream struct {
	last  string // the id of the event before the first one
	wake  <-chan struct{}
	next  func(context.Context) ([]event, error) // what is new; an error ends the stream
	close func()
}

// An event has an id, by which a client that lost its connection goes on behind it, and what is written as JSON.
type event struct {
	id   string
	data any
}

// streams are those that are under way in this process.
type streams struct {
	set   StreamSettings
	ended chan struct{} // closed when all have to end
	end   func()

	mu  sync.Mutex
	of  map[string]int // by caller
	all int
}

func newStreams(set StreamSettings) *streams {
	set.Beat = cmp.Or(set.Beat, usualBeat)
	set.PerCaller, set.PerProcess = cmp.Or(set.PerCaller, usualPerCaller), cmp.Or(set.PerProcess, usualPerProcess)
	s := &streams{set: set, ended: make(chan struct{}), of: map[string]int{}}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	return s
}

// enter takes one of the places of a caller, which leave gives back.
func (s *streams) enter(who string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.of[who] >= s.set.PerCaller:
		return nil, errManyStreams
	case s.all >= s.set.PerProcess:
		return nil, errNoStreams
	}
	s.of[who]++
	s.all++
	return sync.OnceFunc(func() { s.leave(who) }), nil
}

func (s *streams) leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.of[who]--; s.of[who] == 0 {
		delete(s.of, who)
	}
}

// stream answers until the caller goes away, may listen no more, or the server stops. A client connects again by itself
// then, and learns why it may not.
func (a *api) stream(g *gin.Context, status int, s stream) {
	defer s.close()
	h := g.Writer.Header()
	h.Set("Content-Type", kindStream)
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	g.Status(status)
	g.Writer.WriteHeaderNow()
	if g.Request.Method == http.MethodHead {
		return
	}
	w := liveWriter{g.Writer, http.NewResponseController(g.Writer), a.Now}
	_ = w.line.SetReadDeadline(time.Time{}) // that of a request would end the answer
	if w.write("id: %s\n\n", s.last) != nil {
		return
	}
	beat := time.NewTicker(a.streams.set.Beat)
	defer beat.Stop()
	for a.pass(g.Request.Context(), w, s) == nil {
		select {
		case <-s.wake:
		case <-beat.C:
			if w.write(":\n\n") != nil {
				return
			}
		case <-g.Request.Context().Done():
			return
		case <-a.streams.ended:
			return
		}
	}
}

// pass writes what is new. While the store is away nothing is, and the stream waits for it: a browser that is refused
// once does not come again.
func (a *api) pass(ctx context.Context, w liveWriter, s stream) error {
	events, err := s.next(ctx)
	if errors.Is(err, store.ErrUnavailable) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range events {
		data, err := json.Marshal(e.data)
		if err != nil {
			return err
		}
		if err := w.write("id: %s\ndata: %s\n\n", e.id, data); err != nil {
			return err
		}
	}
	return nil
}

// A liveWriter writes at once, or fails.
type liveWriter struct {
	http.ResponseWriter
	line *http.ResponseController
	now  func() time.Time
}

func (w liveWriter) write(format string, values ...any) error {
	_ = w.line.SetWriteDeadline(w.now().Add(writeWithin)) // in the place of that of a whole answer
	if _, err := fmt.Fprintf(w, format, values...); err != nil {
		return err
	}
	return w.line.Flush()
}

// lastEvent is the number of the event that a client has had last, and -1 of one that begins. The contract has refused
// what is no number.
func (c *call) lastEvent() int64 {
	n, err := strconv.ParseInt(c.gin.GetHeader("Last-Event-ID"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
