package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"usher/internal/audit"
	"usher/internal/outbox"
	"usher/internal/secret"
	"usher/internal/store"
)

// ErrProof says that a token is none that a mail brought, or was used, replaced, or has ended.
var ErrProof = errors.New("auth: not a token of a mail, or not any more")

// A proof is what a token of a mail is held against: whoever has the token reads the mailbox. Each purpose has one, and
// a new one takes the place of the old; only the ways back to former addresses stand beside each other. Once it is spent
// it has no hash any more, and stays, so that the mail that brought it does not bring it again.
type proof struct {
	Hash  string    `store:"hash"`
	Task  string    `store:"task"` // the mail that brings it
	At    time.Time `store:"at"`   // when it was asked for
	Ends  time.Time `store:"ends"`
	Email string    `store:"email"` // whose mailbox it is
	Epoch string    `store:"epoch"` // the user's at the time: whatever ends all sessions ends it too
}

func proofKey(user string, p purpose, task string) store.Key {
	id := string(p)
	if p == toUndo {
		id += "/" + task
	}
	return store.Key{Partition: "u:" + user, Kind: "proof", ID: id}
}

// proofToken is the token that a mail brings: whose it is, the mail, and 256 bits that only the installation's key
// makes of them. So the same mail brings the same token whenever it is sent, and meanwhile it is kept nowhere.
//
//	base64url(user, task, HMAC-SHA256 over purpose, user, task)
func (a *Authority) proofToken(p purpose, user, task string) secret.String {
	body, err := hex.DecodeString(user + task)
	if err != nil || len(body) != 2*idBytes {
		panic("auth: ids are 24 hex digits")
	}
	return secret.New(base64url.EncodeToString(append(body, mac(a.activeKey(forRefresh).mac, append([]byte(p), body...))...)))
}

// readProof says whose proof a token is for, and which. It returns ErrProof for what can't be one.
func readProof(token secret.String) (user, task string, err error) {
	raw, err := decode(token.Reveal())
	if err != nil || len(raw) != 2*idBytes+sha256.Size {
		return "", "", ErrProof
	}
	return hex.EncodeToString(raw[:idBytes]), hex.EncodeToString(raw[idBytes : 2*idBytes]), nil
}

// prove writes the proof of an errand for a user as it was read, and returns its token: an empty one where the mail is
// of no use any more, because its token was used, or a later mail has taken its place. It returns ErrOvertaken.
func (a *Authority) prove(ctx context.Context, e errand, t outbox.Task, user store.Record) (p proof, token secret.String, err error) {
	key := proofKey(user["id"], e.Purpose, t.ID)
	recs, err := a.Store.Get(ctx, key)
	if err != nil {
		return p, token, err
	}
	if err := recs[0].Load(&p); err != nil {
		return p, token, err
	}
	unmade := e.Purpose == toUndo && recs[0] == nil // the change itself, and now it never is
	if unmade || p.Task == t.ID && recs[0]["spent"] != "" || p.Task != t.ID && p.At.After(t.Added) || e.stale(user) {
		return p, token, nil
	}
	if e.Purpose != toUndo { // that was written with the change
		p = proof{Task: t.ID, At: t.Added, Ends: t.Added.Add(mails[e.Purpose].good), Email: e.Email, Epoch: user["epoch"]}
		if e.Purpose == toReset {
			p.Email = user["email"] // as it is written here, which need not be as it was typed there
		}
	}
	token = a.proofToken(e.Purpose, user["id"], t.ID)
	p.Hash = token.Hash()
	fields := store.Fields(p)
	fields["spent"] = ""
	return p, token, a.Change(ctx, store.Tx{
		If: []store.Cond{store.Equal(key, "op", recs[0]["op"]), store.Equal(UserKey(user["id"]), "op", user["op"])},
		Do: []store.Write{store.Set(key, fields), store.Collect(key, p.Ends.Add(KeptAfterEnd))},
	})
}

// stale: there is nothing left to verify.
func (e errand) stale(user store.Record) bool {
	return e.Purpose == toVerify && (user["email"] != e.Email || user["emailVerified"] != "")
}

// A bearer is who has shown the token of a mail.
type bearer struct {
	proof
	user store.Record
	key  store.Key // of the proof
}

// bearer reads whose a token is. It returns ErrProof.
func (a *Authority) bearer(ctx context.Context, p purpose, token secret.String) (b bearer, err error) {
	user, task, err := readProof(token)
	if err != nil {
		return b, err
	}
	b.key = proofKey(user, p, task)
	recs, err := a.Store.Get(ctx, b.key, UserKey(user))
	if err != nil {
		return b, err
	}
	if err := recs[0].Load(&b.proof); err != nil {
		return b, err
	}
	b.user = recs[1]
	bound := p == toReset || p == toChange
	if !token.Matches(b.Hash) || !b.Ends.After(a.Now()) || !Alive(b.user, a.Now()) || bound && b.user["epoch"] != b.Epoch {
		return b, ErrProof
	}
	return b, nil
}

// witnessed keeps in the audit log what a token is about to do: it is spent then, and so nobody could repeat it.
func (a *Authority) witnessed(ctx context.Context, b bearer, what audit.Type) error {
	user := b.user["id"]
	e := audit.Event{ID: Hash(string(what), user, b.Task), Type: what, Subject: user}
	return a.Recorded(ctx, Identity{Workspace: b.user["workspace"]}, e, nil)
}

// readdress is rewrite for a bearer who gets another address, after the audit log has it.
func (a *Authority) readdress(ctx context.Context, b bearer, was, is account, what audit.Type, tx store.Tx) error {
	if _, err := a.claimAll(ctx, was.ID, beyond(is.names(), was.names())); err != nil {
		return err
	}
	if err := a.witnessed(ctx, b, what); err != nil {
		return err
	}
	return a.rewrite(ctx, b.user, was, is, tx)
}

// once are the conditions and the write by which a token is spent, if nothing has happened to its proof or its user since
// they were read.
func (b bearer) once() store.Tx {
	return store.Tx{
		If: []store.Cond{store.Equal(UserKey(b.user["id"]), "op", b.user["op"]), store.Equal(b.key, "hash", b.Hash)},
		Do: []store.Write{store.Set(b.key, store.Record{"hash": "", "spent": "1"})},
	}
}
