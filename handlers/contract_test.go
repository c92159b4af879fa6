package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// The contract is reviewed like code. What a reviewer would have to look for each time is looked for here.
func TestContractStatesEverything(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	seen := map[string]bool{}
	eachOperation(doc, func(where string, item *openapi3.PathItem, op *openapi3.Operation) {
		t.Run(op.OperationID, func(t *testing.T) {
			require.NotEmpty(t, op.OperationID, where)
			require.False(t, seen[op.OperationID], "operationId twice")
			seen[op.OperationID] = true
			require.NotEmpty(t, op.Summary)
			require.True(t, strings.HasSuffix(op.Description, "."), "a sentence: %q", op.Description)
			require.Len(t, op.Tags, 1)
			require.NotNil(t, doc.Tags.Get(op.Tags[0]), op.Tags[0])

			read, err := readOperation(item, op)
			require.NoError(t, err)
			require.NotZero(t, read.success, "everything here is offered")
			for _, status := range required(read) {
				require.NotNil(t, op.Responses.Status(status), "no answer for %d", status)
			}
			for status, response := range op.Responses.Map() {
				for kind, content := range response.Value.Content {
					require.NotEmpty(t, content.Schema.Ref, "%s: %s has a schema of its own", status, kind)
					require.NotNil(t, content.Schema.Value.Example, content.Schema.Ref)
				}
			}
			if op.RequestBody != nil {
				for _, content := range op.RequestBody.Value.Content {
					require.NotEmpty(t, content.Schema.Ref)
					require.NotNil(t, content.Schema.Value.Example, content.Schema.Ref)
				}
			}
		})
	})
}

// required are the refusals that an operation can answer because of its guards.
func required(op operation) []int {
	statuses := []int{}
	if !slices.Contains([]string{"getKeys", "getMetadata", "getChallenge"}, op.OperationID) { // which lie in memory
		statuses = append(statuses, 500, 503)
	}
	if !op.oauth {
		statuses = append(statuses, 422)
	}
	if op.RequestBody != nil {
		statuses = append(statuses, 413, 415)
	}
	if op.limit != nil {
		statuses = append(statuses, 429)
	}
	if len(op.callers) > 0 {
		statuses = append(statuses, 401, 403)
	}
	for _, p := range op.params {
		if p.Value.In == openapi3.ParameterInPath && p.Value.Name != "userId" {
			statuses = append(statuses, 404)
		}
	}
	return statuses
}

func eachOperation(doc *openapi3.T, do func(where string, item *openapi3.PathItem, op *openapi3.Operation)) {
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			do(method+" "+path, item, op)
		}
	}
}

func TestContractBoundsEverything(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	for name, schema := range doc.Components.Schemas {
		bounded(t, name, schema)
	}
	for name, p := range doc.Components.Parameters {
		bounded(t, name, p.Value.Schema)
	}
	eachOperation(doc, func(where string, _ *openapi3.PathItem, op *openapi3.Operation) {
		for _, p := range op.Parameters {
			bounded(t, where+" "+p.Value.Name, p.Value.Schema)
		}
	})
}

// bounded: no string without a length, no number without bounds, no list without an end, no object with open fields.
func bounded(t *testing.T, where string, ref *openapi3.SchemaRef) {
	t.Helper()
	s := ref.Value
	switch {
	case len(s.AllOf) > 0:
		for _, one := range s.AllOf {
			bounded(t, where, one)
		}
	case s.Type.Is("string"):
		require.True(t, s.MaxLength != nil || len(s.Enum) > 0, "%s: a string without maxLength", where)
	case s.Type.Is("integer"):
		require.True(t, s.Min != nil && (s.Max != nil || where == "RetryAfter"), "%s: an integer without bounds", where)
	case s.Type.Is("boolean"):
	case s.Type.Is("array"):
		require.NotNil(t, s.MaxItems, "%s: an array without maxItems", where)
		bounded(t, where+"[]", s.Items)
	case s.Type.Is("object"):
		require.False(t, s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has, "%s: open to any field", where)
		for name, field := range s.Properties {
			bounded(t, where+"."+name, field)
		}
	default:
		t.Errorf("%s: no type", where)
	}
}

