package sbom

import (
	"bytes"
	"encoding/json"
	"strings"
)

// kind is what a document says it is.
type kind struct {
	family  string // "cyclonedx", "spdx" or ""
	version string // "1.6", "2.3"
	syntax  string // "json", "xml", "tag-value"
}

func (k kind) String() string { return strings.TrimSpace(k.family + " " + k.version + " " + k.syntax) }

// format is the name of the format that reads the kind. Versions that are
// older or newer than the known ones go to their nearest neighbour: minor
// versions add, and take nothing away.
func (k kind) format() string {
	minor := func(known ...string) string {
		for _, v := range known {
			if k.version == v {
				return v
			}
		}
		if len(k.version) == len(known[0]) && k.version < known[0] {
			return known[0]
		}
		return known[len(known)-1]
	}
	switch {
	case k.family == "cyclonedx" && strings.HasPrefix(k.version, "1."):
		return "cyclonedx-" + minor("1.4", "1.5", "1.6", "1.7") + "-" + k.syntax
	case k.family == "spdx" && k.syntax == "tag-value" && strings.HasPrefix(k.version, "2."):
		return "spdx-tag-value"
	case k.family == "spdx" && strings.HasPrefix(k.version, "2."):
		return "spdx-" + minor("2.2", "2.3") + "-json"
	case k.family == "spdx" && strings.HasPrefix(k.version, "3.0"):
		return "spdx-3.0.1-json"
	}
	return ""
}

// sniff tells what kind of document data is by its own words.
func sniff(data []byte) kind {
	data = bytes.TrimLeft(trimMark(data), " \t\r\n")
	switch {
	case len(data) == 0:
		return kind{}
	case data[0] == '{':
		return sniffJSON(data)
	case data[0] == '<':
		return sniffXML(data)
	}
	return sniffTagValue(data)
}

// trimMark takes off a UTF-8 byte order mark, which some tools write.
func trimMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

func sniffJSON(data []byte) kind {
	k := kind{syntax: "json"}
	text := func(raw []byte) (s string) {
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	}
	spec := ""
	for name, raw := range members(data) {
		switch name {
		case "bomFormat":
			if text(raw) == "CycloneDX" {
				k.family = "cyclonedx"
			}
		case "specVersion":
			spec = text(raw)
		case "spdxVersion":
			if v, ok := strings.CutPrefix(text(raw), "SPDX-"); ok {
				k.family, spec = "spdx", v
			}
		case "@context":
			if v, ok := spdx3Version(raw); ok {
				k.family, spec = "spdx", v
			}
		}
		if k.family != "" && spec != "" {
			break
		}
	}
	k.version = spec[:min(len(spec), 16)]
	return k
}

// spdx3Version finds the version in the address of SPDX's JSON-LD context,
// alone or in an array.
func spdx3Version(raw []byte) (string, bool) {
	const before, after = "https://spdx.org/rdf/", "/spdx-context.jsonld"
	var context string
	if json.Unmarshal(raw, &context) != nil {
		for element := range elements(raw) {
			if v, ok := spdx3Version(element); ok && len(element) > 0 && element[0] == '"' {
				return v, true
			}
		}
		return "", false
	}
	v, ok := strings.CutPrefix(context, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(v, after)
}

func sniffXML(data []byte) kind {
	head := data[:min(len(data), 4096)]
	const namespace = "http://cyclonedx.org/schema/bom/"
	_, rest, ok := bytes.Cut(head, []byte(namespace))
	if !ok || !bytes.Contains(head, []byte("bom")) {
		return kind{syntax: "xml"}
	}
	end := bytes.IndexAny(rest, `"'`)
	if end < 0 || end > 8 {
		return kind{syntax: "xml"}
	}
	return kind{family: "cyclonedx", version: string(rest[:end]), syntax: "xml"}
}

func sniffTagValue(data []byte) kind {
	k := kind{syntax: "tag-value"}
	head := data[:min(len(data), 64<<10)]
	for line := range bytes.Lines(head) {
		if v, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("SPDXVersion:")); ok {
			if v, ok := bytes.CutPrefix(bytes.TrimSpace(v), []byte("SPDX-")); ok {
				k.family, k.version = "spdx", string(v[:min(len(v), 16)])
			}
			return k
		}
	}
	return k
}

// detect makes the Detect function of the format with this name.
func detect(name string) func(data []byte) bool {
	return func(data []byte) bool { return sniff(data).format() == name }
}

// unwrap gives the predicate of an in-toto statement, the document inside the
// answer of GitHub's dependency graph, and anything else as it is.
func unwrap(data []byte) []byte {
	trimmed := bytes.TrimLeft(trimMark(data), " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return data
	}
	isStatement, only := false, true
	var predicate, answer []byte
	for name, raw := range members(trimmed) {
		switch name {
		case "predicateType":
			isStatement = true
		case "predicate":
			predicate = raw
		case "sbom":
			answer = raw
		}
		only = only && name == "sbom"
	}
	switch {
	case isStatement && len(predicate) > 0 && predicate[0] == '{':
		return predicate
	case only && len(answer) > 0 && answer[0] == '{':
		return answer
	}
	return data
}
