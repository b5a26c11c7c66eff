package inventory_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal/inventory"
)

// TestDeepTOML feeds nesting that would exhaust the stack of a parser that
// recurses.
func TestDeepTOML(t *testing.T) {
	const deep = 10_000_000
	for name, text := range map[string]string{
		"arrays": "a = " + strings.Repeat("[", deep),
		"tables": "a = " + strings.Repeat("{a=", deep),
		"keys":   strings.Repeat("a.", deep) + "a = 1",
		"header": "[" + strings.Repeat("a.", deep) + "a]",
	} {
		tree := fstest.MapFS{"Cargo.lock": {Data: []byte(text)}}
		result, err := inventory.Read(t.Context(), tree, &inventory.Options{Ecosystems: only("rust")})
		if err != nil || len(result.Gaps) != 1 || !strings.Contains(result.Gaps[0].Why, "nested deeper") {
			t.Errorf("%s: %v, %v", name, result.Gaps, err)
		}
	}
}

// TestTOMLStrings has brackets and dots in strings and comments, which do not
// nest.
func TestTOMLStrings(t *testing.T) {
	many := strings.Repeat("[.{", 1000)
	text := "# " + many + "\nx = \"" + many + "\\\" " + many + "\"\ny = '" + many + "'\nz = \"\"\"\n" + many + "\n\"\"\"\n" +
		"[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n"
	tree := fstest.MapFS{"Cargo.lock": {Data: []byte(text)}}
	result, err := inventory.Read(t.Context(), tree, &inventory.Options{Ecosystems: only("rust")})
	if err != nil || len(result.Gaps) > 0 || len(result.Components) != 1 {
		t.Errorf("%v, %v, %v", result.Components, result.Gaps, err)
	}
}
