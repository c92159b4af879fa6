package main

import (
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/crypto/argon2"

	"usher/handlers/wire"
	"usher/internal/password"
)

// alive is what a session, and what it hangs on, must be.
func alive(now time.Time, anchors ...record) bool {
	for _, r := range anchors {
		if r == nil || r["ended"] != "" || r["paused"] != "" || r["ends"] != "" && number(r["ends"]) <= now.UnixMilli() {
			return false
		}
	}
	return true
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // what is none is 0
	return n
}

// A redemption is the transition: one seat fewer on a link, a seat with its session, a line in the link's ledger.
type redemption struct {
	link, room, seat, lineage, session, line string
	now, ends                                time.Time
	was                                      record
}

// redeemAccess: one read of five records, one write and that of its event, one signature.
func (s *counter) redeemAccess(g *gin.Context) (any, error) {
	in, err := body[wire.Redemption](g)
	if err != nil {
		return nil, err
	}
	raw, err := b64.DecodeString(in.AccessToken)
	if err != nil || len(raw) != 68 {
		return nil, errToken
	}
	id := func(i int) string { return hex.EncodeToString(raw[12*i : 12*i+12]) }
	key := in.SeatKey
	if key == "" {
		key = b64.EncodeToString(randomBytes(24))
	}
	space, r := id(0), redemption{link: id(2), room: id(1), session: newID(), now: time.Now()}
	r.seat = hashed(r.link + key)[:24]
	recs, err := s.read(g, "space:"+space, "room:"+r.room, "link:"+r.link, "seat:"+r.seat, "ban:"+r.seat)
	if err != nil {
		return nil, err
	}
	room, link, hash := recs[1], recs[2], hashed(string(raw[36:]))
	if !alive(r.now, recs[0], room, link) || room["closed"] != "" || room["space"] != space || recs[4] != nil || recs[3] != nil ||
		subtle.ConstantTimeCompare([]byte(link["hash"]), []byte(hash)) != 1 || number(link["left"]) < 1 {
		return nil, errRefused
	}
	r.lineage, r.ends, r.was, r.line = link["epoch"], time.UnixMilli(number(link["ends"])), link, useOf(g, r.now, r.seat)
	if err := s.redeem(g, r); err != nil {
		return nil, err
	}
	err = s.keep(g, s.event(g, r.now, room["workspace"], "link_redeemed", r.seat, record{
		"kind": "guest", "session": r.session, "subject": r.link, "space": space, "room": r.room, "role": link["role"],
	}))
	if err != nil {
		return nil, err
	}
	return s.seated(space, room["workspace"], key, r)
}

func (s *counter) seated(space, workspace, key string, r redemption) (any, error) {
	access, err := s.sign(claims{
		Subject: r.seat, Audience: "guest", Type: "accessToken", Session: r.session, Workspace: workspace, How: "link",
		Room: r.room, Space: space, Link: r.link, Lineage: r.lineage,
	})
	if err != nil {
		return nil, err
	}
	refresh, err := s.ticket(1, workspace, r.seat, r.session, space, r.room, r.link, r.lineage)
	return wire.Seated{
		TokenType: wire.TokenTypeBearer, AccessToken: access, ExpiresIn: 900, RefreshToken: refresh, SeatKey: key, SeatID: r.seat,
		SpaceID: space, RoomID: r.room, Role: wire.GuestRole(r.was["role"]), ParticipantName: r.was["name"],
	}, err
}

func (s *counter) bearer(g *gin.Context) (claims, error) {
	token, found := strings.CutPrefix(g.GetHeader("Authorization"), "Bearer ")
	if !found {
		return claims{}, errToken
	}
	return s.verify(token)
}

// caller verifies a token and reads its session's anchors, and the records of more beside them.
func (s *counter) caller(g *gin.Context, more ...string) (c claims, user record, recs []record, err error) {
	if c, err = s.bearer(g); err != nil {
		return c, nil, nil, err
	}
	for i, key := range more {
		more[i] = strings.ReplaceAll(key, "$", c.Subject)
	}
	recs, err = s.read(g, append([]string{"session:" + c.Session, "user:" + c.Subject, "client:" + c.Client}, more...)...)
	if err != nil {
		return c, nil, nil, err
	}
	if !alive(time.Now(), recs[:3]...) || recs[0]["epoch"] != recs[1]["epoch"] || recs[1]["workspace"] != c.Workspace {
		return c, nil, nil, errToken
	}
	return c, recs[1], recs[3:], nil
}

// An activation is the transition: an invite spent, a member made, a line in the invite's ledger.
type activation struct {
	invite, space, user, lineage, epoch, role, line string
	now, ends                                       time.Time
}

