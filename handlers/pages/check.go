package pages

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template/parse"
)

// ours are the messages that no template names.
var ours = []use{
	{key: "time.months"},
	{"time.date", []string{"{clock}", "{day}", "{month}", "{year}"}},
	{"time.days", []string{"{days}", "{hours}"}},
	{"time.hours", []string{"{hours}", "{minutes}"}},
	{"time.minutes", []string{"{minutes}"}},
}

// A use is a message that is said somewhere, and the placeholders that it is given values for.
type use struct {
	key    string
	values []string
}

// check holds the languages against English, and the messages against the templates.
func (p *Pages) check() error {
	var wrong []error
	uses, said := slices.Clone(ours), map[string]bool{}
	for _, t := range p.books[0].templates {
		for _, part := range t.Templates() {
			if part.Tree != nil {
				eachCommand(part.Tree.Root, func(c *parse.CommandNode) { uses = append(uses, used(c, said)...) })
			}
		}
	}
	english := p.books[0].says
	for _, u := range uses {
		if asked := placeholders(english[u.key]); !slices.Equal(asked, u.values) {
			wrong = append(wrong, fmt.Errorf("pages: %q asks for %v and is given %v", u.key, asked, u.values))
		}
		said[u.key] = true
	}
	for key := range said {
		if strings.HasSuffix(key, ".") {
			key += "other"
		}
		if english[key] == "" {
			wrong = append(wrong, fmt.Errorf("pages: a template says %q, which is not there", key))
		}
	}
	for _, b := range p.books {
		wrong = append(wrong, b.compare(english, said)...)
	}
	return errors.Join(wrong...)
}

// compare holds one language against English, and against what is said at all.
func (b *book) compare(english map[string]string, said map[string]bool) (wrong []error) {
	for _, key := range slices.Sorted(maps.Keys(english)) {
		family := key[:strings.LastIndex(key, ".")+1]
		switch text := b.says[key]; {
		case !said[key] && !said[family]:
			wrong = append(wrong, fmt.Errorf("pages: nothing says %q", key))
		case strings.TrimSpace(text) == "":
			wrong = append(wrong, fmt.Errorf("pages: %s: no %q", b.lang, key))
		case !slices.Equal(placeholders(text), placeholders(english[key])):
			wrong = append(wrong, fmt.Errorf("pages: %s: %q has other placeholders than in English", b.lang, key))
		}
	}
	for key := range b.says {
		if _, there := english[key]; !there {
			wrong = append(wrong, fmt.Errorf("pages: %s: %q is not there in English", b.lang, key))
		}
	}
	if len(strings.Fields(b.says["time.months"])) != 12 {
		wrong = append(wrong, fmt.Errorf("pages: %s: a year of 12 months", b.lang))
	}
	return wrong
}

func placeholders(text string) []string {
	return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(text, -1))))
}

// used is what a command of a template says; of a family it notes the name.
func used(c *parse.CommandNode, said map[string]bool) []use {
	name, _ := c.Args[0].(*parse.IdentifierNode)
	if name == nil || len(c.Args) < 2 {
		return nil
	}
	key, _ := c.Args[1].(*parse.StringNode)
	switch {
	case key == nil:
		return nil
	case name.Ident == "said":
		said[key.Text] = true
		return nil
	case name.Ident != "say":
		return nil
	}
	u := use{key: key.Text}
	for i := 2; i < len(c.Args); i += 2 {
		if value, ok := c.Args[i].(*parse.StringNode); ok {
			u.values = append(u.values, "{"+value.Text+"}")
		}
	}
	slices.Sort(u.values)
	return []use{u}
}

// eachCommand walks the commands below a node of a template.
func eachCommand(n parse.Node, do func(*parse.CommandNode)) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				eachCommand(child, do)
			}
		}
	case *parse.ActionNode:
		eachCommand(n.Pipe, do)
	case *parse.TemplateNode:
		eachCommand(n.Pipe, do)
	case *parse.IfNode:
		eachBranch(&n.BranchNode, do)
	case *parse.WithNode:
		eachBranch(&n.BranchNode, do)
	case *parse.RangeNode:
		eachBranch(&n.BranchNode, do)
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, c := range n.Cmds {
			do(c)
			for _, arg := range c.Args {
				eachCommand(arg, do)
			}
		}
	}
}

func eachBranch(n *parse.BranchNode, do func(*parse.CommandNode)) {
	eachCommand(n.Pipe, do)
	eachCommand(n.List, do)
	eachCommand(n.ElseList, do)
}
