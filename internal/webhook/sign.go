package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"usher/internal/outbox"
	"usher/internal/secret"
)

// What a receiver checks is Standard Webhooks (standardwebhooks.com): the id, the instant and the body, each as it was
// sent, under HMAC-SHA256.
const mark = "whsec_"

// A secret has so many bytes, as Standard Webhooks has it.
const (
	leastSecret = 24
	mostSecret  = 64
)

// CheckSecret says what is wrong with a secret to sign with, and nothing where it is right, or empty.
func CheckSecret(s secret.String) (wrong string) {
	coded, marked := strings.CutPrefix(s.Reveal(), mark)
	key, err := base64.StdEncoding.DecodeString(coded)
	if !s.Empty() && (!marked || err != nil || len(key) < leastSecret || len(key) > mostSecret) {
		return "not whsec_ and 24 to 64 bytes in base64"
	}
	return ""
}

// sign writes a signature by each secret: while one takes the place of another, the receiver may know either.
func sign(id, at string, body []byte, secrets []secret.String) (string, error) {
	var all []string
	for _, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.Reveal(), mark))
		if err != nil {
			return "", fmt.Errorf("%w: the secret is none", outbox.ErrHopeless)
		}
		mac := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " "), nil
}
