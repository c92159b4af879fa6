package auth

import (
	"cmp"
	"strings"
	"time"

	"usher/internal/store"
)

// WorkspaceRole is a role in the workspace. The zero value is none.
type WorkspaceRole string

// The roles in a workspace: one manages it, the other looks on.
const (
	Admin   WorkspaceRole = "role_workspace_admin"
	Support WorkspaceRole = "role_workspace_support"
)

// An Account is a user as others see one. What is not known of a user is empty.
type Account struct {
	ID            string
	Workspace     string
	Email         string
	Username      string
	ExternalID    string     // the integrator's own id of that person
	MemberType    MemberType // of an external user alone
	Phone         string
	Name          string
	ProfileURL    string
	EmailVerified bool
	Blocked       bool
	Role          WorkspaceRole
	Created       time.Time
	Seen          time.Time // when he last came: signed in, refreshed or entered a room; noted once an hour
}

// ShownName is what others see a user called. It is never the e-mail address.
func (u Account) ShownName() string { return cmp.Or(u.Name, u.Username, named(u.ExternalID)) }

// named is an external id in the place of a name.
func named(externalID string) string {
	letters := []rune(strings.TrimSpace(externalID))
	return string(letters[:min(len(letters), longestName)])
}

// account is a user as it is stored: also an anchor, whose "paused" is a block and whose "ended" is the end.
type account struct {
	ID            string    `store:"id"`
	Workspace     string    `store:"workspace"`
	Email         string    `store:"email"`
	Username      string    `store:"username"`
	ExternalID    string    `store:"externalId"`
	Phone         string    `store:"phone"`
	Name          string    `store:"name"`
	ProfileURL    string    `store:"profileUrl"`
	EmailVerified bool      `store:"emailVerified"`
	Epoch         string    `store:"epoch"`
	Created       time.Time `store:"created"`
	Ended         time.Time `store:"ended"`
	Paused        time.Time `store:"paused"`
	Seen          time.Time `store:"seen"`

	// An e-mail address that the user had, and can have again until then.
	HeldEmail string    `store:"heldEmail"`
	HeldUntil time.Time `store:"heldUntil"`

	// What only an external user has.
	MemberType MemberType `store:"memberType"`
	Updated    time.Time  `store:"updated"`
	keptToken
}

// UserIn is the account of a user, of whom another package has read the record at UserKey: false where there is no such
// user in the workspace, or no more. A blocked user is there. Role is not in that record, and so not filled in.
func (*Authority) UserIn(workspace, user string, rec store.Record) (Account, bool) {
	var u account
	if rec == nil || rec.Load(&u) != nil || u.ID != user || u.Workspace != workspace || !u.Ended.IsZero() {
		return Account{}, false
	}
	return u.seen(), true
}

// accountOf is the account of a user's record and of its role in the workspace. It returns ErrNotFound.
func (a *Authority) accountOf(workspace, user string, rec, staff store.Record) (Account, error) {
	account, ok := a.UserIn(workspace, user, rec)
	if !ok {
		return Account{}, ErrNotFound
	}
	account.Role = roleOf(staff)
	return account, nil
}

// seen is a user as others see one.
func (u account) seen() Account {
	return Account{
		ID: u.ID, Workspace: u.Workspace, Email: u.Email, Username: u.Username, ExternalID: u.ExternalID, MemberType: u.MemberType,
		Phone: u.Phone, Name: u.Name, ProfileURL: u.ProfileURL, EmailVerified: u.EmailVerified,
		Blocked: !u.Paused.IsZero(), Created: u.Created, Seen: u.Seen,
	}
}

// ShownNameIn is ShownName in the record at UserKey; a deleted user has none.
func ShownNameIn(user store.Record) string { return shownName(user) }

// shownName is ShownName of a user as stored.
func shownName(user store.Record) string {
	return cmp.Or(user["name"], user["username"], named(user["externalId"]))
}

func userHow(user store.Record) How {
	if user["emailVerified"] != "" {
		return ByVerifiedAccount
	}
	return ByAccount
}
