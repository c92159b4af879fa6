package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"usher/auth"
	"usher/internal/secret"
)

// firstStart makes the first workspace where there is none, and shows its credentials, this once: on a terminal, else
// in a file, because what goes elsewhere than to a person ends up in logs. Where the operator has chosen both secrets
// there is nothing to show.
func (p *program) firstStart(ctx context.Context, a *auth.Authority, s seeds, local string) error {
	made, first, err := a.First(ctx, s.workspace(""))
	if err != nil || !first {
		return err
	}
	p.log.Info("first start: made a workspace", "workspace", made.Workspace)
	if !s.AdminPassword.Empty() && !s.ClientSecret.Empty() {
		return nil
	}
	shown := fmt.Sprintf("USHER=%s\n%s", quote(local), assignments(made))
	if isTerminal(p.stdout) {
		return p.print("The first workspace. Its credentials are shown this once:\n\n" + indented(shown) +
			"\nFour lines to try it with:\n\n" + indented(trial(local, made)) + "\n")
	}
	path, err := writeSecret(p.credentialsFile(), shown)
	if err != nil {
		return fmt.Errorf("the first workspace was made, but its credentials can't be written: %w; "+
			"usher admin reset --email %s gives the administrator another password", err, made.AdminEmail)
	}
	p.log.Info("the credentials of the first workspace are in a file, this once", "path", path)
	return p.print("Four lines to try it with:\n\n" + indented(trialFrom(local, path)) + "\n")
}

func (p *program) print(text string) error {
	_, err := io.WriteString(p.stdout, text)
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// credentialsFile lies beside the data; with Redis, where the program was started.
func (p *program) credentialsFile() string {
	name := "usher.credentials"
	if p.storage.Redis.Empty() {
		name = p.storage.Data + ".credentials"
	}
	if whole, err := filepath.Abs(name); err == nil {
		return whole
	}
	return name
}

// writeSecret writes a file that only its owner reads, and never over another: then the name gets a number.
func writeSecret(name, content string) (path string, err error) {
	var f *os.File
	for n := 1; ; n++ {
		path = name
		if n > 1 {
			path = fmt.Sprintf("%s.%d", name, n)
		}
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names it
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(f, content)
	return path, errors.Join(err, f.Sync(), f.Close())
}

// assignments are credentials as sh reads them. What there is none of is left out.
func assignments(c auth.Credentials) string {
	var text strings.Builder
	for _, one := range []struct {
		name  string
		value secret.String
	}{
		{"WORKSPACE", secret.New(c.Workspace)},
		{"ADMIN_EMAIL", secret.New(c.AdminEmail)},
		{"ADMIN_PASSWORD", c.AdminPassword},
		{"PUBLIC_CLIENT", secret.New(c.PublicClient)},
		{"CLIENT_ID", secret.New(c.ConfidentialClient)},
		{"CLIENT_SECRET", c.ClientSecret},
	} {
		if !one.value.Empty() {
			fmt.Fprintf(&text, "%s=%s\n", one.name, quote(one.value.Reveal()))
		}
	}
	return text.String()
}

// quote makes one word of sh of any text.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}
