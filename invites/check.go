package invites

import (
	"time"

	"usher/auth"
)

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// checkStart is the instant before which a link is not valid: none where it is not to come.
func checkStart(start, now time.Time) (time.Time, error) {
	if start.After(now.Add(MaxLinkAhead)) {
		return start, &auth.FieldError{Field: "/notBefore", Reason: "more than 90 days ahead"}
	}
	if !start.After(now) {
		return time.Time{}, nil
	}
	return start.UTC().Truncate(time.Millisecond), nil
}

func checkUses(uses int, permanent bool) error {
	switch {
	case permanent && uses != 0:
		return &auth.FieldError{Field: "/maxUses", Reason: "not together with a permanent link"}
	case !permanent && (uses < 1 || uses > MaxLinkUses):
		return &auth.FieldError{Field: "/maxUses", Reason: "out of range"}
	}
	return nil
}

func (d *Desk) checkTTL(ttl time.Duration) error {
	if ttl < MinLinkTTL || ttl > d.set.MaxLinkTTL {
		return &auth.FieldError{Field: "/ttl", Reason: "out of range"}
	}
	return nil
}

// checkRole: a link gives one of two roles, and whoever may issue links has at least the higher one.
func checkRole(role string) error {
	if role != "user" && role != "moderator" {
		return &auth.FieldError{Field: "/role", Reason: "not a role of a guest"}
	}
	return nil
}
