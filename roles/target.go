package roles

import (
	"cmp"
	"context"

	"usher/auth"
	"usher/internal/store"
)

// A target is someone to whom the caller is about to do something in a room: a user or a seat.
type target struct {
	Standing
	subject  string
	had      Tenure // his role in the room
	exit     string // his last exit from the space
	loss     Loss   // which that was
	ban      Ban    // from the room
	spaceBan Ban
	there    bool
	seat     store.Record // nil of a user
	rank     int
}

// target reads a target. What the caller may do to him is asked afterwards, and before that he is there.
func (s *Spaces) target(ctx context.Context, who auth.Identity, space, room, subject string) (target, error) {
	if who.Kind == auth.Member { // does nothing to others, whatever his role
		return target{}, auth.ErrWrongToken
	}
	if !auth.IsID(subject) {
		return target{}, ErrUserNotFound
	}
	st, recs, err := s.InRoom(ctx, who, space, room,
		roleKey(room, subject), BanKey("r:"+room, subject), memberKey(space, subject),
		auth.SeatKey(room, subject), auth.UserKey(subject), BanKey("s:"+space, subject), auth.StaffKey(who.Workspace, subject))
	t := target{Standing: st, subject: subject, ban: Ban{Subject: subject}}
	if err != nil {
		return t, err
	}
	if err := cmp.Or(load(recs, &t.had, &t.ban), load(recs[5:], &t.spaceBan)); err != nil {
		return t, err
	}
	if err := recs[2].Load(&t.loss); err != nil {
		return t, err
	}
	t.exit = recs[2]["exit"]
	t.had.since(t.exit)
	t.rank = t.had.Role.Rank()
	_, t.there = s.auth.UserIn(st.Space.Workspace, subject, recs[4])
	t.there = t.there && (who.Kind != auth.Key || recs[6]["role"] == "")
	if t.seat = recs[3]; t.seat != nil {
		t.there, t.rank = true, GuestRole(t.seat["role"]).Rank()
	}
	return t, nil
}

// moderated is a target whom the caller may kick and ban.
func (s *Spaces) moderated(ctx context.Context, who auth.Identity, space, room, subject string) (target, error) {
	t, err := s.target(ctx, who, space, room, subject)
	if err != nil {
		return t, err
	}
	return t, t.mayModerate()
}

// mayModerate: those who moderate the room kick and ban whom they outrank.
func (t target) mayModerate() error {
	if err := t.May(Moderate); err != nil {
		return err
	}
	if !t.there {
		return ErrUserNotFound
	}
	if t.rank >= t.Tenure.Role.Rank() || t.subject == t.ID {
		return ErrRank
	}
	return nil
}

// unchanged is, as conditions, that nobody changed meanwhile what the target has or is kept out by, nor the caller's
// own tenure.
func (t target) unchanged() []store.Cond {
	conds := append(t.InOffice(), t.had.still(roleKey(t.Room.ID, t.subject))...)
	return append(conds, t.ban.still("r:"+t.Room.ID))
}

// changeRole gives a target another role in the room, or none where it is empty, and makes more writes with it.
func (s *Spaces) changeRole(ctx context.Context, t target, role Role, keep bool, why Loss, more ...store.Write) error {
	now := Tenure{}
	if role != "" {
		now = Tenure{Role: role, Exit: t.exit}
	}
	if t.had.Role == "" { // it went with the space, and has not been cleared away yet
		why = t.loss
	}
	writes := s.regrade(roleKey(t.Room.ID, t.subject), t.had, now, keep, why)
	return s.auth.Change(ctx, store.Tx{If: t.unchanged(), Do: append(writes, more...)})
}
