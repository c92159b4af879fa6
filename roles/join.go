package roles

import (
	"cmp"
	"context"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// A Pass is what someone who may enter a room takes to its media server.
type Pass struct {
	auth.RoomClaims // what the token says
	Token           secret.String
	Expires         time.Time
	Room            Room
}

// Join is the entering decision, and where it is yes a token for the room's media server, which begins the caller's stay
// in the room or goes on with it. No is a DeniedError, which
// tells whoever comes with a room's id why. It is auth.ErrWrongToken for who is neither a user nor on a seat.
func (s *Spaces) Join(ctx context.Context, who auth.Identity, space, room string) (Pass, error) {
	var a arrival
	var stay string
	err := auth.Settle(func() error {
		st, decision, recs, err := s.enter(ctx, who, space, room, arrivalKeys(who, room)...)
		if err != nil {
			return err
		}
		if a, err = s.arrival(ctx, st, decision.Role, recs); err != nil {
			return err
		}
		stay, err = s.arrive(ctx, a)
		return err
	})
	if err != nil {
		return Pass{}, err
	}
	pass := Pass{RoomClaims: auth.RoomClaims{
		Subject: who.ID, Workspace: a.Space.Workspace, Space: space, Room: room, Session: stay,
		Role: string(a.role), Name: a.Name, How: a.How, ExternalUserID: a.ExternalID,
		CanPublish: a.Room.mayPublish(a.role), Hidden: a.role == RoomMonitor, NotAfter: a.until,
	}, Room: a.describedRoom()}
	pass.Token, pass.Expires, err = s.auth.RoomToken(pass.RoomClaims)
	return pass, err
}

// enter is where somebody stands who may enter a room, the decision that says so, and the records of more.
func (s *Spaces) enter(
	ctx context.Context, who auth.Identity, space, room string, more ...store.Key,
) (Standing, Decision, []store.Record, error) {
	if !who.IsUser() && who.Kind != auth.Guest || who.Office {
		return Standing{}, Decision{}, nil, auth.ErrWrongToken
	}
	st, recs, err := s.InRoom(ctx, who, space, room, more...)
	if err != nil {
		return Standing{}, Decision{}, nil, err
	}
	decision := st.Enter()
	if !decision.Allowed {
		e := audit.Event{Type: audit.EntryRefused, Space: space, Room: room, Reason: string(decision.Code())}
		err = cmp.Or(s.auth.Recorded(ctx, who, s.auth.Hourly(ctx, e, who.ID, room), nil), error(&DeniedError{decision}))
	}
	return st, decision, recs, err
}

// AliasOf is the name that links carry for a room, by its id. It is ErrNotFound where the room is not there.
func (s *Spaces) AliasOf(ctx context.Context, room string) (string, error) {
	if !auth.IsID(room) {
		return "", ErrNotFound
	}
	recs, err := s.auth.Store.Get(ctx, auth.RoomKey(room))
	if err == nil && (recs[0]["alias"] == "" || recs[0]["ended"] != "") {
		err = ErrNotFound
	}
	if err != nil {
		return "", err
	}
	return recs[0]["alias"], nil
}

// WorkspaceOf is the one in which a room of this alias is; empty where there is none.
func (s *Spaces) WorkspaceOf(ctx context.Context, alias string) (string, error) {
	at, err := s.auth.Store.Get(ctx, aliasKey(alias))
	if err != nil || at[0] == nil {
		return "", err
	}
	recs, err := s.auth.Store.Get(ctx, auth.RoomKey(at[0]["room"]))
	if err != nil {
		return "", err
	}
	return recs[0]["workspace"], nil
}

// Approach finds the room of an alias for who stands before its door, and decides as Join does. A user of the workspace
// is told why he may not enter. To others what they may not see is ErrNotFound, whether or not it is there.
func (s *Spaces) Approach(ctx context.Context, who auth.Identity, alias string) (Standing, Decision, error) {
	_, recs, err := s.auth.Get(ctx, who, aliasKey(alias))
	if err != nil {
		return Standing{}, Decision{}, err
	}
	st, _, err := s.InRoom(ctx, who, recs[0]["space"], recs[0]["room"])
	if err == nil && !who.IsUser() {
		err = st.May(SeeRoom)
	}
	if err != nil {
		return Standing{}, Decision{}, err
	}
	return st, st.Enter(), nil
}

// Foresee is Approach for somebody who has the access token of a user, before he comes by it. It is auth.ErrInvalidGrant
// where the token is not one of a user of the room's workspace.
func (s *Spaces) Foresee(ctx context.Context, alias string, token secret.String) (Standing, Decision, error) {
	recs, err := s.auth.Store.Get(ctx, aliasKey(alias))
	if err != nil {
		return Standing{}, Decision{}, err
	}
	door, _, err := s.InRoom(ctx, auth.Identity{}, recs[0]["space"], recs[0]["room"])
	if err != nil {
		return Standing{}, Decision{}, err
	}
	user, err := s.auth.MemberOf(ctx, door.Space.Workspace, token)
	if err != nil {
		return Standing{}, Decision{}, err
	}
	st, err := s.Of(ctx, door, user.ID)
	st.Kind, st.Name, st.MemberType = auth.Member, cmp.Or(st.Tenure.Name, user.ShownName()), user.MemberType
	return st, st.Enter(), err
}

// mayPublish: in a lesson all do, in a webinar the moderators; a monitor nowhere.
func (r Room) mayPublish(role Role) bool {
	return role.Rank() >= RoomModerator.Rank() || r.Type != Webinar && role != RoomMonitor
}

// Explain says whether a user may enter a room, and why: oneself, or, to those who may grant there, another.
func (s *Spaces) Explain(ctx context.Context, who auth.Identity, space, room, user string) (Decision, error) {
	if user == "" || user == who.ID {
		st, _, err := s.InRoom(ctx, who, space, room)
		if err != nil {
			return Decision{}, err
		}
		return st.Enter(), nil
	}
	return s.explain(ctx, who, space, room, user)
}

func (s *Spaces) explain(ctx context.Context, who auth.Identity, space, room, user string) (Decision, error) {
	if !auth.IsID(user) {
		return Decision{}, ErrUserNotFound
	}
	keys := append(spaceKeys(space, user), roomKeys(room, user)...)
	st, recs, err := s.InRoom(ctx, who, space, room, append(keys, auth.UserKey(user))...)
	if err != nil {
		return Decision{}, err
	}
	if _, err := st.grantRank(user, st.Staff == auth.Admin); err != nil {
		return Decision{}, err
	}
	account, there := s.auth.UserIn(st.Space.Workspace, user, recs[len(keys)])
	if !there {
		return Decision{}, ErrUserNotFound
	}
	other, err := st.of(user, recs)
	other.MemberType = account.MemberType
	return other.Enter(), err
}
