package auth

import (
	"strings"
	"unicode"

	"github.com/mileusna/useragent"
)

// In bytes.
const (
	longestDevice  = 64
	longestBrowser = 20
)

// device says in a few words what a User-Agent says of a device, such as "Firefox on Windows": for people who look for
// a session that is not theirs. It is what the client says of itself, and no proof of anything.
func device(agent string) string {
	ua := useragent.Parse(agent)
	text := ua.Name
	if text != "" && ua.OS != "" {
		text += " on " + ua.OS
	}
	return legible(text, longestDevice)
}

// Browser is the family of a browser, such as "Firefox", as its User-Agent says it; empty where it says none.
func Browser(agent string) string { return legible(useragent.Parse(agent).Name, longestBrowser) }

// legible is what can be printed of the beginning of a text, up to so many bytes.
func legible(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(strings.ToValidUTF8(text[:min(len(text), most)], ""))
}
