package handlers_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// Who manages a link or an invite sees who used it and who was refused, by the code of the answer, as JSON in pages and
// as a file that holds everything.
func TestTheLedgersAreRead(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		const room = "/v1/spaces/{spaceId}/rooms/{roomId}"
		link := sc.as("room owner", "POST", room+"/generate-access", `{"username":"=1+1","role":"user"}`)
		sc.keep("link", link, "id")
		redeem := func(key string) reply {
			sc.clock.Add(1)
			return sc.ask("nobody", "POST", "/v1/access/redeem", `{"accessToken":"`+tokenOf(link)+`","seatKey":"`+key+`"}`)
		}
		seat := redeem("a-key-of-22-characters")
		refused := []string{redeem("another-key-of-22-chars").text("code")}
		sc.as("room owner", "PATCH", room+"/access-links/{link}", `{"paused":true}`)
		refused = append(refused, redeem("a-key-of-22-characters").text("code"))
		sc.clock.Add(25 * 3600 * 1000)
		refused = append(refused, redeem("a-key-of-22-characters").text("code"))
		sc.token["room owner"] = sc.signIn(sc.id["web"], "room-owner") // the other has expired
		sc.as("room owner", "DELETE", room+"/access-links/{link}", "")
		refused = append(refused, redeem("a-key-of-22-characters").text("code"))

		const ledger = room + "/access-links/{link}/ledger"
		var reasons []string
		var last map[string]any
		for query := "?limit=2"; ; {
			page := sc.as("room owner", "GET", ledger+query, "")
			for _, item := range page.body["items"].([]any) {
				last, _ = item.(map[string]any)
				if reason, ok := last["reason"].(string); ok {
					reasons = append(reasons, reason)
				}
			}
			if page.text("next") == "" {
				break
			}
			query = "?limit=2&after=" + page.text("next")
		}
		slices.Reverse(reasons)
		if !slices.Equal(reasons, refused) || !slices.Equal(refused, []string{"link_used", "link_paused", "link_expired", "link_revoked"}) {
			t.Errorf("answered %v, written down %v", refused, reasons)
		}
		sc.says(reply{body: last}, "outcome", "admitted", "seatId", seat.text("seatId"), "name", "=1+1", "address", "192.0.2.1", "reason", nil)

		inHeader := sc.do(sc.token["room owner"], "GET", sc.names().Replace(ledger), "", "Accept", "text/csv")
		file := sc.as("room owner", "GET", ledger+"?format=csv&limit=1", "")
		if file.raw != inHeader.raw || file.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
			file.header.Get("Content-Disposition") != `attachment; filename="`+sc.id["link"]+`.csv"` {
			t.Errorf("%v\n%s", file.header, file.raw)
		}
		rows, err := csv.NewReader(strings.NewReader(file.raw)).ReadAll()
		must(t, err)
		if len(rows) != 6 || strings.Join(rows[0], " ") != "at outcome reason seatId name address browser" || rows[5][4] != "'=1+1" ||
			rows[1][2] != "link_revoked" || rows[5][3] != seat.text("seatId") {
			t.Errorf("%q", rows)
		}
		if got := sc.do(sc.token["room owner"], "GET", sc.names().Replace(ledger)+"?format=json", "", "Accept", "text/csv"); got.body["items"] == nil {
			t.Errorf("the parameter decides: %s", got.raw)
		}

		sc.id["inviteId"] = sc.id["invite of pupil"]
		sc.token["space owner"] = sc.signIn(sc.id["web"], "space-owner")
		file = sc.as("space owner", "GET", invited+"/{inviteId}/ledger?format=csv", "")
		if !strings.Contains(file.raw, "admitted,,"+sc.id["pupil"]+",pupil,") || strings.Contains(file.raw, "@") {
			t.Errorf("%s", file.raw)
		}
	})
}

// Whoever manages a void link is told how its issuer lost the right to issue it, and by whom.
func TestALinkSaysWhyItIsVoid(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		const room = "/v1/spaces/{spaceId}/rooms/{roomId}"
		sc.as("room owner", "POST", room+"/roles", `{"targetUserId":"{room moderator}","role":"role_room_user"}`)
		link := sc.as("room owner", "GET", room+"/access-links/{linkId}", "")
		sc.says(link, "state", "void", "issuedBy", sc.id["room moderator"], "issuerName", "room-moderator")
		why, _ := link.body["voidReason"].(map[string]any)
		sc.says(reply{body: why}, "code", "demoted", "from", "room", "by", sc.id["room owner"])
		sc.as("space owner", "DELETE", "/v1/spaces/{spaceId}/members/{space moderator}", "")
		why, _ = sc.as("space owner", "GET", invited+"/{inviteId}", "").body["voidReason"].(map[string]any)
		sc.says(reply{body: why}, "code", "removed", "from", "space", "by", sc.id["space owner"])
	})
}
