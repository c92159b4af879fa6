package audit

import "time"

// A Type says what happened. It is a stable word.
type Type string

// What happens to people and what they come in with.
const (
	SignIn               Type = "sign_in"
	SignInRefused        Type = "sign_in_refused"
	GuesserBanned        Type = "guesser_banned" // for a while
	GuesserForgiven      Type = "guesser_forgiven"
	RefreshTheft         Type = "refresh_theft" // a refresh token came twice; its session is ended
	PasswordChanged      Type = "password_changed"
	PasswordRefused      Type = "password_refused" // a wrong old password
	PasswordReset        Type = "password_reset"
	MailRequested        Type = "mail_requested"
	EmailVerified        Type = "email_verified"
	EmailChanged         Type = "email_changed"
	EmailRestored        Type = "email_restored"
	UserCreated          Type = "user_created"
	UserUpdated          Type = "user_updated"
	UserBlocked          Type = "user_blocked"
	UserUnblocked        Type = "user_unblocked"
	UserDeleted          Type = "user_deleted"
	AccessTokenRotated   Type = "access_token_rotated"
	SessionEnded         Type = "session_ended"
	OtherSessionsEnded   Type = "other_sessions_ended"
	WorkspaceCreated     Type = "workspace_created"
	WorkspaceUpdated     Type = "workspace_updated"
	WorkspaceRoleChanged Type = "workspace_role_changed"
	StaffInvited         Type = "staff_invited"
	StaffUninvited       Type = "staff_uninvited"
	KeyRotated           Type = "key_rotated"
	KeyRevoked           Type = "key_revoked"
	APIKeyCreated        Type = "api_key_created"
	APIKeyRevoked        Type = "api_key_revoked"
	ClientCreated        Type = "client_created"
	ClientDeleted        Type = "client_deleted"
)

// What happens in spaces and rooms, and at their doors.
const (
	SpaceCreated       Type = "space_created"
	SpaceUpdated       Type = "space_updated"
	SpaceDeleted       Type = "space_deleted"
	SpaceRoleChanged   Type = "space_role_changed"
	MemberRemoved      Type = "member_removed"
	SpaceBanned        Type = "space_banned"
	SpaceUnbanned      Type = "space_unbanned"
	RoomCreated        Type = "room_created"
	RoomUpdated        Type = "room_updated"
	RoomClosed         Type = "room_closed"
	RoomReopened       Type = "room_reopened"
	RoomWebhookChanged Type = "room_webhook_changed"
	RoomDeleted        Type = "room_deleted"
	RoleGranted        Type = "role_granted"
	RoleRevoked        Type = "role_revoked"
	Kicked             Type = "kicked"
	Banned             Type = "banned"
	Unbanned           Type = "unbanned"
	EntryRefused       Type = "entry_refused"

	InviteCreated Type = "invite_created"
	InviteSent    Type = "invite_sent"
	InviteRevoked Type = "invite_revoked"
	InviteUsed    Type = "invite_used"
	LinkCreated   Type = "link_created"
	LinkUpdated   Type = "link_updated"
	LinkRevoked   Type = "link_revoked"
	LinkReplaced  Type = "link_replaced"
	LinkPINPaused Type = "link_pin_paused"
	SeatMoved     Type = "seat_moved"
	LinkRedeemed  Type = "link_redeemed"
	LinkRefused   Type = "link_refused"
	GuestJoined   Type = "guest_joined" // through an open room's door
	SeatKept      Type = "seat_kept"
)

