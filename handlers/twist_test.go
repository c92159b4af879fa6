package handlers_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"usher/handlers"
)

// A letter is a request as it is sent.
type letter struct {
	target, kind string
	body         []byte
}

func (d draft) letter() letter { return letter{d.target(), d.kind, d.raw()} }

// twists each make one thing wrong with a letter, and say whether there was such a thing.
var twists = map[string]func(*rapid.T, draft, *letter) bool{
	"a field is missing": func(r *rapid.T, d draft, l *letter) bool {
		return d.rewrite(l, func(fields map[string]any) bool {
			required := d.schema().Required
			if len(required) > 0 {
				delete(fields, rapid.SampledFrom(required).Draw(r, "field"))
			}
			return len(required) > 0
		})
	},
	"a field is of another type": func(r *rapid.T, d draft, l *letter) bool {
		return d.rewrite(l, func(fields map[string]any) bool { return d.spoil(r, fields, handlers.OtherTypes) })
	},
	"a field is beyond its bounds": func(r *rapid.T, d draft, l *letter) bool {
		return d.rewrite(l, func(fields map[string]any) bool { return d.spoil(r, fields, handlers.Beyond) })
	},
	"a field is unknown": func(r *rapid.T, d draft, l *letter) bool {
		return d.rewrite(l, func(fields map[string]any) bool {
			fields[rapid.SampledFrom([]string{"unheard", "Name", "__proto__", "role2", ""}).Draw(r, "field")] = songbird
			return true
		})
	},
	"a field comes twice": func(_ *rapid.T, d draft, l *letter) bool {
		names := slices.Sorted(maps.Keys(d.fields))
		if len(names) == 0 {
			return false
		}
		if d.kind == formKind {
			l.body = append([]byte("grant_type=password&"), l.body...)
			return d.fields["grant_type"] != nil
		}
		name, _ := json.Marshal(names[0])
		l.body = append([]byte(`{`+string(name)+`:1,`), l.body[1:]...)
		return true
	},
	"the body is no JSON object": func(r *rapid.T, d draft, l *letter) bool {
		broken := [][]byte{l.body[:max(0, len(l.body)-1)], append(slices.Clone(l.body), '}'), []byte("null"), []byte("[]"), []byte(`"a"`), []byte("{\"a\":"), []byte("x")}
		l.body = rapid.SampledFrom(broken).Draw(r, "body")
		return d.kind == jsonKind && len(l.body) > 0
	},
	"the body is no UTF-8": func(r *rapid.T, d draft, l *letter) bool {
		at := rapid.IntRange(0, len(l.body)).Draw(r, "at")
		l.body = slices.Insert(slices.Clone(l.body), at, '\xff')
		return d.kind != ""
	},
	"the body is too long": func(_ *rapid.T, d draft, l *letter) bool {
		l.body = append(l.body, bytes.Repeat([]byte(" "), d.op.mostBytes())...)
		return d.kind != ""
	},
	"the body is of another kind": func(r *rapid.T, d draft, l *letter) bool {
		l.kind = rapid.SampledFrom([]string{
			"", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=latin1", "json", ";",
		}).Draw(r, "kind")
		return d.kind != ""
	},
	"an id is none": func(r *rapid.T, d draft, l *letter) bool {
		names := slices.Sorted(maps.Keys(d.ids))
		if len(names) == 0 {
			return false
		}
		name := rapid.SampledFrom(names).Draw(r, "name")
		id := d.ids[name]
		d.ids = maps.Clone(d.ids)
		schema := d.op.params.GetByInAndName("path", name).Schema.Value
		wrong := []string{id[1:], id + "0", "+" + id[1:], id[1:] + "\n", "é", "a/b", strings.Repeat("a", 300)}
		wrong = slices.DeleteFunc(wrong, func(other string) bool { return other == "" || schema.VisitJSON(other) == nil }) // an empty one is another path
		d.ids[name] = rapid.SampledFrom(wrong).Draw(r, "id")
		l.target = d.target()
		return true
	},
	"the query is wrong": func(r *rapid.T, d draft, l *letter) bool {
		wrong := []string{"%zz", "accessToken=" + songbird, "Refresh-Token=" + songbird}
		for _, p := range d.op.params {
			if p.Value.In == openapi3.ParameterInQuery {
				name := p.Value.Name
				d.query.Del(name)
				bad := map[string]string{"limit": "101", "after": "%20", "issued": "drop", "email": "x", "username": "a%40b", "userId": "x", "linkId": "x", "room": "", "state": "live"}
				good := map[string]string{"limit": "7", "after": "YQ", "issued": "keep", "state": "void"}[name]
				wrong = append(wrong, name+"="+bad[name], name+"="+good+"&"+name+"="+good)
			}
		}
		l.target = d.target() + "&" + rapid.SampledFrom(wrong).Draw(r, "query")
		return true
	},
}

