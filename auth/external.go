package auth

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// A MemberType is what a user becomes in a room where nobody has said what he is to be there.
type MemberType string

// The types of members: one takes part, one has a say in the meeting, one only watches.
const (
	GuestMember   MemberType = "guest"
	HostMember    MemberType = "host"
	MonitorMember MemberType = "monitor"
)

// An External is a user whom an integrator keeps: under an id of the integrator's own, and with an access token that
// leads into rooms, in the place of a password. He has no e-mail address, no username and no role in the workspace, and
// gets none: whoever holds the token of a user could otherwise be more than a member of rooms.
type External struct {
	Account
	AccessToken secret.String // empty for those who may not see it
	Updated     time.Time
}

// An ExternalPatch says what an external user is to be. What is nil stays as it is, or is what it begins with: the
// external id as the name, no picture, a guest. An empty Name makes the external id the name again.
type ExternalPatch struct {
	Name, ProfileURL *string
	MemberType       *MemberType
}

// longestExternalID is how many characters an integrator's own id may have.
const longestExternalID = 255

// checkExternalID takes an id as it is, byte for byte: it may hold spaces, brackets and slashes, and letters of any
// script. As it is shown where there is no name, there must be something to see, and nothing hidden.
func checkExternalID(id string) error {
	plain := joiners.Replace(id)
	if utf8.RuneCountInString(id) > longestExternalID || strings.TrimSpace(plain) == "" || !visible(id) && !visible(plain) {
		return &FieldError{"externalId", "not 1 to 255 characters that can be seen"}
	}
	return nil
}

// on is the account that a patch makes of another.
func (p ExternalPatch) on(u account) (account, error) {
	u, err := UserPatch{Name: p.Name, ProfileURL: p.ProfileURL}.on(u)
	if err == nil && p.MemberType != nil {
		u.MemberType = *p.MemberType
	}
	u.MemberType = cmp.Or(u.MemberType, GuestMember)
	if !slices.Contains([]MemberType{GuestMember, HostMember, MonitorMember}, u.MemberType) {
		err = cmp.Or(err, error(&FieldError{"defaultMemberType", "not guest, host or monitor"}))
	}
	return u, err
}

// mayIntegrate says whether the caller, who may read external users, or change them, may also see their tokens: an API
// key that may change them, and an administrator. It returns ErrWrongToken, ErrForbidden.
func (a *Authority) mayIntegrate(ctx context.Context, who Identity, changes bool) (seesTokens bool, err error) {
	if who.Kind == Key {
		_, _, err := a.Get(ctx, who)
		return who.Scopes.Allow("users:write"), err
	}
	recs, err := a.myself(ctx, who)
	if err != nil {
		return false, err
	}
	role := roleOf(recs[1])
	if role != Admin && (role != Support || changes) {
		err = ErrForbidden
	}
	return role == Admin, err
}

// ExternalUser is the external user of a workspace who has exactly this id, without his token. Who may ask is for the
// caller of ExternalUser to know. It returns ErrNotFound.
func (a *Authority) ExternalUser(ctx context.Context, workspace, externalID string) (External, error) {
	u, _, err := a.external(ctx, workspace, externalID)
	return u.external(), err
}

func (a *Authority) external(ctx context.Context, workspace, externalID string) (account, store.Record, error) {
	var u account
	if checkExternalID(externalID) != nil {
		return u, nil, ErrNotFound
	}
	rec, err := a.lookUp(ctx, name{workspace, byExternal, externalID})
	if err == nil {
		err = rec.Load(&u)
	}
	return u, rec, err
}

// external is an external user as others see one, without the token.
func (u account) external() External {
	return External{Account: u.seen(), Updated: u.Updated}
}

// shown is external with the token, for who may see it.
func (a *Authority) shown(ctx context.Context, u account, seesTokens bool) (shown External, err error) {
	shown = u.external()
	if seesTokens && a.mayKeepTokens() == nil {
		shown.AccessToken, err = a.openToken(ctx, u)
	}
	if errors.Is(err, errTokenGone) { // he gets another when he is put or changed
		err = nil
	}
	return shown, err
}

// GetExternal is the external user of the caller's workspace who has exactly this id, for an API key, an administrator
// or support. It returns ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) GetExternal(ctx context.Context, who Identity, externalID string) (External, error) {
	seesTokens, err := a.mayIntegrate(ctx, who, false)
	if err != nil {
		return External{}, err
	}
	u, _, err := a.external(ctx, who.Workspace, externalID)
	if err != nil {
		return External{}, err
	}
	return a.shown(ctx, u, seesTokens)
}

// PutExternal makes the external user who has exactly this id, or changes him if he is there: his own id and his token
// stay. However many do so at once, it is one user. For an API key or an administrator. It returns ErrWrongToken,
// ErrForbidden, ErrUnsealed, a *FieldError.
func (a *Authority) PutExternal(ctx context.Context, who Identity, externalID string, p ExternalPatch) (External, error) {
	return a.changeExternal(ctx, who, func() (account, error) { return a.putExternal(ctx, who, externalID, p) })
}

