package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// A town is what the floor has stored: what usher has for the same operations, under names of its own.
type town struct {
	workspace, space, lineage string
	rooms                     []string
	people                    []citizen
	links                     []string // tokens
}

type citizen struct{ id, session, token string }

func millisOf(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// settle makes a town and writes it.
func (s *counter) settle(ctx context.Context, stored int) error {
	now := time.Now()
	t := &town{workspace: newID(), space: newID(), lineage: newID()}
	all := []entry{
		{"client:web", record{"workspace": t.workspace, "created": millisOf(now)}},
		{"client:backend", record{"workspace": t.workspace, "created": millisOf(now), "secret": hashed(clientSecret)}},
		{"space:" + t.space, record{"name": "School", "workspace": t.workspace, "public": "1", "created": millisOf(now)}},
		{"epoch:" + t.lineage, record{"user": newID()}},
	}
	for i := range min(stored, mostRooms) {
		room := newID()
		t.rooms = append(t.rooms, room)
		all = append(all, entry{"room:" + room, record{
			"name": fmt.Sprint("Room ", i), "type": "lesson", "screen": "1", "chat": "1", "space": t.space,
			"workspace": t.workspace, "alias": newID(), "access": "private", "created": millisOf(now),
		}})
	}
	for i := range min(stored, mostPeople) {
		c, entries, err := s.citizen(t, i, now)
		if err != nil {
			return err
		}
		t.people, all = append(t.people, c), append(all, entries...)
	}
	for i := range min(stored, mostTickets) {
		token, link := t.link(i, now)
		t.links, all = append(t.links, token), append(all, link)
	}
	s.plan = t
	return s.put(ctx, all)
}

func (t *town) room(i int) string { return t.rooms[i%len(t.rooms)] }

func (s *counter) citizen(t *town, i int, now time.Time) (citizen, []entry, error) {
	c := citizen{id: newID(), session: newID()}
	var err error
	c.token, err = s.sign(claims{
		Subject: c.id, Audience: "user", Type: "accessToken", Client: "web", Session: c.session, Workspace: t.workspace, How: "account",
	})
	return c, []entry{
		{"user:" + c.id, record{
			"id": c.id, "workspace": t.workspace, "email": fmt.Sprintf("user%07d@usher.bench", i), "username": username("user", i),
			"epoch": t.lineage, "created": millisOf(now), "pwParams": cheap.String(), "pwSalt": newID(), "pwSum": newID() + newID(),
		}},
		{"session:" + c.session, session(t, now)},
		{"role:" + t.room(i) + ":" + c.id, record{"role": "role_room_user", "epoch": newID(), "since": millisOf(now)}},
	}, err
}

func session(t *town, now time.Time) record {
	return record{
		"client": "web", "epoch": t.lineage, "gen": "1", "rotated": millisOf(now), "created": millisOf(now),
		"ends": millisOf(now.Add(tokenLife)), "limit": millisOf(now.AddDate(0, 0, 90)),
	}
}

// link has no end of seats.
func (t *town) link(i int, now time.Time) (token string, e entry) {
	id, secret := newID(), randomBytes(32)
	raw, _ := hex.DecodeString(t.space + t.room(i) + id) // ids of our own
	return b64.EncodeToString(append(raw, secret...)), entry{"link:" + id, record{
		"name": fmt.Sprint("Guest ", i), "role": "user", "permanent": "1", "issuer": newID(), "epoch": t.lineage,
		"created": millisOf(now), "ends": millisOf(now.Add(tokenLife)), "left": "1000000000", "hash": hashed(string(secret)),
	}}
}

// requests prepares an operation, as a stage does for usher.
func (s *counter) requests(ctx context.Context, operation string, once int) (all []request, err error) {
	switch operation {
	case "redeem":
		for _, token := range s.plan.links {
			all = append(all, redeeming(token))
		}
	case "activate":
		return s.invitations(ctx, once)
	case "refresh":
		return s.tickets(ctx)
	case "join":
		for i, c := range s.plan.people {
			all = append(all, joining(s.plan.space, s.plan.room(i), c.token))
		}
	case "verify":
		for _, c := range s.plan.people {
			all = append(all, verifying(c.token))
		}
	case "introspect":
		for _, c := range s.plan.people {
			all = append(all, introspecting(c.token))
		}
	default:
		for i := range accounts {
			all = append(all, signingIn(username("account", i)))
		}
	}
	return shuffled(all), nil
}

func (s *counter) invitations(ctx context.Context, n int) (all []request, err error) {
	now, people := time.Now(), s.plan.people
	var entries []entry
	space := ""
	for i := range n {
		if i%len(people) == 0 {
			space = newID()
			entries = append(entries, entry{"space:" + space, record{"name": "Class", "workspace": s.plan.workspace, "created": millisOf(now)}})
		}
		invite := newID()
		entries = append(entries, entry{"invite:" + invite, record{
			"role": "role_space_user", "issuer": newID(), "epoch": s.plan.lineage, "created": millisOf(now), "ends": millisOf(now.Add(tokenLife)),
		}})
		all = append(all, activating(space, invite, people[i%len(people)].token))
	}
	return shuffled(all), s.put(ctx, entries)
}

func (s *counter) tickets(ctx context.Context) (all []request, err error) {
	now := time.Now()
	var entries []entry
	for i := range max(len(s.plan.people), chains) {
		id, user := newID(), s.plan.people[i%len(s.plan.people)].id
		entries = append(entries, entry{"session:" + id, session(s.plan, now)})
		ticket, err := s.ticket(1, user, id)
		if err != nil {
			return nil, err
		}
		all = append(all, refreshing(ticket))
	}
	return all, s.put(ctx, entries)
}
