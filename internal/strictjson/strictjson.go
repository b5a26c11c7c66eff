// Package strictjson decodes JSON that a decision rests on: duplicate names,
// trailing data and nesting without end are errors, so that no two readers of
// one document can see two different things. It is not for documents that
// only inform; encoding/json serves there.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxDepth is how deep objects and arrays may nest.
const MaxDepth = 128

// Unmarshal decodes data into v. Names that v does not have are ignored.
func Unmarshal(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// UnmarshalKnown decodes data into v and refuses names that v does not have.
func UnmarshalKnown(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// Check returns an error unless data is exactly one JSON value in which no
// object has a name twice. Names are compared as encoding/json matches them
// to fields, without regard to case.
func Check(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := value(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("json: data after the value")
	}
	return nil
}

func value(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= MaxDepth {
		return fmt.Errorf("json: nested deeper than %d", MaxDepth)
	}
	names := map[string]bool{}
	for d.More() {
		if delim == '{' {
			token, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string)
			if folded := strings.ToLower(name); names[folded] {
				return fmt.Errorf("json: name %q stands twice in one object", name)
			} else {
				names[folded] = true
			}
		}
		if err := value(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