// What the documents of the first clients send goes through as it stands.
func TestBodiesOfLongStandingAreTaken(t *testing.T) {
	t.Parallel()
	doc, err := contract()
	require.NoError(t, err)
	for schema, body := range map[string]string{
		"NewUser":      `{"email":"a@example.com","password":"gmi28abc","username":"Some Username Here","phone":"+79671234567","captchaToken":"string"}`,
		"NewInvite":    `{"role":"role_space_moderator"}`,
		"RoleGrant":    `{"targetUserId":"60d55c0eb9ef88ab17b0aabb","role":"role_room_user"}`,
		"NewLink":      `{"username":"JohnSmith","role":"user","externalUserId":"string","ttl":86400,"isPermanent":true}`,
		"NewSpace":     `{"name":"Space","isPublic":true,"description":"d","logo":"https://example.com/logo.png"}`,
		"SpaceUpdate":  `{"name":"Space","isPublic":false,"description":"","logo":""}`,
		"NewRoom":      `{"name":"Room","isPublic":false,"isScreensharingAllowed":true,"isChatAllowed":true,"type":"webinar"}`,
		"RoomUpdate":   `{"name":"Room","isPublic":false,"isScreensharingAllowed":true,"isChatAllowed":true,"type":"lesson"}`,
		"TokenRequest": `{"client_id":"web","client_secret":"s","grant_type":"password","username":"a@example.com","password":"gmi28abc"}`,
		"Empty":        `{}`,
	} {
		value, err := parse([]byte(body))
		require.NoError(t, err)
		require.NoError(t, check(doc.Components.Schemas[schema].Value, value, "body"), schema)
	}
}

// Whatever a domain package can refuse has a row in the table, or is named as a fault of ours: an error that someone
// adds to a package and forgets here fails the test and not the caller.
func TestEveryErrorOfTheDomainHasARow(t *testing.T) {
	t.Parallel()
	table := mentioned(t, "problems.go")
	for name, dir := range map[string]string{
		"auth": "../auth", "roles": "../roles", "invites": "../invites",
		"captcha": "../internal/captcha", "password": "../internal/password", "store": "../internal/store",
	} {
		found := 0
		for _, exported := range exportedErrors(t, dir) {
			found++
			require.Contains(t, table, name+"."+exported, "%s can be returned, and the table doesn't have it", exported)
		}
		require.NotZero(t, found, "%s has no errors at all?", name)
	}
}

func exportedErrors(t *testing.T, dir string) (names []string) {
	t.Helper()
	isError := regexp.MustCompile(`^(Err[A-Z]\w*|[A-Z]\w*Error)$`)
	wrappers := []string{} // are told by what they wrap
	for _, file := range goFiles(t, dir) {
		for _, decl := range file.Decls {
			if method, ok := decl.(*ast.FuncDecl); ok && method.Recv != nil && method.Name.Name == "Unwrap" {
				wrappers = append(wrappers, strings.TrimPrefix(types.ExprString(method.Recv.List[0].Type), "*"))
			}
			general, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						if general.Tok == token.VAR && isError.MatchString(name.Name) {
							names = append(names, name.Name)
						}
					}
				case *ast.TypeSpec:
					if isError.MatchString(spec.Name.Name) {
						names = append(names, spec.Name.Name)
					}
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(wrappers, name) })
}

func goFiles(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	return files
}

// mentioned are the names of other packages that a file uses.
func mentioned(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := selector.X.(*ast.Ident); ok {
				names = append(names, pkg.Name+"."+selector.Sel.Name)
			}
		}
		return true
	})
	return names
}

func TestProblemsAreOneVocabulary(t *testing.T) {
	t.Parallel()
	said := map[string]problem{}
	for _, p := range append(slices.Clone(problems), fault) {
		require.Regexp(t, `^[a-z_]+$`, p.code)
		if before, ok := said[p.code]; ok {
			require.Equal(t, [2]any{before.status, before.detail}, [2]any{p.status, p.detail}, "%s says two things", p.code)
		}
		said[p.code] = p
	}
	for _, err := range faults {
		require.Equal(t, fault.code, problemOf(err).code, err)
		require.Equal(t, 500, problemOf(fmt.Errorf("wrapped: %w", err)).status)
	}
}

// example is what an operation answers in the contract's own example.
func example(t testing.TB, op *openapi3.Operation) any {
	t.Helper()
	for status, response := range op.Responses.Map() {
		if content := response.Value.Content[kindJSON]; status[0] == '2' && content != nil {
			raw, err := json.Marshal(content.Schema.Value.Example)
			require.NoError(t, err)
			return json.RawMessage(raw)
		}
		if status[0] == '2' && response.Value.Content[kindStream] != nil {
			return stream{last: "7", next: func(context.Context) ([]event, error) { return nil, io.EOF }, close: func() {}}
		}
	}
	return nil
}
