package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what is written to its one end is read from the other.
func terminal(t *testing.T) (screen, end *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = screen.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	end, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = end.Close() })
	return screen, end
}

func TestATerminalShowsTheCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	screen, end := terminal(t)
	cmd := programAt(t, dir, "--listen", "127.0.0.1:0")
	cmd.Stdout = end
	p := launch(t, cmd)
	p.awaitListening(t) // by then everything is on the screen
	var shown []string
	for lines := bufio.NewScanner(screen); lines.Scan(); {
		shown = append(shown, strings.TrimRight(lines.Text(), "\r"))
		if strings.HasSuffix(shown[len(shown)-1], `/generate-access?qrCode=none"`) {
			break
		}
	}
	text := strings.Join(shown, "\n")
	assert.Regexp(t, `ADMIN_PASSWORD='\S+'`, text)
	assert.Empty(t, credentials(t, dir))
	out := sh(t, dir, strings.Join(shown[len(shown)-4:], "\n"))
	assert.Contains(t, out, `"url":"`+p.url+`/room/`)

	assignments := text[strings.Index(text, "USHER="):strings.Index(text, "Four lines")]
	assert.Contains(t, sh(t, dir, assignments+"AT=$USHER;"+signingInAs), `"refresh_token"`)
}
