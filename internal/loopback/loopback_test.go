package loopback_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/loopback"
)

func TestWhatThisMachineIsCalled(t *testing.T) {
	t.Parallel()
	for address, is := range map[string]bool{
		"http://localhost:8080": true, "http://door.localhost/x": true, "http://127.0.0.1": true, "https://127.9.8.7": true,
		"http://[::1]:8080": true, "http://[::ffff:127.0.0.1]": true,
		"https://usher.test": false, "http://10.0.0.1": false, "http://localhost.usher.test": false, "http://notlocalhost": false,
		"localhost": false, "": false, "http://%zz": false, "http://127.0.0.1.nip.io": false,
	} {
		require.Equal(t, is, loopback.URL(address), address)
	}
}
