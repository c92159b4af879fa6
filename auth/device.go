package auth

import (
	"strings"
	"unicode"

	"github.com/mileusna/useragent"
)

const longestDevice = 64 // bytes

// device says in a few words what a User-Agent says of a device, such as "Firefox on Windows": for people who look for
// a session that is not theirs. It is what the client says of itself, and no proof of anything.
func device(agent string) string {
	ua := useragent.Parse(agent)
	text := ua.Name
	if text != "" && ua.OS != "" {
		text += " on " + ua.OS
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(strings.ToValidUTF8(text[:min(len(text), longestDevice)], ""))
}
