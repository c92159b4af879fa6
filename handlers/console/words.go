package console

import (
	"strings"

	"usher/handlers/wire"
)

// notices say what was done, by the word in the address that the browser is led to.
var notices = map[string]string{
	"created":   "The user is created.",
	"saved":     "The changes are saved.",
	"blocked":   "The user is blocked, and signed out everywhere.",
	"unblocked": "The user may sign in again.",
	"deleted":   "The user is deleted.",
	"rotated":   "The user has a new access token.",

	"roomCreated": "The room is created.",
	"closed":      "The room is closed, and whoever was in it is out.",
	"reopened":    "The room is open again.",
	"roomDeleted": "The room is deleted.",
	"members":     "The users of the room are changed.",
	"banned":      "The user is out, and blocked in this room.",
	"unbanned":    "The block is lifted.",

	"revoked":       "The API key is revoked.",
	"client":        "The client is made.",
	"clientDeleted": "The client is deleted.",
	"invited":       "The invitation is on its way. A user whose address it is has the role already.",
	"uninvited":     "The invitation is taken back.",
	"inviteRevoked": "The invite is taken back.",
	"linkRevoked":   "The link is revoked.",
}

// things are what the parameters of addresses stand for.
var things = map[string]string{
	":userId": "user", ":roomId": "room", ":spaceId": "space", ":keyId": "API key", ":clientId": "client", ":inviteId": "invitation",
}

// problems say in the words of the console what the API says to programs.
var problems = map[string]string{
	"forbidden":          "Only an administrator may do that.",
	"not_found":          "There is no such thing, or not any more.",
	"no_such_path":       "There is no such page.",
	"no_such_method":     "There is nothing to send to this page.",
	"cross_origin":       "This came from a page of another site, and was not done.",
	"unavailable":        "The server cannot say at the moment. Try again.",
	"has_workspace_role": "The user is an administrator or support. Take that role away first.",
	"sole_owner":         "The user alone owns spaces, which need another owner first.",
	"email_taken":        "Another user has this e-mail address.",
	"external_id_taken":  "Another user has this User ID.",
	"username_taken":     "Another user has this username.",
	"wrong_password":     "That is not your password.",
	"client_stays":       "The workspace's own public client stays.",
	"beyond_rank":        "An owner of the room is not put out of it. Take that permission away first.",
	"user_banned":        "The user is blocked in this room. Unblock first.",
	"room_closed":        "The room is closed. Reopen it first.",
	"no_role":            "The user has no permission of his own in this room.",
	"not_banned":         "Nobody of the kind is blocked here.",
	"too_large":          "This is too large: an image has 10 MiB at most.",
	"last_admin":         "This is the last administrator: make another one first.",
	"mail_off":           "This server sends no mail. Make the user, and give the role to him.",
	"limited":            "Too many attempts. Wait a little, and try again.",
}

// fieldsOf are the fields that a problem is about which names none.
var fieldsOf = map[string]string{
	"wrong_password":    "password",
	"email_taken":       "email",
	"external_id_taken": "externalId",
	"username_taken":    "username",
	"too_large":         "image",
}

// reasons say what is wrong with a field, where the API's word is for who knows the field's name.
var reasons = map[string]string{
	"none":                        "Choose at least one.",
	"not a scope":                 "Choose some of these.",
	"not a role there":            "Choose one of these.",
	"not a role of a guest":       "Choose one of these.",
	"not a role of a workspace":   "Choose one of these.",
	"not guest, host or monitor":  "Choose one of these.",
	"not open, public or private": "Choose one of these.",
	"not one of these":            "Choose one of these.",
	"malformed":                   "What was sent cannot be read.",
	"not utf8":                    "What was sent cannot be read.",
}

// sentence is what people are told of a problem.
func sentence(p wire.Problem) string {
	said, ok := problems[p.Code]
	switch {
	case ok:
		return said
	case p.Field == "":
		return p.Detail
	}
	_, why, named := strings.Cut(p.Detail, ": ") // behind the field's name for programs
	if !named {
		return p.Detail
	}
	if said, ok := reasons[strings.TrimSuffix(why, ".")]; ok {
		return said
	}
	for _, bound := range []string{"1 to ", "at most "} {
		if strings.HasPrefix(why, "not "+bound) {
			return "Enter " + strings.TrimPrefix(why, "not ")
		}
	}
	return strings.ToUpper(why[:1]) + why[1:]
}
