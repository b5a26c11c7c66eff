package inventory

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

var errNotObject = errors.New("json: not an object")

// jsonMembers calls each with the names and values of a JSON object, in
// order. It is for the thousands of manifests of which a few members matter:
// values are passed over without a look at what they hold, so that what each
// does not decode is not checked either. The values are parts of data.
func jsonMembers(data []byte, each func(name string, value json.RawMessage)) error {
	s := jsonScanner{data: data}
	if !s.accept('{') {
		return s.fail()
	}
	if s.accept('}') {
		return s.end()
	}
	for {
		s.space()
		start := s.at
		if !s.text() {
			return s.fail()
		}
		name := jsonText(s.data[start:s.at])
		if !s.accept(':') {
			return s.fail()
		}
		s.space()
		start = s.at
		if !s.value() {
			return s.fail()
		}
		each(name, s.data[start:s.at])
		if s.accept('}') {
			return s.end()
		}
		if !s.accept(',') {
			return s.fail()
		}
	}
}

// jsonText decodes a JSON string, or returns "" for anything else.
func jsonText(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return strings.ToValidUTF8(string(inner), "\uFFFD")
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

type jsonScanner struct {
	data []byte
	at   int
}

// fail lets the library say what is wrong with the whole, since it says it
// better.
func (s *jsonScanner) fail() error {
	var v json.RawMessage
	if err := json.Unmarshal(s.data, &v); err != nil {
		return err
	}
	return errNotObject
}

func (s *jsonScanner) end() error {
	if s.space(); s.at < len(s.data) {
		return s.fail()
	}
	return nil
}

func (s *jsonScanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

func (s *jsonScanner) accept(c byte) bool {
	if s.space(); s.at < len(s.data) && s.data[s.at] == c {
		s.at++
		return true
	}
	return false
}

// text passes a string.
func (s *jsonScanner) text() bool {
	if s.at >= len(s.data) || s.data[s.at] != '"' {
		return false
	}
	for s.at++; s.at < len(s.data); s.at++ {
		switch s.data[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return true
		}
	}
	return false
}

// value passes any value: brackets are counted, not paired.
func (s *jsonScanner) value() bool {
	depth, start := 0, s.at
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case '"':
			if !s.text() {
				return false
			}
			if depth == 0 {
				return true
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return s.at > start // a number or a word ended before it
			}
			if depth == 0 {
				s.at++
				return true
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return s.at > start
			}
		}
		s.at++
	}
	return false
}
