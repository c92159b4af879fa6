package roles

import (
	"cmp"

	"usher/auth"
)

// NewRoom is what one asks for where one makes or changes a room; what is left empty stays, or is as in unsaid. Public
// is the older way to say Access.
type NewRoom struct {
	Name                string
	Type                Type
	ScreenSharing, Chat *bool
	Access              Access
	Public              *bool
}

// unsaid is what a new room is like where nothing is said of it.
var unsaid = RoomDetails{Type: Lesson, ScreenSharing: true, Chat: true}

// details are what will be said of a room of which was was said so far.
func (in NewRoom) details(was RoomDetails) RoomDetails {
	was.Name, was.Type = in.Name, cmp.Or(in.Type, was.Type)
	if in.ScreenSharing != nil {
		was.ScreenSharing = *in.ScreenSharing
	}
	if in.Chat != nil {
		was.Chat = *in.Chat
	}
	return was
}

// access is whom the room will let in; was is whom it lets in so far, empty for a new room, which is private unless
// something else is asked for. Where nothing is asked for, a room stays as it is: a new name shuts nobody out. Public
// true leaves an open room open. It is an auth.FieldError where the two ways contradict each other.
func (in NewRoom) access(was Access) (Access, error) {
	switch {
	case in.Public == nil:
		return cmp.Or(in.Access, was, Private), nil
	case in.Access != "" && *in.Public != (in.Access != Private):
		return "", &auth.FieldError{Field: "/isPublic", Reason: "contradicts access"}
	case in.Access != "":
		return in.Access, nil
	case !*in.Public:
		return Private, nil
	case was == Open:
		return Open, nil
	}
	return Public, nil
}