// rewrite changes the fields of a body in JSON.
func (d draft) rewrite(l *letter, change func(map[string]any) bool) bool {
	fields := maps.Clone(d.fields)
	if fields == nil || d.kind != jsonKind || !change(fields) {
		return false
	}
	d.fields = fields
	l.body = d.raw()
	return true
}

// spoil puts one of the wrong values of a field in the place of the right one.
func (d draft) spoil(r *rapid.T, fields map[string]any, wrong func(*openapi3.Schema) []any) bool {
	if len(fields) == 0 {
		return false
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(fields))).Draw(r, "field")
	values := wrong(handlers.Whole(d.schema().Properties[name].Value))
	if len(values) > 0 {
		fields[name] = rapid.SampledFrom(values).Draw(r, "value")
	}
	return len(values) > 0
}

// disguises are wrong authorisations, and the status that each must get; 0 is any refusal.
var disguises = map[string]struct {
	status int
	wears  func(sc *scene, d draft) []string
}{
	"nobody":     {401, func(*scene, draft) []string { return nil }},
	"garbage":    {401, func(*scene, draft) []string { return []string{"Bearer " + songbird + ".a.b"} }},
	"changed":    {401, func(sc *scene, d draft) []string { return []string{"Bearer " + sc.token[d.actor] + songbird} }},
	"expired":    {401, func(sc *scene, _ draft) []string { return []string{"Bearer " + sc.token["late"]} }},
	"two":        {401, func(sc *scene, d draft) []string { return slices.Repeat([]string{"Bearer " + sc.token[d.actor]}, 2) }},
	"refreshing": {401, func(sc *scene, _ draft) []string { return []string{"Bearer " + sc.id["refresh"]} }},
	"basic": {401, func(sc *scene, _ draft) []string {
		return []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(sc.id["client"]+":"+sc.id["secret"]))}
	}},
	"another kind": {403, func(sc *scene, d draft) []string {
		for _, actor := range []string{"space owner", "guest", "client", "member"} {
			if !d.op.takes(actor) {
				return []string{"Bearer " + sc.token[actor]}
			}
		}
		return []string{"Bearer " + sc.token["elsewhere"]}
	}},
	"elsewhere": {0, func(sc *scene, _ draft) []string { return []string{"Bearer " + sc.token["elsewhere"]} }},
}

// disguise makes the authorisation of a request wrong. It says which status must come of it, and whether one must.
func (sc *scene) disguise(r *rapid.T, d *draft) (status int, must bool) {
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(disguises))).Draw(r, "disguise")
	d.headers["Authorization"] = disguises[name].wears(sc, *d)
	status = disguises[name].status
	switch {
	case len(d.op.callers) == 0, name == "nobody" && d.op.public:
		return 0, false
	case name == "elsewhere": // where he may do what he likes
		return 0, len(d.ids) > 0
	case name == "another kind" && d.op.takes("space owner") && d.op.takes("guest") && d.op.takes("client") && d.op.takes("member"): // there is no other
		return 0, true
	}
	return status, true
}

// refusedAs are the statuses of a letter that is not as the contract has it, whoever may send it.
func (o operation) refusedAs() []int {
	if o.oauth() {
		return []int{400, 413, 415}
	}
	return []int{413, 415, 422}
}
