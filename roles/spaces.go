package roles

import (
	"cmp"
	"context"
	"errors"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/outbox"
	"usher/internal/store"
	"usher/internal/webhook"
)

// Spaces is the book of spaces and rooms. It is safe for concurrent use, in any number of processes on one store.
type Spaces struct {
	auth    *auth.Authority
	set     Settings
	watches *outbox.Outbox // of rooms in which somebody is
	ears    *ears
	hooks   *outbox.Outbox // what is to be told of rooms
	sender  *webhook.Sender

	progress *progress
}

// Settings are what the book is told at start.
type Settings struct {
	AdminsCreateSpaces bool // and nobody else does
	Webhooks           webhook.Settings
}

// New opens the book.
func New(a *auth.Authority, set Settings) *Spaces {
	return &Spaces{
		auth: a, set: set, watches: a.Queue("presence"), ears: &ears{in: map[string]*audience{}},
		hooks: a.Queue("webhooks").With(webhook.Slots), sender: webhook.New(set.Webhooks, a.Now),
	}
}

// A Space holds rooms. A public one lets in every user of its workspace, a private one whoever has a role in it.
type Space struct {
	ID string
	SpaceDetails
	Workspace string    `store:"workspace"`
	CreatorID string    `store:"creator"` // information: the role decides, not history
	Owners    int       `store:"owners"`
	Created   time.Time `store:"created"`
	Ended     time.Time `store:"ended"` // deleted

	Role Role // the caller's, where he asks for the space
}

// SpaceDetails are what one may say of a space.
type SpaceDetails struct {
	Name        string `store:"name"`
	Description string `store:"description"`
	Logo        string `store:"logo"` // an https URL
	Public      bool   `store:"public"`
}

// CreateSpace makes a space; the caller becomes its owner. It is auth.ErrWrongToken for who is not a user, and
// ErrForbidden where the settings leave that to administrators.
func (s *Spaces) CreateSpace(ctx context.Context, who auth.Identity, in SpaceDetails) (string, error) {
	if who.Kind != auth.User {
		return "", auth.ErrWrongToken
	}
	_, recs, err := s.auth.Get(ctx, who, auth.StaffKey(who.Workspace, who.ID))
	if err != nil {
		return "", err
	}
	if in.Name, err = auth.ShownName("name", in.Name); err != nil {
		return "", err
	}
	role := auth.WorkspaceRole(recs[0]["role"])
	if role == auth.Support || s.set.AdminsCreateSpaces && role != auth.Admin {
		return "", ErrForbidden
	}
	id, now := s.auth.NewID(), s.auth.Now()
	space := Space{SpaceDetails: in, Workspace: who.Workspace, CreatorID: who.ID, Owners: 1, Created: now}
	if err := cmp.Or(s.point(ctx, spacesOf(who.ID), id), s.point(ctx, spacesIn(who.Workspace), auth.ByTime(now, id))); err != nil {
		return "", err
	}
	writes := s.regrade(memberKey(id, who.ID), Tenure{}, Tenure{Role: SpaceOwner}, false, Loss{})
	err = s.auth.Change(ctx, store.Tx{
		If: []store.Cond{store.Absent(auth.SpaceKey(id))},
		Do: append(writes, store.Set(auth.SpaceKey(id), store.Fields(space))),
	})
	return id, s.auth.Recorded(ctx, who, audit.Event{Type: audit.SpaceCreated, Space: id}, err)
}

// spacesOf points from a user to his spaces, roomsOf to the rooms where he has a role, as "space/room". Pointers are
// written before what they point to; one that nothing confirms counts as nothing. They go with the space or the room,
// not with the role: what is pointed to could just then be coming back.
func spacesOf(user string) store.Key { return index("u:"+user, "spaces") }
func roomsOf(user string) store.Key  { return index("u:"+user, "rooms") }

func (s *Spaces) point(ctx context.Context, from store.Key, to string) error {
	_, err := s.auth.Apply(ctx, store.Tx{Do: []store.Write{store.Insert(from, to)}})
	return err
}

