package sbom_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/boltseal/boltseal/sbom"
)

// unzip reads a schema.
func unzip(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/schemas/" + name + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// schemas compiles the JSON schema of each format once.
var schemas sync.Map

func schemaOf(t *testing.T, format string) *jsonschema.Schema {
	t.Helper()
	if s, ok := schemas.Load(format); ok {
		return s.(*jsonschema.Schema)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseRegexpEngine(regexpEngine)
	load := func(name, url string) {
		data, err := os.ReadFile("testdata/schemas/" + name)
		if err != nil {
			data = unzip(t, name)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(url, v); err != nil {
			t.Fatal(err)
		}
	}
	const cyclonedx = "http://cyclonedx.org/schema/"
	url := ""
	switch {
	case strings.HasPrefix(format, "cyclonedx"):
		version := "1.6"
		for _, v := range []string{"1.4", "1.5", "1.7"} {
			if strings.Contains(format, v) {
				version = v
			}
		}
		load("spdx.schema.json", cyclonedx+"spdx.SNAPSHOT.schema.json")
		load("jsf-0.82.schema.json", cyclonedx+"jsf-0.82.SNAPSHOT.schema.json")
		load("cryptography-defs.schema.json", cyclonedx+"cryptography-defs.SNAPSHOT.schema.json")
		url = cyclonedx + "bom-" + version + ".schema.json"
		load("bom-"+version+".schema.json", url)
	case strings.HasPrefix(format, "spdx-3"):
		url = "https://spdx.org/schema/3.0.1/spdx-json-schema.json"
		load("spdx-3.0.1.schema.json", url)
	case strings.HasPrefix(format, "spdx-"):
		name := "spdx-2.3.rules.json"
		if format == "spdx-2.2-json" {
			name = "spdx-2.2.rules.json"
		}
		url = "https://boltseal.dev/test/" + name
		load(name, url)
	default:
		t.Fatalf("no schema for %s", format)
	}
	s, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	schemas.Store(format, s)
	return s
}

// regexpEngine knows the one pattern of the schemas that Go cannot compile:
// an IRI does not begin as a blank node does.
func regexpEngine(s string) (jsonschema.Regexp, error) {
	rest, no := strings.CutPrefix(s, "^(?!_:)")
	re, err := regexp.Compile(rest)
	return &pattern{re, no}, err
}

type pattern struct {
	*regexp.Regexp
	notBlank bool
}

func (p *pattern) MatchString(s string) bool {
	return p.Regexp.MatchString(s) && (!p.notBlank || !strings.HasPrefix(s, "_:"))
}

func validateJSON(t *testing.T, format string, data []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return schemaOf(t, format).Validate(v)
}

// Whatever the document, what is written is what the standard asks for.
func TestJSONSchemas(t *testing.T) {
	for _, f := range sbom.Formats() {
		if !strings.HasSuffix(f.Name, "json") {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			for seed := range uint64(10) {
				var out bytes.Buffer
				if err := f.Write(&out, newRandom(seed).document()); err != nil {
					t.Fatal(err)
				}
				if err := validateJSON(t, f.Name, out.Bytes()); err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, out.Bytes())
				}
			}
			var out bytes.Buffer
			if err := f.Write(&out, &sbom.Document{}); err != nil {
				t.Fatal(err)
			}
			if err := validateJSON(t, f.Name, out.Bytes()); err != nil {
				t.Fatalf("empty document: %v\n%s", err, out.Bytes())
			}
		})
	}
}

// A schema that takes everything would prove nothing.
func TestSchemasRefuse(t *testing.T) {
	if err := validateJSON(t, "cyclonedx-json", []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"thing","name":"x"}]}`)); err == nil {
		t.Error("CycloneDX 1.6 takes a component of type thing")
	}
	if err := validateJSON(t, "spdx-3.0.1-json", []byte(`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"software_Package","spdxId":"urn:x"}]}`)); err == nil {
		t.Error("SPDX 3.0.1 takes a package without creationInfo")
	}
}
