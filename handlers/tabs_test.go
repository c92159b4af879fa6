package handlers_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var whomFor = regexp.MustCompile(`name="for" value="([^"]+)"`)

// whom the first form of a page is about.
func (r reply) whom(t *testing.T) string {
	t.Helper()
	found := whomFor.FindStringSubmatch(r.raw)
	require.NotNil(t, found, r.raw)
	return found[1]
}

// Two links are opened in one browser, each in a tab of its own: the button of the first tab does nothing for whom the
// second one is about, and shows how it stands now.
func TestAButtonIsForWhomItsPageShowed(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.in(t).newScene(t, "true", "public")
		b := sc.guestBrowser()
		now := publicURL + b.room
		first := b.meets(200, sc.id["member link"]).whom(t)
		second := b.meets(200, sc.id["member owner link"]).whom(t)
		require.NotEqual(t, first, second)
		b.gets(303, now, b.presses("member", "for", first))
		require.Contains(t, b.looks(200).raw, "You are invited here as <strong><bdi>member owner<")
		require.Equal(t, []int{0, 0}, sc.membersHere())
		in := b.enters("member", "for", second)
		require.Equal(t, second, in.whom(t))
		for _, do := range []string{"leave", "again"} {
			b.gets(303, now, b.presses(do, "for", first))
			require.Contains(t, b.looks(200).raw, "You are in as <strong><bdi>member owner<", do)
		}
		b.gets(303, now, b.presses("leave", "for", second))

		address, _, _ := sc.link()
		first = b.opens(200, address).whom(t)
		address, _, _ = sc.link()
		second = b.opens(200, address).whom(t)
		before := sc.applies.Load()
		b.gets(303, now, b.presses("link", "for", first))
		require.Equal(t, before, sc.applies.Load(), "no seat is taken")
		b.enters("link", "for", second)
		b.gets(303, now, b.presses("leave"))

		b = sc.guestBrowser()
		signsInAs(b, "room-owner")
		first = b.looks(200).whom(t)
		require.Equal(t, sc.id["room owner"], first)
		signsInAs(b, "space-owner")
		b.gets(303, now, b.presses("self", "for", first))
		require.Contains(t, b.looks(200).raw, "Enter as space-owner")
		b.gets(303, now+"?as=self", b.presses("self", "for", sc.id["space owner"]))
	})
}

// Whoever sits in a room that is closed is told so, as a newcomer is, and is in again when it is open.
func TestAPageOfARoomThatWasClosed(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.in(t).newScene(t, "true", "open")
		byName, byLink, byMember := sc.guestBrowser(), sc.guestBrowser(), sc.guestBrowser()
		byName.looks(200)
		byName.enters("name", "name", "Joe")
		address, _, _ := sc.link()
		byLink.opens(200, address)
		byLink.enters("link")
		byMember.meets(200, sc.id["member link"])
		byMember.enters("member")
		all := map[string]guestBrowser{"by name": byName, "by link": byLink, "member": byMember}
		sc.fill("POST", "room owner", "/v1/spaces/{spaceId}/rooms/{roomId}/close", "")
		for how, b := range all {
			page := b.looks(403)
			require.Contains(t, page.raw, "This room is closed", how)
			require.NotContains(t, page.raw, "You are in as", how)
			require.NotContains(t, page.raw, "<button name=\"do\" value=\"again\"", how)
		}
		sc.fill("PUT", "room owner", "/v1/spaces/{spaceId}/rooms/{roomId}", `{"name":"Physics","isClosed":false}`)
		for how, b := range all {
			require.Contains(t, b.looks(200).raw, "You are in as", how)
		}
	})
}