// ImportExternal is PutExternal for whoever has the program, in any workspace; empty stands for the first one. It
// returns ErrNoWorkspace, a *FieldError.
func (a *Authority) ImportExternal(ctx context.Context, workspace, externalID string, p ExternalPatch) error {
	workspace, err := a.findWorkspace(ctx, workspace)
	if err != nil {
		return err
	}
	return Settle(func() error {
		_, err := a.putExternal(ctx, Identity{Workspace: workspace}, externalID, p)
		return err
	})
}

func (a *Authority) putExternal(ctx context.Context, who Identity, externalID string, p ExternalPatch) (account, error) {
	if err := checkExternalID(externalID); err != nil {
		return account{}, err
	}
	u, rec, err := a.external(ctx, who.Workspace, externalID)
	if errors.Is(err, ErrNotFound) {
		return a.bringIn(ctx, who, account{Workspace: who.Workspace, ExternalID: externalID}, p)
	}
	if err != nil {
		return u, err
	}
	return a.patchExternal(ctx, who, u, rec, p)
}

// ErrExternalTaken says that another user has the external id.
var ErrExternalTaken = errors.New("auth: the external id is taken")

// CreateExternal makes an external user as PutExternal does, and is ErrExternalTaken where he is there.
func (a *Authority) CreateExternal(ctx context.Context, who Identity, externalID string, p ExternalPatch) (External, error) {
	return a.changeExternal(ctx, who, func() (account, error) {
		if err := checkExternalID(externalID); err != nil {
			return account{}, err
		}
		u, _, err := a.external(ctx, who.Workspace, externalID)
		switch {
		case err == nil:
			return u, ErrExternalTaken
		case !errors.Is(err, ErrNotFound):
			return u, err
		}
		return a.bringIn(ctx, who, account{Workspace: who.Workspace, ExternalID: externalID}, p)
	})
}

// UpdateExternal changes the external user who has exactly this id, for an API key or an administrator. It returns
// ErrWrongToken, ErrForbidden, ErrNotFound, ErrUnsealed, a *FieldError.
func (a *Authority) UpdateExternal(ctx context.Context, who Identity, externalID string, p ExternalPatch) (External, error) {
	return a.changeExternal(ctx, who, func() (account, error) {
		u, rec, err := a.external(ctx, who.Workspace, externalID)
		if err != nil {
			return u, err
		}
		return a.patchExternal(ctx, who, u, rec, p)
	})
}

// changeExternal does what makes or changes an external user, for who may, and shows the user as he is then.
func (a *Authority) changeExternal(ctx context.Context, who Identity, change func() (account, error)) (External, error) {
	_, err := a.mayIntegrate(ctx, who, true)
	if err == nil {
		err = a.mayKeepTokens()
	}
	if err != nil {
		return External{}, err
	}
	var u account
	err = Settle(func() error {
		u, err = change()
		return err
	})
	if err != nil {
		return External{}, err
	}
	return a.shown(ctx, u, true)
}

// patchExternal changes an external user as he was read. Where the key is gone under which his token was kept, he gets
// another. It returns ErrOvertaken.
func (a *Authority) patchExternal(ctx context.Context, who Identity, was account, rec store.Record, p ExternalPatch) (account, error) {
	is, err := p.on(was)
	if err != nil {
		return is, err
	}
	if _, err := a.openToken(ctx, was); errors.Is(err, errTokenGone) {
		is = a.newToken(is)
	} else if err != nil {
		return is, err
	}
	if is == was {
		return is, nil
	}
	is.Updated = a.Now()
	if err := a.rewrite(ctx, rec, was, is, store.Tx{}); err != nil {
		return is, err
	}
	return is, a.Recorded(ctx, who, audit.Event{Type: audit.UserUpdated, Subject: is.ID}, nil)
}

// RotateAccessToken gives the external user who has exactly this id another token, and ends the sessions of the one
// before, for an API key or an administrator. It returns ErrWrongToken, ErrForbidden, ErrNotFound, ErrUnsealed.
func (a *Authority) RotateAccessToken(ctx context.Context, who Identity, externalID string) (External, error) {
	return a.changeExternal(ctx, who, func() (account, error) {
		was, rec, err := a.external(ctx, who.Workspace, externalID)
		if err != nil {
			return was, err
		}
		is := a.newToken(was)
		is.Updated = a.Now()
		if err := a.rewrite(ctx, rec, was, is, store.Tx{}); err != nil {
			return is, err
		}
		return is, a.Recorded(ctx, who, audit.Event{Type: audit.AccessTokenRotated, Subject: is.ID}, nil)
	})
}
