package report_test

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/boltseal/boltseal"
)

const schemaFile = "../docs/reference/report.schema.json"

// TestSchema keeps docs/reference/report.schema.json what the types say
// (-update writes it), and the JSON format what the schema says.
func TestSchema(t *testing.T) {
	g := schemaMaker{docs: rootDocs(t), defs: map[string]any{}}
	root := g.object(reflect.TypeFor[boltseal.Report]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = boltseal.ReportSchema
	root["title"] = "boltseal report"
	root["$defs"] = g.defs
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(schemaFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(schemaFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, b.Bytes()) {
		t.Errorf("%s is not what the types say: run go test ./report -update", schemaFile)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*boltseal.Report{"shared": shared(t), "empty": {}, "hostile": hostile(t)} {
		t.Run(name, func(t *testing.T) { validate(t, s, write(t, "json", r, nil)) })
	}
	t.Run("refuses", func(t *testing.T) {
		text := strings.Replace(write(t, "json", shared(t), nil), `"severity": "critical"`, `"severity": "severe"`, 1)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Error("the schema takes a severity that does not exist")
		}
	})
}

// schemaMaker turns the root package's types into JSON Schema. Every named
// struct is a definition.
type schemaMaker struct {
	docs map[string]string // "Report", "Report.Findings": what the source says
	defs map[string]any
}

func (g *schemaMaker) of(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[boltseal.Severity]():
		var words []string
		for _, s := range boltseal.Severities() {
			words = append(words, s.String())
		}
		return map[string]any{"enum": words}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Struct:
		if g.defs[t.Name()] == nil {
			g.defs[t.Name()] = true // breaks cycles
			g.defs[t.Name()] = g.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.String:
		return map[string]any{"type": "string"}
	}
	panic("no schema for " + t.String())
}

func (g *schemaMaker) object(t reflect.Type) map[string]any {
	properties := map[string]any{}
	required := []string{}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		s := g.of(field.Type)
		if doc := g.docs[t.Name()+"."+field.Name]; doc != "" {
			s["description"] = doc
		}
		properties[cmp.Or(name, field.Name)] = s
		if !strings.Contains(options, "omit") {
			required = append(required, cmp.Or(name, field.Name))
		}
	}
	slices.Sort(required)
	out := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if doc := g.docs[t.Name()]; doc != "" {
		out["description"] = doc
	}
	return out
}

// rootDocs reads the comments of the root package's types and fields.
func rootDocs(t *testing.T) map[string]string {
	docs := map[string]string{}
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gen.Specs {
				named, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				docs[named.Name.Name] = oneLine(cmp.Or(named.Doc.Text(), gen.Doc.Text()))
				if s, ok := named.Type.(*ast.StructType); ok {
					for _, field := range s.Fields.List {
						for _, name := range field.Names {
							docs[named.Name.Name+"."+name.Name] = oneLine(cmp.Or(field.Doc.Text(), field.Comment.Text()))
						}
					}
				}
			}
		}
	}
	return docs
}

func oneLine(s string) string {
	return strings.NewReplacer("[", "", "]", "").Replace(strings.Join(strings.Fields(s), " "))
}
