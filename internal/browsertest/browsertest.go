// Package browsertest gives tests a real browser: the Chromium that CHROMIUM names, else a chromium from the PATH.
// Where there is none of them a test is skipped, and under CI=true it fails.
package browsertest

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a test may use its browser. A busy machine takes seconds to start one.
const patience = 2 * time.Minute

// A Page is a tab of a browser of its own, which remembers nothing of any other.
type Page struct {
	context.Context // for chromedp
	t               testing.TB
}

// Open starts a browser, which ends with the test.
func Open(t testing.TB) Page {
	t.Helper()
	path, err := exec.LookPath(cmp.Or(os.Getenv("CHROMIUM"), "chromium"))
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("no browser for this test, and CI=true: %v", err)
	case err != nil:
		t.Skipf("no browser for this test: set CHROMIUM, or install chromium: %v", err)
	}
	within, stop := context.WithTimeout(context.WithoutCancel(t.Context()), patience) // the cleanup ends it
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	browser, kill := chromedp.NewExecAllocator(within, options...)
	tab, leave := chromedp.NewContext(browser)
	t.Cleanup(func() { leave(); kill(); stop() })
	p := Page{tab, t}
	p.Do()
	return p
}

// Tab opens one more tab in the same browser, which ends with the test.
func (p Page) Tab() Page {
	p.t.Helper()
	tab, leave := chromedp.NewContext(p)
	p.t.Cleanup(leave)
	second := Page{tab, p.t}
	second.Do()
	return second
}

// Do takes steps, which must succeed.
func (p Page) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p, steps...); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}

// Visit goes to an address, as if somebody had typed it, and waits until the page is there.
func (p Page) Visit(url string) {
	p.t.Helper()
	p.Do(chromedp.Navigate(url))
}

// Says is what a script on the page says in the end: a promise is waited for.
func (p Page) Says(script string) string {
	p.t.Helper()
	text, err := chromedp.Run(p, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("browser: %v", err)
	}
	return text
}