// activateInvite: two reads, two writes and that of the event.
func (s *counter) activateInvite(g *gin.Context) (any, error) {
	a := activation{invite: g.Param("invite"), space: g.Param("space"), epoch: newID(), now: time.Now()}
	c, _, recs, err := s.caller(g, "space:"+a.space, "member:"+a.space+":$", "ban:"+a.space+":$", "staff:$", "invite:"+a.invite)
	if err != nil {
		return nil, err
	}
	invite := recs[4]
	a.user, a.lineage, a.role, a.line = c.Subject, invite["epoch"], invite["role"], useOf(g, a.now, c.Subject)
	a.ends = time.UnixMilli(number(invite["ends"]))
	lineage, err := s.read(g, "epoch:"+a.lineage)
	if err != nil {
		return nil, err
	}
	if !alive(a.now, recs[0], invite, lineage[0]) || recs[1]["role"] != "" || recs[2] != nil || invite["used"] != "" {
		return nil, errRefused
	}
	if err := s.point(g, "spaces:"+a.user, a.space); err != nil {
		return nil, err
	}
	if err := s.activate(g, a); err != nil {
		return nil, err
	}
	return wire.Membership{SpaceID: a.space, Role: wire.SpaceRole(a.role)}, s.keep(g, s.event(g, a.now, c.Workspace, "invite_used", a.user, record{
		"kind": "user", "session": c.Session, "subject": a.invite, "space": a.space, "role": a.role,
	}))
}

// A rotation is the transition: the next generation of a session's refresh token, and its end moved on.
type rotation struct {
	session, user, epoch string
	gen                  int64
	now, ends, was       time.Time
}

func (s *counter) getAccessToken(g *gin.Context) (any, error) {
	in, err := body[wire.TokenRequest](g)
	if err != nil {
		return nil, err
	}
	if in.GrantType == "password" {
		return s.signIn(g, in)
	}
	return s.rotate(g, in.RefreshToken)
}

// rotate: one read of three records, one write, one signature.
func (s *counter) rotate(g *gin.Context, token string) (any, error) {
	user, session, gen, err := s.readTicket(token)
	if err != nil {
		return nil, err
	}
	recs, err := s.read(g, "session:"+session, "user:"+user, "client:web")
	if err != nil {
		return nil, err
	}
	r := rotation{session: session, user: user, epoch: recs[1]["epoch"], gen: gen, now: time.Now()}
	if !alive(r.now, recs...) || recs[0]["epoch"] != r.epoch || number(recs[0]["gen"]) != gen {
		return nil, errRefused
	}
	r.ends, r.was = r.now.AddDate(0, 0, 21), time.UnixMilli(number(recs[0]["ends"]))
	if err := s.refresh(g, r); err != nil {
		return nil, err
	}
	access, err := s.sign(claims{
		Subject: user, Audience: "user", Type: "accessToken", Client: "web", Session: session, Workspace: recs[1]["workspace"], How: "account",
	})
	if err != nil {
		return nil, err
	}
	refresh, err := s.ticket(gen+1, user, session)
	return wire.Tokens{TokenType: wire.TokenTypeBearer, AccessToken: access, ExpiresIn: 900, RefreshToken: refresh}, err
}

var salt = randomBytes(16)

// signIn is the hash alone: no trip and no signature.
func (s *counter) signIn(_ *gin.Context, in wire.TokenRequest) (any, error) {
	s.hash <- struct{}{}
	defer func() { <-s.hash }()
	p := password.Recommended
	sum := argon2.IDKey([]byte(in.Password), salt, p.Passes, p.Memory, 1, 32)
	return wire.Tokens{TokenType: wire.TokenTypeBearer, AccessToken: hex.EncodeToString(sum)}, nil
}

// joinRoom: one read of ten records, one signature.
func (s *counter) joinRoom(g *gin.Context) (any, error) {
	space, room := g.Param("space"), g.Param("room")
	c, user, recs, err := s.caller(g, "space:"+space, "member:"+space+":$", "ban:"+space+":$",
		"room:"+room, "role:"+room+":$", "ban:"+room+":$", "staff:$")
	if err != nil {
		return nil, err
	}
	now, there, role := time.Now(), recs[3], recs[4]["role"]
	if !alive(now, recs[0], there) || recs[1] == nil && recs[0]["public"] == "" || recs[2] != nil || recs[5] != nil ||
		role == "" && there["access"] == "private" || there["space"] != space {
		return nil, errRefused
	}
	token, err := s.sign(claims{
		Subject: c.Subject, Audience: "room", Workspace: c.Workspace, How: c.How, Room: room, Space: space, Role: role,
		Name: user["username"], Publish: true,
	})
	return wire.RoomPass{RoomToken: token, ExpiresAt: now.Add(5 * time.Minute), Role: wire.RoomRoleName(role), Room: wire.Room{
		ID: room, SpaceID: space, Name: there["name"], Alias: there["alias"], Access: wire.Access(there["access"]),
	}}, err
}
