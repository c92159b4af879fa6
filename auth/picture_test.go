package auth

import (
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A picture takes the place of the one before, at another address, and goes with its user.
func TestAPictureOfAUser(t *testing.T) {
	onEach(t, func(w *world) {
		id := w.user("ann")
		url := func() string {
			u, err := w.GetUser(w.ctx(), w.admin, id)
			require.NoError(w, err)
			require.Equal(w, u.ProfileURL != "", w.Uploaded(u))
			return u.ProfileURL
		}
		sees := func(url string) (string, error) {
			jpeg, err := w.Picture(w.ctx(), id, strings.TrimSuffix(path.Base(url), ".jpg"))
			return string(jpeg), err
		}
		require.NoError(w, w.SetPicture(w.ctx(), w.admin, id, []byte("\xff\xd8 one")))
		first := url()
		require.True(w, strings.HasPrefix(first, "https://usher.test/pictures/"+id+"/"), first)
		got, err := sees(first)
		require.NoError(w, err)
		require.Equal(w, "\xff\xd8 one", got)
		require.NoError(w, w.SetPicture(w.ctx(), w.admin, id, []byte("\xff\xd8 two")))
		require.NotEqual(w, first, url())
		_, err = sees(first)
		require.ErrorIs(w, err, ErrNotFound)

		require.False(w, w.Uploaded(Account{ID: id, ProfileURL: "https://usher.test/pictures/" + id + "/../../console/audit?x=.jpg"}))
		require.NoError(w, w.SetPicture(w.ctx(), w.admin, id, nil))
		require.Empty(w, url())
		for _, who := range []Identity{w.signedIn("ann", good), {Kind: Guest}, {}} {
			require.Error(w, w.SetPicture(w.ctx(), who, id, []byte("x")))
		}
		require.ErrorIs(w, w.SetPicture(w.ctx(), w.admin, w.NewID(), nil), ErrNotFound)

		require.NoError(w, w.SetPicture(w.ctx(), w.admin, id, []byte("\xff\xd8 one")))
		first = url()
		require.NoError(w, w.Bury(w.ctx(), w.admin, id))
		_, err = sees(first)
		require.ErrorIs(w, err, ErrNotFound)
		require.Nil(w, w.record(pictureKey(id)))
	})
}

// Whatever takes the place of a picture that was uploaded takes it away: another address, or none, whoever says so.
func TestAPictureThatIsReplacedIsGone(t *testing.T) {
	onEachSealed(t, func(w *world) {
		elsewhere, none := "https://elsewhere.test/ann.jpg", ""
		put := func(to string) func(id string) error {
			return func(string) error {
				_, err := w.PutExternal(w.ctx(), w.admin, "S-1", ExternalPatch{ProfileURL: &to})
				return err
			}
		}
		for _, replace := range []func(id string) error{
			put(elsewhere), put(none),
			func(string) error {
				_, err := w.UpdateExternal(w.ctx(), w.admin, "S-1", ExternalPatch{ProfileURL: &elsewhere})
				return err
			},
			func(id string) error {
				_, err := w.UpdateUser(w.ctx(), w.admin, id, UserPatch{ProfileURL: &none})
				return err
			},
			func(id string) error { return put(w.set.Issuer + PicturesPath + id + "/another.jpg")(id) },
		} {
			u, err := w.PutExternal(w.ctx(), w.admin, "S-1", ExternalPatch{})
			require.NoError(w, err)
			require.NoError(w, w.SetPicture(w.ctx(), w.admin, u.ID, []byte("\xff\xd8 one")))
			name := w.record(pictureKey(u.ID))["name"]
			ann := "Ann"
			_, err = w.UpdateUser(w.ctx(), w.admin, u.ID, UserPatch{Name: &ann})
			require.NoError(w, err)
			_, err = w.Picture(w.ctx(), u.ID, name)
			require.NoError(w, err, "it stays where another thing is changed")

			require.NoError(w, replace(u.ID))
			_, err = w.Picture(w.ctx(), u.ID, name)
			require.ErrorIs(w, err, ErrNotFound)
			require.Nil(w, w.record(pictureKey(u.ID)))
		}
	})
}

// A picture is a change of a user like every other.
func TestAPictureChangesWhenItsUserWasChanged(t *testing.T) {
	onEachSealed(t, func(w *world) {
		u, err := w.PutExternal(w.ctx(), w.admin, "S-1", ExternalPatch{})
		require.NoError(w, err)
		for i, picture := range []string{"\xff\xd8 one", ""} {
			w.forward(time.Hour)
			require.NoError(w, w.SetPicture(w.ctx(), w.admin, u.ID, []byte(picture)))
			got, err := w.GetExternal(w.ctx(), w.admin, "S-1")
			require.NoError(w, err)
			require.Equal(w, noon.Add(time.Duration(i+1)*time.Hour), got.Updated)
		}
	})
}
