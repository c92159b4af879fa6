package handlers_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A class sits behind one address, and the clock of its door stands still: whatever it does is done within a second.
type class struct {
	*door
	admin, client, inRoom string
	mu                    sync.Mutex
	answers               map[string]int // how often each status came, with its code
}

const pupils = 30

func (d *door) class() *class {
	d.t.Helper()
	admin, c := d.workspace("school")
	space := d.ok(201, admin, "POST", "/v1/spaces", `{"name":"Class 7"}`).text("id")
	room := d.ok(201, admin, "POST", "/v1/spaces/"+space+"/rooms", `{"name":"Monday"}`).text("id")
	return &class{door: d, admin: admin, client: c.PublicClient, inRoom: "/v1/spaces/" + space + "/rooms/" + room}
}

// links are the bodies that redeem a link for each pupil.
func (c *class) links() (bodies []string) {
	c.t.Helper()
	for i := range pupils {
		link := c.ok(201, c.admin, "POST", c.inRoom+"/generate-access", fmt.Sprintf(`{"username":"Pupil %d","role":"user","ttl":3600}`, i))
		at, err := url.Parse(link.text("url"))
		must(c.t, err)
		bodies = append(bodies, `{"accessToken":"`+at.Query().Get("accessToken")+`"}`)
	}
	return bodies
}

func (c *class) asks(path, body string) {
	c.t.Helper()
	r := c.do("", "POST", path, body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[strings.TrimSpace(fmt.Sprint(r.status, " ", r.text("code")))]++
}

// atOnce lets every pupil do something, all at once, and requires what comes of it.
func (c *class) atOnce(want map[string]int, do func(pupil int)) {
	c.t.Helper()
	c.answers = map[string]int{}
	var all sync.WaitGroup
	for i := range pupils {
		all.Go(func() { do(i) })
	}
	all.Wait()
	if !maps.Equal(want, c.answers) {
		c.t.Errorf("the answers are %v, want %v", c.answers, want)
	}
}

const redeem, preview, token = "/v1/access/redeem", "/v1/access/preview", "/v1/auth/token"

// TestAClassGetsInBesideAGuesser: thirty guests redeem thirty links from one address within a second, and somebody who
// guesses behind the same address meets his limit and disturbs nobody.
func TestAClassGetsInBesideAGuesser(t *testing.T) {
	onEach(t, func(_ *testing.T, d *door) {
		c := d.class()
		links := c.links()
		guess := strings.ReplaceAll(links[0], links[0][len(links[0])-30:], strings.Repeat("a", 28)+`"}`)
		c.atOnce(map[string]int{"404 link_unknown": 20, "429 limited": 10}, func(int) { c.asks(redeem, guess) })
		c.atOnce(map[string]int{"429 limited": 30, "200": 60}, func(i int) {
			c.asks(redeem, guess)
			c.asks(preview, links[i])
			c.asks(redeem, links[i])
		})
	})
}

// TestAClassThatComesLate is told so, as often as it tries, and not that it tried too often.
func TestAClassThatComesLate(t *testing.T) {
	onEach(t, func(_ *testing.T, d *door) {
		c := d.class()
		links := c.links()
		d.clock.Add(time.Hour.Milliseconds())
		c.atOnce(map[string]int{"200": 120, "410 link_expired": 120}, func(i int) {
			for range 4 {
				c.asks(preview, links[i]) // whose state is "expired"
				c.asks(redeem, links[i])
			}
		})
	})
}

// TestAClassSignsInAndMistypes: thirty pupils who are new at this address sign in at once, each at the third attempt.
func TestAClassSignsInAndMistypes(t *testing.T) {
	onEach(t, func(_ *testing.T, d *door) {
		c := d.class()
		for i := range pupils {
			c.ok(201, c.admin, "POST", "/v1/users", fmt.Sprintf(`{"email":"p%d@school.test","username":"Pupil %d","password":"`+goodPass+`"}`, i, i))
		}
		as := func(i int, password string) string {
			return fmt.Sprintf(`{"grant_type":"password","client_id":%q,"username":"Pupil %d","password":%q}`, c.client, i, password)
		}
		c.atOnce(map[string]int{"200": 30, "400 invalid_grant": 60}, func(i int) {
			c.asks(token, as(i, "mistyped"))
			c.asks(token, as(i, goodPass+" "))
			c.asks(token, as(i, goodPass))
		})
	})
}

// TestGuessingTellsNothingOfAnAccount: one that is there, and whose owner is known elsewhere, answers every guess as one
// that is not, before the limit and beyond it.
func TestGuessingTellsNothingOfAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		_, c := d.workspace("school")
		guesses := func(user string) (answers []string) {
			for i := range 110 {
				r := httptest.NewRequestWithContext(t.Context(), "POST", publicURL+token, strings.NewReader(
					`{"grant_type":"password","client_id":"`+c.PublicClient+`","username":"`+user+`","password":"guessed it"}`))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Request-Id", "guess")
				r.RemoteAddr = fmt.Sprintf("203.0.113.%d:80", i)
				got := d.send(r)
				answers = append(answers, fmt.Sprint(got.status, got.header, got.raw))
			}
			return answers
		}
		there, not := guesses(c.AdminEmail), guesses("nobody@school.test")
		for i := range there {
			if there[i] != not[i] {
				t.Fatalf("guess %d:\n%s\n%s", i, there[i], not[i])
			}
		}
		if !strings.HasPrefix(there[99], "400") || !strings.HasPrefix(there[100], "429") {
			t.Errorf("the limit is elsewhere: %s\n%s", there[99], there[100])
		}
		d.signIn(c.PublicClient, c.AdminEmail)
	})
}
