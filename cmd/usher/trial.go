package main

import (
	"strings"

	"usher/auth"
)

// Four lines of sh: they sign in, and go from a space over a room to a link that lets a guest into it. An answer that
// is no success is printed as it is.
const lines = `TOKEN=$(BEFORE curl -s URL/v1/auth/token -d grant_type=password --data-urlencode username=EMAIL --data-urlencode password=PASSWORD | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); echo "signed in: $TOKEN"
SPACE=$(CURL -d '{"name":"School"}' URL/v1/spaces | sed 's/.*"id":"\([^"]*\)".*/\1/'); echo "space: $SPACE"
ROOM=$(CURL -d '{"name":"Algebra"}' URL/v1/spaces/$SPACE/rooms | sed 's/.*"id":"\([^"]*\)".*/\1/'); echo "room: $ROOM"
CURL -d '{"username":"JohnSmith","role":"user"}' "URL/v1/spaces/$SPACE/rooms/$ROOM/generate-access?qrCode=none"
`

const authorised = `curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'`

// trial are the lines with the credentials in them.
func trial(server string, c auth.Credentials) string {
	return strings.NewReplacer("CURL", authorised, "URL", server,
		"BEFORE ", "", "EMAIL", quote(c.AdminEmail), "PASSWORD", quote(c.AdminPassword.Reveal())).Replace(lines)
}

// trialFrom are the lines with the credentials in a file of assignments.
func trialFrom(server, path string) string {
	return strings.NewReplacer("CURL", authorised, "URL", server,
		"BEFORE", ". "+quote(path)+" &&", "EMAIL", `"$ADMIN_EMAIL"`, "PASSWORD", `"$ADMIN_PASSWORD"`).Replace(lines)
}
