package invites

import (
	"cmp"
	"context"
	"crypto/subtle"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/audit"
	"usher/internal/secret"
	"usher/internal/store"
)

// After so many wrong PINs nobody new gets in by a link for a while, the right PIN or not.
const (
	MaxPINFailures = 10
	PINPause       = 15 * time.Minute
)

func checkPIN(pin secret.String) error {
	digits := pin.Reveal()
	if pin.Empty() || len(digits) >= 4 && len(digits) <= 12 && strings.Trim(digits, "0123456789") == "" {
		return nil
	}
	return &auth.FieldError{Field: "/pin", Reason: "not 4 to 12 digits"}
}

// ask holds a newcomer's PIN against the link's; who sits there already is asked for none. What the comparison shows is
// told behind a transaction, the wrong PIN's here, the right one's in take: all of them stand in one line, and so of a
// thousand that come at once ten are answered, whichever they are, while a class that knows its PIN waits for nobody.
func (d *Desk) ask(ctx context.Context, h hall, pin secret.String) error {
	if h.taken || h.link.PIN == "" {
		return nil
	}
	if h.link.looked(nil, d.auth.Now()); !h.link.PINPaused.IsZero() {
		return &WaitError{ErrPINPaused, h.link.PINPaused}
	}
	if pin.Empty() {
		return ErrPINRequired
	}
	if subtle.ConstantTimeCompare([]byte(d.auth.HashPIN(h.link.ID, pin)), []byte(h.link.PIN)) == 1 {
		return nil
	}
	return d.wrongPIN(ctx, h)
}

// notPINPaused is that a newcomer who says a PIN is not too late, as conditions. A pause that is over is told from one
// that has begun since by the last failure.
func (h hall) notPINPaused() []store.Cond {
	switch {
	case h.link.PIN == "":
		return nil
	case h.link.PINFailures < MaxPINFailures:
		return []store.Cond{store.Below(h.token.key(), "pinTries", MaxPINFailures)}
	}
	return []store.Cond{store.Equal(h.token.key(), "pinAt", store.Millis(h.link.PINFailed))}
}

// wrongPIN counts one; it is auth.ErrOvertaken where that was not to be answered any more. A lost reply may count twice.
func (d *Desk) wrongPIN(ctx context.Context, h hall) error {
	now, link := d.auth.Now(), h.token.key()
	counts := []store.Write{store.Add(link, "pinTries", 1), store.Set(link, store.Record{"pinAt": store.Millis(now)})}
	if h.link.PINFailures >= MaxPINFailures { // and its pause is over
		counts = []store.Write{store.Set(link, store.Record{"pinTries": "1", "pinAt": store.Millis(now)})}
	}
	result, err := d.auth.Apply(ctx, store.Tx{
		If: append(h.stands(now), h.notPINPaused()...), Do: counts, Read: []store.Key{link},
	})
	switch {
	case err != nil:
		return err
	case result.Refused != 0:
		return auth.ErrOvertaken
	case result.Read[0].Int("pinTries") == MaxPINFailures-1:
		h.link.PINFailed = now
		return cmp.Or(d.pinPaused(ctx, h), ErrPINWrong)
	}
	return ErrPINWrong
}

// pinPaused records the pause, once: whoever meets it records it again under the same id, lest it be lost.
func (d *Desk) pinPaused(ctx context.Context, h hall) error {
	e := audit.Event{Type: audit.LinkPINPaused, Subject: h.link.ID, Space: h.token.space, Room: h.token.room, At: h.link.PINFailed}
	e.ID = auth.Hash(string(e.Type), h.link.ID, store.Millis(e.At))
	return d.auth.Recorded(ctx, auth.Identity{Workspace: h.room.Workspace}, e, nil)
}
