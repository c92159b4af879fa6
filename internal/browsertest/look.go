package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Phone makes the window that of a phone.
func (p Page) Phone() {
	p.t.Helper()
	p.Do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateScale(2)))
}

// Reads makes the browser ask for pages in a language.
func (p Page) Reads(language string) {
	p.t.Helper()
	command(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
}

// Scripts lets pages run theirs, or not. Without them, Says asks in vain.
func (p Page) Scripts(run bool) {
	p.t.Helper()
	command(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
}

func (p Page) colours(scheme string) {
	p.t.Helper()
	command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

func command[P, R any](p Page, what cdp.Command[P, R], params P) {
	p.t.Helper()
	p.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, what, params)
		return err
	}))
}

// Keep keeps a picture of the page in the directory that USHER_TEST_SCREENSHOTS names, if it names one.
func (p Page) Keep(name string) {
	p.t.Helper()
	dir := os.Getenv("USHER_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(dir, 0o750) //nolint:gosec // whoever runs the test says where
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600) //nolint:gosec // the same
	}
	if err != nil {
		p.t.Errorf("a picture of %s: %v", name, err)
	}
}

// inspect has axe-core look at the page: its findings of some weight, by the rules named, or by all.
const inspect = `axe.run(document, {resultTypes: ["violations"], ...(RULES)}).then(found => found.violations
	.filter(v => v.impact === "serious" || v.impact === "critical")
	.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ")).join("\n"))`

// Accessible requires that axe finds nothing serious on the page, by daylight and in the dark, and that nothing is wider
// than the window. It keeps a picture of both.
func (p Page) Accessible(name string) {
	p.t.Helper()
	axe, err := os.ReadFile(fetched(p.t, "USHER_TEST_AXE", "axe-core-4.14.1/package", "axe.min.js"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.Fits(name)
	p.Says(string(axe) + `;""`) // the browser's debugger minds no policy of the page
	for scheme, rules := range map[string]string{"light": "{}", "dark": `{runOnly: ["color-contrast"]}`} {
		p.colours(scheme)
		if found := p.Says(strings.Replace(inspect, "RULES", rules, 1)); found != "" {
			p.t.Errorf("%s, %s: axe finds\n%s", name, scheme, found)
		}
		p.Keep(name + "-" + scheme)
	}
	p.colours("light")
}

// Fits requires that nothing of the page is wider than the window.
func (p Page) Fits(name string) {
	p.t.Helper()
	if wide := p.Says(`document.documentElement.scrollWidth > innerWidth ? document.documentElement.scrollWidth + " in " + innerWidth : ""`); wide != "" {
		p.t.Errorf("%s is too wide: %s", name, wide)
	}
}
