package handlers_test

import (
	"fmt"
	"strings"
	"testing"
)

const bulk = invited + "/bulk"

// table sends a table as the space's moderator.
func (sc *scene) table(csv string) reply {
	sc.t.Helper()
	return sc.do(sc.token["space moderator"], "POST", sc.names().Replace(bulk), csv, "Content-Type", "text/csv; charset=utf-8")
}

// results are the answers to the rows, as "status code field".
func (r reply) results() (all []string) {
	rows, _ := r.body["rows"].([]any)
	for _, one := range rows {
		row, _ := one.(map[string]any)
		all = append(all, strings.TrimSpace(strings.ReplaceAll(fmt.Sprint(row["status"], " ", row["code"], " ", row["field"]), "<nil>", "")))
	}
	return all
}

// A table is taken as spreadsheets write it, and each row is answered by itself.
func TestManyInvitesAsATable(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		got := sc.table("\ufeffEmail,ROLE, name\r\nann@there.test,role_space_user,\"Smith, Ann\"\r\n ben@there.test ,role_space_moderator,\r\n" +
			"no address,role_space_user,\r\ncid@there.test,owner,\r\npupil@here.test,role_space_user,\r\nann@THERE.test,role_space_user,\r\n")
		want := "created|created|invalid invalid email|invalid invalid role|created|pending"
		if all := strings.Join(got.results(), "|"); got.status != 200 || all != want {
			t.Fatalf("%d %s, want %s\n%s", got.status, all, want, got.raw)
		}
		list := sc.as("space owner", "GET", invited+"?state=pending", "")
		for _, kept := range []string{`"name":"Smith, Ann"`, `"email":"ben@there.test"`} {
			if !strings.Contains(list.raw, kept) {
				t.Errorf("no %s in %s", kept, list.raw)
			}
		}
		sc.deliver()
		sc.says(sc.as("space owner", "GET", bulk+"/"+got.text("batchId"), ""), "total", 3.0, "sent", 3.0, "failed", 0.0, "waiting", 0.0)

		for csv, field := range map[string]string{
			"": "body", "email,role\n": "/rows", "email\na@b.test": "/rows/0/role", "email,role,phone\na@b.test,role_space_user,1": "/rows",
			"email,role,email\na,b,c": "/rows", "email,role\na@b.test": "body", "email,role\n\"a": "body",
			"email,role\n" + strings.Repeat("a@b.test,role_space_user\n", 1001): "/rows",
		} {
			sc.says(sc.table(csv), "code", "invalid", "field", field)
		}
		long := "email,role,name\n"
		for i := range 1000 {
			long += fmt.Sprintf("%[1]d@%[2]s.test,role_space_user,%[2]s\n", i, strings.Repeat("a", 60))
		}
		if got := sc.table(long); got.status != 200 || strings.Count(got.raw, `"status":"created"`) != 1000-strings.Count(got.raw, "mail_quota") {
			t.Errorf("1,000 rows of %d bytes: %d", len(long), got.status)
		}
		if got := sc.table(long + strings.Repeat("\n", 512<<10)); got.status != 413 {
			t.Errorf("half a MiB: %d", got.status)
		}
	})
}

// Whom an invite is for shows to those who may invite, and to nobody else: in no refusal, no event and no line of the log.
func TestWhomAnInviteIsForStaysAmongThoseWhoInvite(t *testing.T) {
	onEach(t, func(t *testing.T, d *door) {
		sc := d.newScene(t, "false", "private")
		const address = "kanarienvogel@there.test"
		body := `{"role":"role_space_user","email":"` + address + `","send":true}`
		sc.keep("secret", sc.as("space owner", "POST", invited, body), "id")
		var seen strings.Builder
		for _, actor := range actors {
			for _, path := range []string{"GET " + invited + "/{secret}", "GET " + invited, "POST " + invited + "/{secret}/activate", "POST " + invited + "/{secret}/resend"} {
				method, path, _ := strings.Cut(path, " ")
				got := sc.ask(actor, method, path, "")
				invites := actor == "space owner" || actor == "space moderator"
				if strings.Contains(got.raw, "kanarienvogel") != (invites && !strings.HasSuffix(path, "activate")) {
					t.Errorf("%s %s as %s: %s", method, path, actor, got.raw)
				}
			}
		}
		for _, again := range []string{body, strings.ReplaceAll(body, "kanarienvogel", "Kanarienvogel")} {
			seen.WriteString(sc.ask("space owner", "POST", invited, again).raw)
		}
		sc.deliver()
		seen.WriteString(sc.as("administrator", "GET", "/v1/audit?limit=100", "").raw + d.log.Take())
		if strings.Contains(strings.ToLower(seen.String()), "kanarienvogel") {
			t.Errorf("the address shows in %s", seen.String())
		}
	})
}
