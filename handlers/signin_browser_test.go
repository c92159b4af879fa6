package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"usher/handlers"
	"usher/internal/browsertest"
	"usher/internal/store/storetest"
)

// TestSignInPageInARealBrowser: a person types, and comes to the application on another host, without a script, and
// without anything that the page's policy forbids.
func TestSignInPageInARealBrowser(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>the application</title><p id="arrived">here</p>`))
	}))
	t.Cleanup(application.Close)
	url, app := "http://"+server.Listener.Addr().String(), strings.Replace(application.URL, "127.0.0.1", "localhost", 1)
	d := open(t, storetest.Bolt(t), func(deps *handlers.Deps) {
		deps.PublicURL, deps.ReturnHosts = url, []string{strings.TrimPrefix(app, "http://")}
	})
	sc := d.newScene(t, "true", "open")
	server.Config.Handler = d.api
	server.Start()
	t.Cleanup(server.Close)

	page := browsertest.Open(t)
	page.Visit(url + "/sign-in?client_id=" + sc.id["web"] + "&return=" + app + "/a%20page?x=1")
	if width := page.Says(`getComputedStyle(document.querySelector("main")).maxWidth`); width != "416px" {
		t.Errorf("the page has no style: %s", width)
	}
	if active := page.Says(`document.activeElement.id`); active != "username" {
		t.Errorf("the keyboard is at %q", active)
	}
	page.Do(chromedp.SendKeys("#username", "pupil"), chromedp.SendKeys("#password", "not this one\r"), chromedp.WaitVisible("[role=alert]"))
	if name := page.Says(`document.querySelector("#username").value + " " + document.activeElement.id`); name != "pupil password" {
		t.Errorf("after a wrong password: %s", name)
	}
	page.Do(chromedp.SendKeys("#password", goodPass+"\r"), chromedp.WaitVisible("#arrived"))
	if at := page.Says(`location.href`); at != app+"/a%20page?x=1" {
		t.Errorf("arrived at %s", at)
	}
	page.Visit(url + "/sign-in")
	if text := page.Says(`document.querySelector("h1").textContent`); text != "You are signed in" {
		t.Error(text)
	}
}

// TestSignInPageSpeaksTheReadersLanguage, also where it tells of a problem.
func TestSignInPageSpeaksTheReadersLanguage(t *testing.T) {
	t.Parallel()
	b := open(t, storetest.Bolt(t)).newScene(t, "true", "open").browser()
	got := b.gets(400, "", b.visit("POST", b.page(), signInForm("pupil", "wrong"), "Accept-Language", "ru-RU, en;q=0.5"))
	for _, part := range []string{`<html lang="ru">`, `<title>Вход</title>`, `<p role="alert">Имя или пароль неверны.</p>`} {
		if !strings.Contains(got.raw, part) {
			t.Errorf("no %s in\n%s", part, got.raw)
		}
	}
	if got.header.Get("Content-Language") != "ru" || got.header.Get("Vary") != "Accept-Language" {
		t.Error(got.header)
	}
}