// Types are all of them, each with what it says.
var Types = []struct {
	Type Type
	Says string
}{
	{SignIn, "Somebody signed in; the actor is the user or the client."},
	{SignInRefused, "Somebody was not let in: `unknown_account`, `wrong_password`, `blocked`, `wrong_secret`. Nothing is kept of what was typed."},
	{GuesserBanned, "Somebody guessed too often, and has to wait; the reason is the limit and what it counts by."},
	{GuesserForgiven, "The operator has lifted that."},
	{RefreshTheft, "A refresh token came twice, and so is in two hands; its session has ended."},
	{SessionEnded, "A session was ended: by who had it, or by another session or the client that it was of. The subject is the session."},
	{OtherSessionsEnded, "A user ended all sessions but the one of the event."},
	{PasswordChanged, "A password was changed, by its owner or by the operator."},
	{PasswordRefused, "Somebody who was signed in said a wrong password."},
	{PasswordReset, "A forgotten password was replaced by who reads the mail of the account, which ended all sessions."},
	{MailRequested, "A user asked for a mail to `verify` the e-mail address by, or to `change` it."},
	{EmailVerified, "An e-mail address was verified by who reads its mail."},
	{EmailChanged, "The e-mail address of an account was changed by who reads the mail of the new one."},
	{EmailRestored, "That was undone by who reads the mail of the address before, with a new password, which ended all sessions."},
	{UserCreated, "An account was made."},
	{UserUpdated, "An account was changed."},
	{UserBlocked, "An account was blocked."},
	{UserUnblocked, "A block was lifted."},
	{UserDeleted, "An account was deleted."},
	{AccessTokenRotated, "A user whom an integrator keeps got another access token, and the one before is worth nothing."},
	{WorkspaceCreated, "The workspace was made, with its first administrator."},
	{WorkspaceUpdated, "The workspace's name, or the page of its rooms, was changed."},
	{WorkspaceRoleChanged, "A role in the workspace was given, or taken where there is none. The reason is `invited` where an invite was for it."},
	{StaffInvited, "Somebody was invited by mail to have a role in the workspace; the subject is the user to be."},
	{StaffUninvited, "Such an invite was taken back."},
	{KeyRotated, "A key that signs, or that refresh tokens hang on, takes over. It belongs to the installation, as the next does."},
	{KeyRevoked, "Such a key was taken away, and everything signed by it."},
	{APIKeyCreated, "An API key was made."},
	{APIKeyRevoked, "An API key was revoked."},
	{ClientCreated, "A client was made."},
	{ClientDeleted, "A client was deleted, and all its sessions ended."},
	{SpaceCreated, "A space was made."},
	{SpaceUpdated, "A space was changed."},
	{SpaceDeleted, "A space was deleted, with all its rooms."},
	{SpaceRoleChanged, "A member's role was changed."},
	{MemberRemoved, "A member was removed, or left."},
	{SpaceBanned, "Somebody was banned from a space."},
	{SpaceUnbanned, "A ban from a space was lifted."},
	{RoomCreated, "A room was made."},
	{RoomUpdated, "A room was changed."},
	{RoomClosed, "A room was closed. By nobody, and with `time_used_up` as its reason, it was where its time for meetings was over."},
	{RoomReopened, "A room that was closed was opened again."},
	{RoomWebhookChanged, "The server that a room tells who comes and goes was named, changed or removed."},
	{RoomDeleted, "A room was deleted."},
	{RoleGranted, "A role in a room was given."},
	{RoleRevoked, "A role in a room was taken."},
	{Kicked, "A user or a seat was put out of a room."},
	{Banned, "A user or a seat was banned from a room."},
	{Unbanned, "A ban from a room was lifted."},
	{EntryRefused, "Somebody was not let into a room; the reason is the one that decided, the last in the answer."},
	{InviteCreated, "An invite was made. Its id is not told: unspent it is worth something."},
	{InviteSent, "An invite was mailed once more, and waits anew."},
	{InviteRevoked, "An invite was taken back."},
	{InviteUsed, "An invite was used. The id of one that lets in several is not told."},
	{LinkCreated, "A guest link was made."},
	{LinkUpdated, "A guest link was changed."},
	{LinkRevoked, "A guest link was revoked."},
	{LinkReplaced, "A guest link got another token, and the one before is worth nothing."},
	{SeatMoved, "A seat was ended, so that its owner can take its place in another browser."},
	{LinkPINPaused, "Ten wrong PINs were said at a guest link, which lets nobody new in for 15 minutes."},
	{LinkRedeemed, "A guest took a seat by a link; the actor is the seat."},
	{LinkRefused, "A link gave no seat; the reason is the code of the answer."},
	{GuestJoined, "A guest came through an open room's door."},
	{SeatKept, "A user keeps the role of the seat that he had as a guest; the subject is the seat. The reason is `invited` where he became a user of the space by it."},
}

// An Event is what happened. It holds ids and words of ours, and of what comes from outside only the Origin: no name,
// no address of a person, nothing that opens anything.
type Event struct {
	ID        string    // 24 hex digits; one event is kept under one id, however often it is appended
	At        time.Time `store:"at"`
	Type      Type      `store:"type"`
	ActorKind string    `store:"kind"`  // as in tokens; "" is nobody, Operator whoever runs the program
	Actor     string    `store:"actor"` // who did it
	Session   string    `store:"session"`
	Subject   string    `store:"subject"` // the user, seat, link, client or key that it was done to
	Space     string    `store:"space"`
	Room      string    `store:"room"`
	Role      string    `store:"role"`   // which was given
	Reason    string    `store:"reason"` // of a refusal

	Address   string `store:"address"`
	RequestID string `store:"request"`
	UserAgent string `store:"agent,4"`
}

// Operator is the ActorKind of whoever has the program itself.
const Operator = "operator"
