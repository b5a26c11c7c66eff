package source

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/registry"
)

var _ = add(Scheme{
	Name: "sbom", Usage: "sbom:FILE", Title: "a bill of materials, SPDX or CycloneDX, instead of the thing itself",
	open: func(ctx context.Context, o *opener, where string) (*Subject, error) {
		var in archive
		var head []byte
		var err error
		if where == "-" {
			in, head, err = o.stdin(ctx)
		} else {
			in, head, _, err = o.openFile(where)
		}
		if err != nil {
			return nil, err
		}
		if in, _, err = o.inflate(ctx, in, head, where); errors.Is(err, errPlainFile) {
			return nil, errUnknown
		} else if err != nil {
			return nil, err
		}
		return o.readSBOM(in, where)
	},
})

// readSBOM reads a bill of materials whole. Whether it can be understood is
// for those to say who read it.
func (o *opener) readSBOM(in archive, name string) (*Subject, error) {
	data, err := o.readJSON(in, "bill of materials", o.Limits.JSONBytes)
	if err != nil {
		return nil, err
	}
	return &Subject{
		Artifact: boltseal.Artifact{Kind: boltseal.KindSBOM, Name: name, Digest: registry.Sum(data), Size: in.size},
		SBOM:     data,
	}, nil
}

// looksLikeSBOM tells whether a file begins as bills of materials do: JSON or
// XML with one of their words, or SPDX's tag-value form.
func looksLikeSBOM(head []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(text) == 0 {
		return false
	}
	contains := func(words ...string) bool {
		for _, w := range words {
			if bytes.Contains(text, []byte(w)) {
				return true
			}
		}
		return false
	}
	switch text[0] {
	case '{', '[':
		return contains(`"bomFormat"`, `"spdxVersion"`, `"SPDXID"`, `https://spdx.org/rdf/3`, `"CycloneDX"`) ||
			contains(`"https://in-toto.io/Statement`) && contains("spdx.dev", "cyclonedx.org")
	case '<':
		return contains("http://cyclonedx.org/schema/bom", "http://spdx.org/rdf/terms")
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return strings.HasPrefix(line, "SPDXVersion:")
		}
	}
	return false
}
