package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// A mint makes and takes the floor's tokens: signed as usher's are, and as long.
type mint struct {
	private ed25519.PrivateKey
	public  ed25519.PublicKey
	mac     []byte
}

func newMint() (*mint, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	return &mint{private, public, randomBytes(32)}, err
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return b
}

func newID() string { return hex.EncodeToString(randomBytes(12)) }

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

var b64 = base64.RawURLEncoding

// Claims are those of an access token and of a room token in one.
type claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	Expires   int64  `json:"exp"`
	Type      string `json:"type,omitempty"`
	Client    string `json:"cId,omitempty"`
	Session   string `json:"sid,omitempty"`
	Workspace string `json:"wId"`
	How       string `json:"how"`
	Room      string `json:"roomId,omitempty"`
	Space     string `json:"spaceId,omitempty"`
	Link      string `json:"linkId,omitempty"`
	Lineage   string `json:"lineage,omitempty"`
	Role      string `json:"role,omitempty"`
	Name      string `json:"name,omitempty"`
	Publish   bool   `json:"canPublish,omitempty"`
}

var jwtHead = b64.EncodeToString([]byte(`{"alg":"EdDSA","kid":"60cb1fd41f46ac12ff0eec79","typ":"at+jwt"}`))

const tokenLife = 24 * time.Hour

func (m *mint) sign(c claims) (string, error) {
	now := time.Now()
	c.Issuer, c.ID, c.IssuedAt, c.Expires = issuer, newID(), now.Unix(), now.Add(tokenLife).Unix()
	body, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	text := jwtHead + "." + b64.EncodeToString(body)
	return text + "." + b64.EncodeToString(ed25519.Sign(m.private, []byte(text))), nil
}

func (m *mint) verify(token string) (c claims, err error) {
	last := strings.LastIndexByte(token, '.')
	body, ours := strings.CutPrefix(token[:max(last, 0)], jwtHead+".")
	if !ours {
		return c, errToken
	}
	signature, err := b64.DecodeString(token[last+1:])
	if err != nil || !ed25519.Verify(m.public, []byte(token[:last]), signature) {
		return c, errToken
	}
	raw, err := b64.DecodeString(body)
	if err != nil || json.Unmarshal(raw, &c) != nil || c.Issuer != issuer || c.Expires <= time.Now().Unix() {
		return c, errToken
	}
	return c, nil
}

// ticket is a refresh token: ids and a generation under a MAC.
func (m *mint) ticket(gen int64, ids ...string) (string, error) {
	raw, err := hex.DecodeString(strings.Join(ids, ""))
	if err != nil {
		return "", err
	}
	raw = binary.BigEndian.AppendUint64(raw, uint64(gen)) //nolint:gosec // it counts from 1
	return b64.EncodeToString(append(raw, m.sum(raw)...)), nil
}

func (m *mint) sum(raw []byte) []byte {
	h := hmac.New(sha256.New, m.mac)
	h.Write(raw)
	return h.Sum(nil)
}

// readTicket is the reverse, for a user's ticket of two ids.
func (m *mint) readTicket(token string) (user, session string, gen int64, err error) {
	const ids = 24
	raw, err := b64.DecodeString(token)
	if err != nil || len(raw) != ids+8+sha256.Size || !hmac.Equal(raw[ids+8:], m.sum(raw[:ids+8])) {
		return "", "", 0, errToken
	}
	gen = int64(binary.BigEndian.Uint64(raw[ids:])) //nolint:gosec // ticket wrote it
	return hex.EncodeToString(raw[:12]), hex.EncodeToString(raw[12:24]), gen, nil
}