// pointing writes a pointer, and then by truth what it points to, in a place. Where that is refused because the place
// is no more, and so never comes back, the pointer is taken back; else it stays.
func (s *Spaces) pointing(ctx context.Context, from store.Key, to string, place store.Key, truth func() error) error {
	if err := s.point(ctx, from, to); err != nil {
		return err
	}
	err := truth()
	if !errors.Is(err, auth.ErrOvertaken) {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	recs, missing := s.auth.Store.Get(ctx, place)
	if missing == nil && !auth.Alive(recs[0], s.auth.Now()) {
		missing = s.unpoint(ctx, from, to)
	}
	return cmp.Or(missing, err)
}

func (s *Spaces) unpoint(ctx context.Context, from store.Key, to string) error {
	_, err := s.auth.Apply(ctx, store.Tx{Do: []store.Write{store.Remove(from, to)}})
	return err
}

// ListSpaces lists the spaces in which the caller has a role, to administrators and support the default space too, once
// it was needed, and the cursor of the next page, "" after the last. A page may hold fewer than it could. It is
// auth.ErrWrongToken for who is not a user.
func (s *Spaces) ListSpaces(ctx context.Context, who auth.Identity, page auth.Page) ([]Space, string, error) {
	if who.Kind != auth.User {
		return nil, "", auth.ErrWrongToken
	}
	ids, next, err := s.auth.Page(ctx, spacesOf(who.ID), page)
	if err != nil {
		return nil, "", err
	}
	ids, next = withHome(who.Workspace, ids, next, page)
	keys := []store.Key{auth.StaffKey(who.Workspace, who.ID)}
	for _, id := range ids {
		keys = append(keys, spaceKeys(id, who.ID)...)
	}
	self, recs, err := s.auth.Get(ctx, who, keys...)
	if err != nil {
		return nil, "", err
	}
	staff, spaces := recs[0]["role"] != "", []Space{}
	for i, id := range ids {
		st := Standing{Self: self, Now: s.auth.Now()}
		if err := st.readSpace(id, recs[3*i+1:3*i+4]); err != nil {
			return nil, "", err
		}
		if st.exists() == nil && (st.Member.Role != "" || staff && st.isHome()) {
			spaces = append(spaces, st.described())
		}
	}
	return spaces, next, nil
}

func (st Standing) described() Space {
	space := st.Space
	space.Role = st.Member.Role
	return space
}

// GetSpace answers whoever the space lets in.
func (s *Spaces) GetSpace(ctx context.Context, who auth.Identity, space string) (Space, error) {
	st, _, err := s.InSpace(ctx, who, space)
	if err != nil {
		return Space{}, err
	}
	if err := st.May(SeeSpace); err != nil {
		return Space{}, err
	}
	return st.described(), nil
}

// SpaceUpdate is what may be changed of a space; nil stays as it is.
type SpaceUpdate struct {
	Name              string
	Public            bool
	Description, Logo *string
}

// UpdateSpace changes what is said of a space, and whom it lets in.
func (s *Spaces) UpdateSpace(ctx context.Context, who auth.Identity, space string, in SpaceUpdate) (Space, error) {
	name, err := auth.ShownName("name", in.Name)
	if err != nil {
		return Space{}, err
	}
	fields := store.Fields(SpaceDetails{Name: name, Public: in.Public})
	delete(fields, "description")
	delete(fields, "logo")
	if in.Description != nil {
		fields["description"] = *in.Description
	}
	if in.Logo != nil {
		fields["logo"] = *in.Logo
	}
	e := audit.Event{ID: s.auth.NewID(), Type: audit.SpaceUpdated, Space: space}
	if err := s.ownSpace(ctx, who, e, store.Set(auth.SpaceKey(space), fields)); err != nil {
		return Space{}, err
	}
	return s.GetSpace(ctx, who, space)
}

// ownSpace changes a space on its owner's behalf. The event, which names the space, comes first: a deletion can't be
// repeated.
func (s *Spaces) ownSpace(ctx context.Context, who auth.Identity, e audit.Event, writes ...store.Write) error {
	return auth.Settle(func() error {
		st, _, err := s.InSpace(ctx, who, e.Space)
		if err != nil {
			return err
		}
		if err := st.May(UpdateSpace); err != nil {
			return err
		}
		if err := s.auth.Recorded(ctx, who, e, nil); err != nil {
			return err
		}
		return s.auth.Change(ctx, store.Tx{
			If: append(st.StillMember(), store.Equal(auth.SpaceKey(e.Space), "ended", "")),
			Do: writes,
		})
	})
}

// StillMember is the caller's tenure in the space, as conditions: taking it away wins against what he does meanwhile.
func (st Standing) StillMember() []store.Cond { return st.Member.still(memberKey(st.Space.ID, st.ID)) }

// DeleteSpace deletes a space, its rooms and all that is in them. It is gone for everyone at once; what lay in it is
// swept out before the answer. It is ErrDefaultSpace for the default space, in which API keys make rooms at any time.
func (s *Spaces) DeleteSpace(ctx context.Context, who auth.Identity, space string) error {
	if space == who.Workspace {
		_, err := s.GetSpace(ctx, who, space)
		return cmp.Or(err, ErrDefaultSpace)
	}
	now := s.auth.Now()
	err := s.ownSpace(ctx, who, audit.Event{ID: auth.Hash("deleted", space), Type: audit.SpaceDeleted, Space: space},
		store.Set(auth.SpaceKey(space), store.Record{"ended": store.Millis(now)}),
		store.Collect(auth.SpaceKey(space), now.Add(auth.KeptAfterEnd)))
	if err != nil {
		return err
	}
	return s.sweepSpace(context.WithoutCancel(ctx), space)
}
