package roles

import (
	"cmp"
	"slices"

	"usher/auth"
)

// NewRoom is what one asks for where one makes or changes a room; what is left empty stays, or is as in unsaid. Public
// is the older way to say Access.
type NewRoom struct {
	Name                string
	Type                Type
	ScreenSharing, Chat *bool
	MaxMeeting          *int64 // seconds; zero for no bound
	Access              Access
	Public              *bool
	Closed              *bool // of a room that there is
	Members             []NewAttendee
	Webhook             *Webhook // of a room that is made
}

// unsaid is what a new room is like where nothing is said of it.
var unsaid = Room{RoomDetails: RoomDetails{Type: Lesson, ScreenSharing: true, Chat: true}}

// over is what will be said of a room, and whom it will let in, where was is how it is so far. It is an auth.FieldError
// for a name that is none, and for two ways of saying the access that contradict each other.
func (in NewRoom) over(was Room) (RoomDetails, Access, error) {
	details, err := in.details(was.RoomDetails)
	if err != nil {
		return details, "", err
	}
	access, err := in.access(was.Access)
	return details, access, err
}

func (in NewRoom) details(was RoomDetails) (RoomDetails, error) {
	var err error
	if in.Name != "" || was.Name == "" {
		was.Name, err = auth.ShownName("name", in.Name)
	}
	was.Type = cmp.Or(in.Type, was.Type)
	if in.ScreenSharing != nil {
		was.ScreenSharing = *in.ScreenSharing
	}
	if in.Chat != nil {
		was.Chat = *in.Chat
	}
	if in.MaxMeeting != nil {
		was.MaxMeeting = *in.MaxMeeting
	}
	return was, err
}

// access is whom the room will let in; was is whom it lets in so far, empty for a new room, which is private unless
// something else is asked for. Where nothing is asked for, a room stays as it is: a new name shuts nobody out. Public
// true leaves an open room open.
func (in NewRoom) access(was Access) (Access, error) {
	if in.Access != "" && !slices.Contains([]Access{Open, Public, Private}, in.Access) {
		return "", &auth.FieldError{Field: "/access", Reason: "not open, public or private"}
	}
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
