package handlers_test

import "testing"

// Under the path of a room one browser is both, the guest and who he is by his account.
func TestABrowserKeepsItsSeatWithAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "true", "private")
		b := sc.tab()
		room := b.at(sc.id["alias"])
		const keep = "/v1/access/seat/keep"
		room.ok(200, "POST", "/v1/access/redeem", `{"accessToken":"{linkToken}","useCookies":true}`)
		room.ok(401, "POST", keep, "") // he has not signed in
		b.signIn()
		b.says(b.ok(422, "POST", keep, ""), "code", "invalid")
		room.says(room.ok(422, "POST", keep, "", "Authorization", "Bearer "+b.token["pupil"]), "code", "invalid")
		room.ok(401, "POST", keep, "", "Sec-Fetch-Site", "cross-site")
		room.ok(200, "GET", "/v1/access/seat", "")
		delete(b.jar.kept, "/room/"+sc.id["alias"]+" accessToken") // the session goes on by the other one

		room.says(room.ok(200, "POST", keep, ""), "role", "role_room_moderator")
		room.ok(401, "GET", "/v1/access/seat", "")
		b.says(b.ok(200, "GET", "/v1/users/me", ""), "id", sc.id["pupil"])
		b.says(b.ok(200, "POST", "/v1/spaces/{spaceId}/rooms/{roomId}/join", ""), "role", "role_room_moderator")

		room.ok(200, "POST", "/v1/access/redeem", `{"accessToken":"{linkToken}","useCookies":true}`) // on another seat
		room.says(room.ok(200, "POST", keep, ""), "role", "role_room_moderator")
		room.ok(200, "GET", "/v1/access/seat", "") // there was nothing to keep, and the seat goes on
		b.says(b.ok(410, "POST", keep, `{"guestToken":"x"}`), "code", "seat_over")
		b.says(b.ok(422, "POST", keep+"?guest_token=x", ""), "code", "token_in_query")
	})
}
