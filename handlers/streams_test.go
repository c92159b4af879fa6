package handlers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/handlers"
	"usher/internal/store"
)

// A hall is a scene on a server of its own, whose requests and answers may take far less time than a stream.
type hall struct {
	*scene
	server *httptest.Server
	store  *absent
}

// absent is a store that is away while it is told so.
type absent struct {
	store.Store
	now atomic.Bool
}

func (a *absent) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	if a.now.Load() {
		return nil, store.ErrUnavailable
	}
	return a.Store.Get(ctx, keys...)
}

const shortBeat = 20 * time.Millisecond

// onEachHall plays a test in a hall on each engine.
func onEachHall(t *testing.T, play func(h hall)) {
	t.Helper()
	t.Parallel()
	for engine, fresh := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			away := &absent{Store: fresh(t)}
			d := open(t, away, func(deps *handlers.Deps) {
				deps.Now = time.Now
				deps.Streams = handlers.StreamSettings{Beat: shortBeat, PerCaller: 2, PerProcess: 4}
			})
			h := hall{d.newScene(t, "true", "open"), httptest.NewUnstartedServer(d.api), away}
			h.server.Config.ReadTimeout, h.server.Config.WriteTimeout = 5*shortBeat, 5*shortBeat
			h.server.Start()
			t.Cleanup(h.server.Close)
			play(h)
		})
	}
}

// A line is a stream as a client reads it, or a refusal.
type line struct {
	testing.TB
	*bufio.Scanner
	status int
	header http.Header
	close  func()
}

// dial asks for a stream.
func (h hall) dial(actor, last string) *line {
	h.t.Helper()
	ctx, hangUp := context.WithCancel(h.t.Context())
	h.t.Cleanup(hangUp)
	path := h.names().Replace(inRoom + "/events")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.server.URL+path, http.NoBody)
	must(h.t, err)
	r.Header.Set("Authorization", "Bearer "+h.token[actor])
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	response, err := h.server.Client().Do(r)
	must(h.t, err)
	h.t.Cleanup(func() { _ = response.Body.Close() })
	return &line{h.t, bufio.NewScanner(response.Body), response.StatusCode, response.Header, hangUp}
}

// listen opens a stream that begins behind so many messages.
func (h hall) listen(actor, last, from string) *line {
	h.t.Helper()
	l := h.dial(actor, last)
	require.Equal(h.t, 200, l.status)
	require.Equal(h.t, "text/event-stream", l.header.Get("Content-Type"))
	require.Equal(h.t, "no", l.header.Get("X-Accel-Buffering"))
	require.Equal(h.t, "no-store", l.header.Get("Cache-Control"))
	require.Equal(h.t, "id: "+from, l.next())
	return l
}

// next is the next line that says something, or empty where the stream has ended.
func (l *line) next() string {
	for l.Scan() {
		if text := l.Text(); text != "" && text != ":" {
			return text
		}
	}
	require.NoError(l, l.Err(), "it ends as a whole")
	return ""
}

// beats waits for some beats.
func (l *line) beats(n int) {
	l.Helper()
	for n > 0 {
		require.True(l, l.Scan())
		if l.Text() == ":" {
			n--
		}
	}
}

// hears requires that a message comes next.
func (l *line) hears(id, text string) {
	l.Helper()
	require.Equal(l, "id: "+id, l.next())
	data, ok := strings.CutPrefix(l.next(), "data: ")
	require.True(l, ok)
	var m map[string]string
	require.NoError(l, json.Unmarshal([]byte(data), &m))
	require.Equal(l, [2]string{id, text}, [2]string{m["id"], m["text"]})
	require.Equal(l, "room-owner", m["name"])
}

// says has the room's owner send a message.
func (h hall) says(text string) {
	h.t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	must(h.t, err)
	require.Equal(h.t, 201, h.ask("room owner", "POST", inRoom+"/messages", string(body)).status)
}

// enters has somebody begin a session in the room.
func (h hall) enters(actor string) { h.t.Helper(); h.as(actor, "POST", inRoom+"/join", "") }

// A stream outlives what the server gives a request and its answer, and brings what is said; who lost it goes on where
// he was.
func TestAStreamBringsTheMessagesToARoom(t *testing.T) {
	onEachHall(t, func(h hall) {
		h.enters("guest")
		pupil, guest := h.listen("pupil", "", "0"), h.listen("guest", "", "0")
		pupil.beats(15)
		h.says("Page 12,\r\nplease <&>")
		pupil.hears("1", "Page 12,\r\nplease <&>")
		guest.hears("1", "Page 12,\r\nplease <&>")
		pupil.close()
		h.says("two")
		h.says("three")
		guest.hears("2", "two")
		guest.hears("3", "three")
		again := h.listen("pupil", "1", "1")
		again.hears("2", "two")
		again.hears("3", "three")
		require.Equal(h.t, 422, h.dial("pupil", "of another kind").status)
	})
}

// Nothing more comes to who is in the room no more, and the stream ends by itself.
func TestAStreamEndsWithTheStay(t *testing.T) {
	onEachHall(t, func(h hall) {
		require.Equal(h.t, 410, h.dial("room user", "").status, "he has not entered")
		for actor, end := range map[string]func(){
			"pupil":     func() { h.as("pupil", "DELETE", inRoom+"/join", "") },
			"guest":     func() { h.as("room owner", "POST", inRoom+"/kick", `{"seatId":"{guest}"}`) },
			"room user": func() { h.as("room user", "POST", "/v1/auth/logout", "") },
		} {
			h.enters(actor)
			l := h.listen(actor, "", "0")
			end()
			require.Empty(h.t, l.next(), actor)
			require.Contains(h.t, []int{401, 403, 410}, h.dial(actor, "").status, actor)
		}
	})
}

// Nobody holds more streams than he may, nor does everybody together; one that ends gives its place back.
func TestStreamsHaveABound(t *testing.T) {
	onEachHall(t, func(h hall) {
		one := h.listen("pupil", "", "0")
		h.listen("pupil", "", "0")
		require.Equal(h.t, 429, h.dial("pupil", "").status)
		for _, actor := range []string{"room user", "room monitor"} {
			h.enters(actor)
			h.listen(actor, "", "0")
		}
		h.enters("space user")
		require.Equal(h.t, 503, h.dial("space user", "").status)
		one.close()
		require.Eventually(h.t, func() bool { return h.dial("space user", "").status == 200 }, 10*time.Second, shortBeat)
	})
}

// A stream outlives a time without the store, of which it brings everything afterwards.
func TestAStreamWaitsForTheStore(t *testing.T) {
	onEachHall(t, func(h hall) {
		l := h.listen("pupil", "", "0")
		h.says("one")
		l.hears("1", "one")
		h.store.now.Store(true)
		l.beats(3)
		h.store.now.Store(false)
		h.says("two")
		l.hears("2", "two")
	})
}

// A server that stops ends its streams, and so comes to its own end.
func TestAServerThatStopsEndsItsStreams(t *testing.T) {
	onEachHall(t, func(h hall) {
		l := h.listen("pupil", "", "0")
		api, ok := h.api.(*handlers.Handler)
		require.True(h.t, ok)
		api.Drain()
		require.Empty(h.t, l.next())
		require.Empty(h.t, h.listen("pupil", "", "0").next(), "one that comes later ends, too")
		require.NoError(h.t, h.server.Config.Shutdown(h.t.Context()))
	})
}
