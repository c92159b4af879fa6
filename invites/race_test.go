package invites_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/auth"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/invites"
	"usher/roles"
)

// many is a school that comes at nine o'clock.
const many = 1000

// atOnce calls do so often, all at the same time, and counts the outcomes.
func atOnce(n int, do func(i int) error) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	outcomes, begin := map[string]int{}, make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			outcome := fmt.Sprint(do(i))
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		})
	}
	close(begin)
	all.Wait()
	return outcomes
}

const success = "<nil>"

func keyOf(i int) secret.String { return secret.New(fmt.Sprintf("a key for the pupil number %d", i)) }

func TestOneSeatForOneThousandKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		got := atOnce(many, func(i int) error {
			_, err := h.desk.Redeem(t.Context(), of.token, keyOf(i), noPIN)
			return err
		})
		require.Equal(t, map[string]int{success: 1, invites.ErrLinkUsed.Error(): many - 1}, got)
	})
}

// One browser that comes a thousand times at once has one seat, and in the end one session.
func TestOneSeatForOneKeyOneThousandTimes(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(oneTime)
		seats := make([]invites.Seated, many)
		got := atOnce(many, func(i int) (err error) {
			seats[i], err = h.desk.Redeem(t.Context(), of.token, laptop, noPIN)
			return err
		})
		require.Equal(t, map[string]int{success: many}, got)
		alive := 0
		for _, s := range seats {
			require.Equal(t, seats[0].ID, s.ID)
			_, _, err := h.desk.GetSeat(t.Context(), h.identity(s.Tokens))
			if err == nil {
				alive++
				continue
			}
			require.ErrorIs(t, err, auth.ErrInvalidToken)
		}
		require.Equal(t, 1, alive)
	})
}

func TestThirtySeatsForOneThousandKeys(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		of := h.link(invites.NewLink{MaxUses: 30})
		got := atOnce(many, func(i int) error {
			_, err := h.desk.Redeem(t.Context(), of.token, keyOf(i), noPIN)
			return err
		})
		require.Equal(t, map[string]int{success: 30, invites.ErrLinkUsed.Error(): many - 30}, got)
	})
}

func TestOneMemberForOneThousandUsers(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		crowd, in := h.crowd(many), h.invite(h.mod, roles.SpaceUser)
		got := atOnce(many, func(i int) error {
			_, err := h.desk.ActivateInvite(t.Context(), crowd[i], h.space, in.ID)
			return err
		})
		require.Equal(t, map[string]int{success: 1, invites.ErrInviteUsed.Error(): many - 1}, got)
		members, _, err := h.spaces.ListMembers(t.Context(), h.owner, h.space, auth.Page{Limit: 100})
		require.NoError(t, err)
		require.Len(t, members, 3, "owner, moderator, and the one")
	})
}

// crowd is so many users, each like ann, record for record.
func (h *house) crowd(n int) []auth.Identity {
	h.Helper()
	like, err := h.auth.Store.Get(h.Context(), auth.UserKey(h.ann.ID), auth.SessionKey(h.ann.ID, h.ann.Session))
	require.NoError(h, err)
	crowd := make([]auth.Identity, n)
	made := atOnce(n, func(i int) error {
		crowd[i] = h.ann
		crowd[i].ID = h.auth.NewID()
		_, err := h.auth.Apply(h.Context(), store.Tx{Do: []store.Write{
			store.Set(auth.UserKey(crowd[i].ID), like[0]),
			store.Set(auth.UserKey(crowd[i].ID), store.Record{"id": crowd[i].ID}),
			store.Set(auth.SessionKey(crowd[i].ID, crowd[i].Session), like[1]),
		}})
		return err
	})
	require.Equal(h, map[string]int{success: n}, made)
	return crowd
}

