package handlers_test

import (
	"slices"
	"testing"
)

// public are the operations that someone without a token may call. Whatever else the contract has, or will have,
// turns strangers away.
var public = []string{
	"createUser", "getChallenge", "confirmSignUp", "forgotPassword", "resetPassword", "verifyEmail", "confirmEmailChange", "undoEmailChange",
	"getAccessToken", "revokeToken", "introspectToken", "getKeys", "getMetadata", "getRoom", "getRoomByAlias", "previewAccess", "redeemAccess", "joinAsGuest",
}

func TestStrangersAreTurnedAway(t *testing.T) {
	all := operations(t)
	onEach(t, func(t *testing.T, d *door) {
		seen := 0
		for name, op := range all {
			if !slices.Contains(public, name) {
				seen++
				d.turnsAway(t, op)
			}
		}
		if seen+len(public) != len(rows) {
			t.Errorf("%d operations and %d public ones, but %d rows in the matrix", seen, len(public), len(rows))
		}
	})
}

// turnsAway tries what someone might come with who has no token: before anything is looked at, the body included.
func (d *door) turnsAway(t *testing.T, op operation) {
	t.Helper()
	before := d.applies.Load()
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer x", "Basic d2ViOg==", "bearer null", "Bearer a.b.c"} {
		r := d.do("", op.method, op.at(nil), `{"nonsense":true}`, "Authorization", authorization, "Cookie", "accessToken=x; refreshToken=y")
		if r.status != 401 || r.text("code") == "" {
			t.Errorf("%s with Authorization %q: %d\n%s", op.OperationID, authorization, r.status, r.raw)
		}
	}
	if d.applies.Load() != before {
		t.Errorf("%s wrote something for a stranger", op.OperationID)
	}
}
