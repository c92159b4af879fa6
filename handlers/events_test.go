package handlers_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"usher/internal/audit"
	"usher/internal/store/storetest"
)

// unrecorded are the operations that may change something and leave no event, and why.
var unrecorded = map[string]string{
	"introspectToken": "it changes nothing",
	"previewAccess":   "it spends nothing",
	"forgotPassword":  "it changes nothing, and an event would tell who is there",
	"joinRoom":        "whoever may enter a room asks for its token every few minutes",
	"leaveRoom":       "the room itself remembers who was there",
	"reportPresence":  "the same",
	"sendRoomMessage": "what is said in a room is its own",
}

// TestWhatIsAcknowledgedHasItsEvent asks for everything that changes something, as whoever may, while the audit log is
// away, and then again. Nothing is acknowledged without its event, and what is acknowledged then has it.
func TestWhatIsAcknowledgedHasItsEvent(t *testing.T) {
	t.Parallel()
	for engine, fresh := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			away := new(atomic.Bool)
			s := storetest.Deaf{Store: fresh(t), Away: away}
			d := open(t, s)
			completed := 0
			for _, row := range rows {
				if row.method == "GET" || unrecorded[row.operation] != "" {
					continue
				}
				sc := d.newScene(t, "true", "open")
				actor := sc.whoMay(row.method, row.path, row.body)
				sc = d.newScene(t, "true", "open")
				sc.mails()
				away.Store(true)
				before := sc.events()
				if r := sc.ask(actor, row.method, row.path, row.body); r.status != 503 {
					t.Errorf("%s without a log: %d\n%s", row.operation, r.status, r.raw)
				}
				away.Store(false)
				r := sc.ask(actor, row.method, row.path, row.body)
				if got := sc.events(); r.status < 300 && got <= before {
					t.Errorf("%s is acknowledged, and has no event", row.operation)
				} else if r.status < 300 {
					completed++
				} else if r.status >= 300 && got <= before {
					t.Errorf("%s is not acknowledged the second time either (%d), and what it did has no event", row.operation, r.status)
				}
			}
			if completed < 25 {
				t.Errorf("only %d operations could be repeated", completed)
			}
		})
	}
}

// whoMay is the first who gets something done.
func (sc *scene) whoMay(method, path, body string) string {
	sc.t.Helper()
	for _, actor := range []string{"nobody", "guest", "outsider", "space owner", "room owner", "administrator"} {
		if sc.ask(actor, method, path, body).status < 300 {
			return actor
		}
	}
	sc.t.Fatalf("nobody may %s %s", method, path)
	return ""
}

// events is how many events the workspace has.
func (sc *scene) events() (n int) {
	sc.t.Helper()
	for after := ""; ; {
		page := sc.ask("administrator", "GET", "/v1/audit?limit=100"+after, "")
		if page.status != 200 {
			sc.t.Fatalf("the audit log: %d", page.status)
		}
		items, _ := page.body["items"].([]any)
		n += len(items)
		next := page.text("next")
		if next == "" {
			return n
		}
		after = "&after=" + next
	}
}

// TestNoEventHoldsASecret looks through what a whole scene and all operations on it leave behind.
func TestNoEventHoldsASecret(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "open")
		for _, row := range rows {
			if repeatable(row.method, row.operation) && row.operation != "roomEvents" { // which does not end by itself
				sc.ask(sc.whoMay(row.method, row.path, row.body), row.method, row.path, row.body)
			}
		}
		var kept strings.Builder
		types := map[string]bool{}
		for after := ""; ; {
			page := sc.fill("GET", "administrator", "/v1/audit?limit=100"+after, "")
			kept.WriteString(page.raw)
			items, _ := page.body["items"].([]any)
			for _, item := range items {
				types[fmt.Sprint(item.(map[string]any)["type"])] = true
			}
			if page.text("next") == "" {
				break
			}
			after = "&after=" + page.text("next")
		}
		for _, want := range []audit.Type{audit.SignIn, audit.RoleGranted, audit.InviteUsed, audit.LinkRedeemed, audit.SpaceBanned} {
			if !types[string(want)] {
				t.Errorf("no %s among %v", want, types)
			}
		}
		secrets := []string{goodPass, sc.id["secret"], sc.id["linkToken"], sc.id["inviteId"], "@here.test", "@moved.test", "Passer-by"}
		for _, token := range sc.token {
			secrets = append(secrets, token)
		}
		for _, secret := range secrets {
			if secret != "" && strings.Contains(kept.String(), secret) {
				t.Errorf("the audit log holds %q", secret)
			}
		}
	})
}
