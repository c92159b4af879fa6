package auth

import "usher/internal/secret"

// HashPIN is what is stored of a PIN: a code so short that whoever has a copy of the store would have guessed it at once,
// whatever the hash. So it is made under a key of the installation, which lies encrypted where its operator has given a
// key for that; and it costs next to nothing, as a whole class comes with its PIN at the same minute. Of names the one
// thing that the PIN is for, so that the same PIN reads differently elsewhere. A hash of an earlier key matches no PIN.
func (a *Authority) HashPIN(of string, pin secret.String) string {
	return base64url.EncodeToString(mac(a.activeKey(forPINs).mac, []byte(of+"\x00"+pin.Reveal())))
}