// Whoever gets in before a link ends is out with it, and nobody gets in after; in between there is nothing.
func TestRedeemingAgainstTheLinksEnd(t *testing.T) {
	ends := map[string]struct {
		end  func(ctx context.Context, h *house, of ticket) error
		want error
	}{
		"revoke": {func(ctx context.Context, h *house, of ticket) error {
			return h.desk.RevokeLink(ctx, h.mod, h.space, h.room, of.ID)
		}, invites.ErrLinkRevoked},
		"fall": {func(ctx context.Context, h *house, _ ticket) error {
			return h.spaces.RemoveMember(ctx, h.owner, h.space, h.mod.ID, false)
		}, invites.ErrLinkRevoked},
		"pause": {func(ctx context.Context, h *house, of ticket) error {
			yes := true
			_, err := h.desk.UpdateLink(ctx, h.mod, h.space, h.room, of.ID, invites.LinkPatch{Paused: &yes})
			return err
		}, invites.ErrLinkPaused},
	}
	everywhere(t, func(t *testing.T, w *world) {
		for name, row := range ends {
			t.Run(name, func(t *testing.T) {
				h, n := w.house(t), 200
				of := h.link(permanent)
				seats := make([]invites.Seated, n+1)
				got := atOnce(n+1, func(i int) (err error) {
					if i == n/2 {
						return row.end(t.Context(), h, of)
					}
					seats[i], err = h.desk.Redeem(t.Context(), of.token, keyOf(i), noPIN)
					return err
				})
				require.Equal(t, n+1, got[success]+got[row.want.Error()], got)
				require.Positive(t, got[success])
				for _, s := range seats {
					if s.ID != "" {
						h.dead(guest{s, h.identity(s.Tokens)})
					}
				}
			})
		}
	})
}

// Who is banned while he activates is not a member afterwards, whichever was first; who is put out while he redeems
// does not sit.
func TestComingAgainstABan(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		h := w.house(t)
		crowd, of := h.crowd(50), h.link(permanent)
		got := atOnce(2*len(crowd), func(i int) error {
			if i%2 == 0 {
				return h.spaces.SpaceBan(t.Context(), h.owner, h.space, crowd[i/2].ID, nil, "")
			}
			in, err := h.desk.CreateInvite(t.Context(), h.owner, h.space, invites.NewInvite{Role: roles.SpaceUser})
			if err != nil {
				return err
			}
			_, err = h.desk.ActivateInvite(t.Context(), crowd[i/2], h.space, in.ID)
			if banned := new(roles.BannedError); errors.As(err, &banned) {
				return nil
			}
			return err
		})
		require.Equal(t, map[string]int{success: 2 * len(crowd)}, got)
		for _, who := range crowd {
			require.Empty(t, h.role(who))
		}
		for i := range 10 {
			g := h.seat(of, keyOf(i))
			var again invites.Seated
			got := atOnce(2, func(j int) (err error) {
				if j == 0 {
					return h.spaces.Kick(t.Context(), h.owner, h.space, h.room, g.ID)
				}
				again, err = h.desk.Redeem(t.Context(), of.token, keyOf(i), noPIN)
				return err
			})
			require.Equal(t, 2, got[success]+got[invites.ErrSeatBanned.Error()], got)
			if again.ID != "" {
				g = guest{again, h.identity(again.Tokens)}
			}
			h.dead(g)
		}
	})
}

// A reading is a store in which something happens once, between two readings.
type reading struct {
	store.Store
	reads int // before that
	event func()
}

func (r *reading) Get(ctx context.Context, keys ...store.Key) ([]store.Record, error) {
	if r.reads--; r.reads == -1 {
		r.event()
	}
	return r.Store.Get(ctx, keys...)
}

// Whoever activates while the space is deleted is told that there is nothing, and not that his inviter fell.
func TestActivatingInASpaceThatIsDeleted(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		for reads := range 2 { // before it writes
			h := w.house(t)
			in := h.invite(h.mod, roles.SpaceUser)
			whole := h.line.Store
			h.line.Store = &reading{whole, reads, func() {
				h.line.Store = whole
				require.NoError(t, h.spaces.DeleteSpace(t.Context(), h.owner, h.space))
			}}
			_, err := h.desk.ActivateInvite(t.Context(), h.ann, h.space, in.ID)
			require.ErrorIs(t, err, invites.ErrInviteNotFound)
		}
	})
}
