package console

import "net/url"

func (s *Console) asksBlock(v *visit) (page, error) {
	u, err := s.theUser(v)
	return v.formPage("Block "+called(u)+"?", u, form{
		Says: "A blocked user is signed out everywhere at once, and cannot sign in until unblocked.", Button: "Block", Risky: true,
	}), err
}

func (s *Console) block(v *visit, _ url.Values) (done, error) {
	return leads("/users/" + v.ID("userId") + "?done=blocked"), s.Spaces.BlockUser(v, v.Who(), v.ID("userId"))
}

func (s *Console) asksUnblock(v *visit) (page, error) {
	u, err := s.theUser(v)
	return v.formPage("Unblock "+called(u)+"?", u, form{Says: "The user may sign in again.", Button: "Unblock"}), err
}

func (s *Console) unblock(v *visit, _ url.Values) (done, error) {
	return leads("/users/" + v.ID("userId") + "?done=unblocked"), s.Authority.UnblockUser(v, v.Who(), v.ID("userId"))
}

func (s *Console) asksDelete(v *visit) (page, error) {
	u, err := s.theUser(v)
	return v.formPage("Delete "+called(u)+"?", u, form{
		Says: "The user leaves every space and room, with everything issued there. It cannot be undone.", Button: "Delete for good", Risky: true,
	}), err
}

func (s *Console) deleteUser(v *visit, _ url.Values) (done, error) {
	return leads("/users?done=deleted"), s.Spaces.Telling(v.tells).DeleteUser(v, v.Who(), v.ID("userId"))
}

func (s *Console) asksToken(v *visit) (page, error) {
	u, err := s.theUser(v)
	return v.formPage("Give "+called(u)+" a new access token?", u, form{
		Says:   "The links that were made with the present one lead nowhere then, and whoever is in a room by it is out at once.",
		Button: "Give a new one", Risky: true,
	}), err
}

// rotateToken is for when a link is in the wrong hands. The new token is for the integrator's server to ask for.
func (s *Console) rotateToken(v *visit, _ url.Values) (done, error) {
	u, err := s.theUser(v)
	if err == nil {
		err = s.Spaces.RotateAccessToken(v, v.Who(), u)
	}
	return leads("/users/" + u.ID + "?done=rotated"), err
}
