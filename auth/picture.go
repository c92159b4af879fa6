package auth

import (
	"context"
	"encoding/base64"
	"regexp"
	"strings"

	"usher/internal/audit"
	"usher/internal/store"
)

func pictureKey(user string) store.Key {
	return store.Key{Partition: "u:" + user, Kind: "picture", ID: user}
}

// PicturesPath is where pictures lie that were uploaded: below it the user, and a name that changes with what is in it.
const PicturesPath = "/pictures/"

var aPicture = regexp.MustCompile(`^[A-Za-z0-9_-]+\.jpg$`)

// SetPicture puts a JPEG in the place of the profile image of a user, or takes it away where it is empty, for an
// administrator. It returns ErrWrongToken, ErrForbidden, ErrNotFound.
func (a *Authority) SetPicture(ctx context.Context, who Identity, user string, jpeg []byte) error {
	err := Settle(func() error {
		recs, err := a.asAdmin(ctx, who, user)
		if err != nil {
			return err
		}
		var was account
		if err := recs[0].Load(&was); err != nil {
			return err
		}
		is, tx := was, store.Tx{}
		if is.ExternalID != "" {
			is.Updated = a.Now()
		}
		if is.ProfileURL = ""; len(jpeg) > 0 {
			name := Hash("picture", string(jpeg))
			is.ProfileURL = a.set.Issuer + PicturesPath + user + "/" + name + ".jpg"
			tx.Do = []store.Write{store.Set(pictureKey(user), store.Record{"name": name, "jpeg": base64.StdEncoding.EncodeToString(jpeg)})}
		}
		return a.rewrite(ctx, recs[0], was, is, tx)
	})
	return a.Recorded(ctx, who, audit.Event{Type: audit.UserUpdated, Subject: user}, err)
}

// Uploaded reports whether the profile image of a user lies here.
func (a *Authority) Uploaded(u Account) bool {
	file, here := strings.CutPrefix(u.ProfileURL, a.set.Issuer+PicturesPath+u.ID+"/")
	return here && aPicture.MatchString(file) // and no path that leads out of there
}

// Picture is what was uploaded for a user under a name. Whoever has the address may see it: it is shown to all who are
// in a room with him. It returns ErrNotFound.
func (a *Authority) Picture(ctx context.Context, user, name string) ([]byte, error) {
	if !IsID(user) {
		return nil, ErrNotFound
	}
	recs, err := a.Store.Get(ctx, UserKey(user), pictureKey(user))
	if err != nil {
		return nil, err
	}
	if !Alive(recs[0], a.Now()) || recs[1] == nil || recs[1]["name"] != name {
		return nil, ErrNotFound
	}
	return base64.StdEncoding.DecodeString(recs[1]["jpeg"])
}
