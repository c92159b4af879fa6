package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/store"
)

func TestAGuestIsWhoTheSeatSays(t *testing.T) {
	onEach(t, func(w *world) {
		g, tokens := w.guest()
		require.Equal(w, g, w.identity(tokens))
		self, _, err := w.Get(w.ctx(), g)
		require.NoError(w, err)
		require.Equal(w, Self{Identity: g, Name: "Ann", Role: "moderator", ExternalID: "x-1", Ends: w.Now().Add(time.Hour)}, self)
	})
}

func TestAGuestRefreshes(t *testing.T) {
	onEach(t, func(w *world) {
		g, tokens := w.guest()
		next := w.refreshed(tokens.RefreshToken)
		require.Equal(w, g, w.identity(next))
		require.Equal(w, next.RefreshToken.Reveal(), w.refreshed(tokens.RefreshToken).RefreshToken.Reveal())

		w.forward(time.Hour - time.Minute)
		next = w.refreshed(next.RefreshToken)
		require.Equal(w, time.Minute, next.ExpiresIn, "no longer than the link")
		w.forward(time.Minute)
		_, err := w.refresh(next.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		require.Zero(w, w.thefts())
	})
}

func TestAnAnonymousGuestRefreshes(t *testing.T) {
	onEach(t, func(w *world) {
		g, _ := w.guest()
		g.Link, g.How = "", Anonymous
		g, session := w.SeatSession(g)
		w.write(store.Set(SeatKey(g.Room, g.ID), session))
		tokens, err := w.SeatTokens(g, w.Now().Add(time.Hour))
		require.NoError(w, err)
		require.Equal(w, g, w.identity(tokens))
		require.Equal(w, g, w.identity(w.refreshed(tokens.RefreshToken)))
		require.Equal(w, Anonymous, g.How)
	})
}

func TestATheftEndsAGuestsSessionAndNotTheSeat(t *testing.T) {
	onEach(t, func(w *world) {
		g, first := w.guest()
		second := w.refreshed(first.RefreshToken)
		w.forward(30 * time.Second)
		_, err := w.refresh(first.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		require.Equal(w, 1, w.thefts())
		w.over(g)
		_, err = w.refresh(second.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)

		recs, err := w.Store.Get(w.ctx(), SeatKey(g.Room, g.ID))
		require.NoError(w, err)
		require.Equal(w, "Ann", recs[0]["name"])
		require.Empty(w, recs[0]["ended"])

		again, session := w.SeatSession(g) // as redeeming the link again does
		w.write(store.Set(SeatKey(g.Room, g.ID), session))
		w.lives(again)
		w.over(g)
	})
}

func TestASeatHasOneSession(t *testing.T) {
	onEach(t, func(w *world) {
		g, tokens := w.guest()
		tokens = w.refreshed(tokens.RefreshToken)
		newer, session := w.SeatSession(g)
		w.write(store.Set(SeatKey(g.Room, g.ID), session))
		w.over(g)
		_, err := w.refresh(tokens.RefreshToken)
		require.ErrorIs(w, err, ErrInvalidGrant)
		w.lives(newer)
		require.Zero(w, w.thefts(), "an older session's token is no theft of the newer")
	})
}

// What a guest's session hangs on, and how each of it falls and rises.
func TestWhatAGuestsSessionHangsOn(t *testing.T) {
	onEach(t, func(w *world) {
		for _, row := range []struct {
			name    string
			falls   func(g Identity) store.Write
			revived func(g Identity) store.Write // nil where there is no way back
		}{
			{
				name: "the link paused",
				falls: func(g Identity) store.Write {
					return store.Set(LinkKey(g.Room, g.Link), store.Record{"paused": "1"})
				},
				revived: func(g Identity) store.Write {
					return store.Set(LinkKey(g.Room, g.Link), store.Record{"paused": ""})
				},
			},
			{
				name: "the link expired",
				falls: func(g Identity) store.Write {
					return store.Set(LinkKey(g.Room, g.Link), store.Record{"ends": store.Millis(w.Now())})
				},
				revived: func(g Identity) store.Write {
					return store.Set(LinkKey(g.Room, g.Link), store.Record{"ends": store.Millis(w.Now().Add(time.Hour))})
				},
			},
			{name: "the link revoked", falls: func(g Identity) store.Write {
				return store.Set(LinkKey(g.Room, g.Link), store.Record{"ended": "1"})
			}},
			{name: "the seat ended", falls: func(g Identity) store.Write {
				return store.Set(SeatKey(g.Room, g.ID), store.Record{"ended": "1"})
			}},
			{name: "the lineage fell", falls: func(g Identity) store.Write {
				return store.Delete(EpochKey("r:"+g.Room, g.Lineage))
			}},
			{name: "the room deleted", falls: func(g Identity) store.Write {
				return store.Set(RoomKey(g.Room), store.Record{"ended": "1"})
			}},
			{name: "the space deleted", falls: func(g Identity) store.Write {
				return store.Set(SpaceKey(g.Space), store.Record{"ended": "1"})
			}},
		} {
			g, tokens := w.guest()
			w.lives(g)
			w.write(row.falls(g))
			w.over(g)
			_, err := w.refresh(tokens.RefreshToken)
			require.ErrorIs(w, err, ErrInvalidGrant, row.name)
			if row.revived != nil {
				w.write(row.revived(g))
				w.lives(g)
				w.refreshed(tokens.RefreshToken) // a refused refresh rotated nothing
			}
		}
		require.Zero(w, w.thefts())
	})
}

// What falls between the reading and the rotation is a condition of the rotation itself.
func TestARotationHoldsItsAnchors(t *testing.T) {
	onEach(t, func(w *world) {
		link := func(g Identity) store.Key { return LinkKey(g.Room, g.Link) }
		seat := func(g Identity) store.Key { return SeatKey(g.Room, g.ID) }
		session := func(u Identity) store.Key { return SessionKey(u.ID, u.Session) }
		user := func(u Identity) store.Key { return UserKey(u.ID) }
		for _, row := range []struct {
			kind Kind
			of   func(Identity) store.Key
			sets store.Record
		}{
			{Guest, link, store.Record{"paused": "1"}},
			{Guest, link, store.Record{"ended": "1"}},
			{Guest, link, store.Record{"ends": store.Millis(w.Now())}},
			{Guest, seat, store.Record{"ended": "1"}},
			{Guest, seat, store.Record{"sid": w.NewID()}},
			{Guest, seat, store.Record{"gen": "2"}},
			{Guest, func(g Identity) store.Key { return RoomKey(g.Room) }, store.Record{"ended": "1"}},
			{Guest, func(g Identity) store.Key { return EpochKey("r:"+g.Room, g.Lineage) }, nil}, // taken away
			{User, session, store.Record{"ended": "1"}},
			{User, session, store.Record{"ends": store.Millis(w.Now())}},
			{User, session, store.Record{"gen": "2"}},
			{User, user, store.Record{"epoch": w.NewID()}},
			{User, user, store.Record{"paused": "1"}},
			{User, user, store.Record{"ended": "1"}},
			{User, user, nil},
		} {
			who, tokens := w.guest()
			if row.kind == User {
				name := w.NewID()
				w.user(name)
				tokens = w.signIn(name, good)
				who = w.identity(tokens)
			}
			ticket, err := w.readTicket(w.ctx(), tokens.RefreshToken)
			require.NoError(w, err)
			_, anchors, _, err := w.read(w.ctx(), ticket.who)
			require.NoError(w, err)
			if row.sets == nil {
				w.write(store.Delete(row.of(who)))
			} else {
				w.write(store.Set(row.of(who), row.sets))
			}
			_, err = w.rotate(w.ctx(), ticket, anchors)
			require.ErrorIs(w, err, ErrOvertaken, "%v %v", row.kind, row.sets)
		}
	})
}

func TestAnIDThatIsNone(t *testing.T) {
	onEach(t, func(w *world) {
		g, _ := w.guest()
		g.Room = "room"
		_, err := w.SeatTokens(g, w.Now().Add(time.Hour))
		require.Error(w, err)
	})
}
