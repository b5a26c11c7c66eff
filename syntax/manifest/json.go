package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	kjson "sigs.k8s.io/json"
)

// Decode puts a node into a Go value by the value's JSON names, which are
// matched exactly, as a Kubernetes API server does.
func (n *Node) Decode(into any) error {
	data, err := n.JSON()
	if err != nil {
		return err
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(data, into); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// JSON is a node in JSON: aliases and merge keys are carried out, keys are
// strings. Numbers that JSON does not know are an error.
func (n *Node) JSON() ([]byte, error) {
	n = n.Resolve()
	if n == nil {
		return nil, errors.New("encode: there is no such value")
	}
	return n.appendJSON(make([]byte, 0, n.Span.End-n.Span.Start+16))
}

func (n *Node) appendJSON(out []byte) ([]byte, error) {
	var err error
	switch n = n.Resolve(); n.Kind {
	case Mapping:
		out = append(out, '{')
		first := true
		for key, value := range n.Entries() {
			if key.Resolve().Kind != Scalar {
				return nil, errors.New("encode: a key is no scalar")
			}
			if !first {
				out = append(out, ',')
			}
			first = false
			out = append(appendString(out, key.Resolve().Value), ':')
			if out, err = value.appendJSON(out); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case Sequence:
		out = append(out, '[')
		for i, item := range n.Items {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = item.appendJSON(out); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case Scalar, Alias:
	}
	return n.appendScalar(out)
}

func (n *Node) appendScalar(out []byte) ([]byte, error) {
	switch n.Tag {
	case "!!null":
		return append(out, "null"...), nil
	case "!!bool":
		if v, ok := oldBool(n.Value); ok {
			return fmt.Append(out, v), nil
		}
	case "!!int":
		if s, ok := integer(n.Value); ok {
			return append(out, s...), nil
		}
	case "!!float":
		if s, ok := float(n.Value); ok && !strings.ContainsAny(s, "IN") {
			return append(out, s...), nil
		}
	default:
		return appendString(out, n.Value), nil
	}
	return nil, fmt.Errorf("encode: JSON has no %s %q", strings.TrimPrefix(n.Tag, "!!"), clip(n.Value))
}

// appendString writes a string as JSON does.
func appendString(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, err := json.Marshal(s)
			if err != nil {
				quoted = []byte(`""`)
			}
			return append(out, quoted...)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}
