package ruleset

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/accept"
)

// words are in every comment that accepts findings; a file without any of
// them need not be asked.
var words = [][]byte{[]byte("ignore"), []byte("skip"), []byte("nosemgrep")}

// MayAccept tells by a glance whether a file may hold such a comment.
func MayAccept(source []byte) bool {
	return slices.ContainsFunc(words, func(word []byte) bool { return bytes.Contains(source, word) })
}

// Accepted is the waiver that comments give a finding of a check, or nil.
func Accepted(check *boltseal.Check, file string, comments iter.Seq[string]) *boltseal.Waiver {
	for text := range comments {
		if Covers(accept.Parse(text), check) {
			return Waiver(file, text)
		}
	}
	return nil
}

// Covers tells whether one of the acceptances speaks of a check.
func Covers(all []accept.Acceptance, check *boltseal.Check) bool {
	return slices.ContainsFunc(all, func(a accept.Acceptance) bool { return a.Covers(check.ID, check.Aliases) })
}

// mostReason bounds how much of a comment a waiver quotes.
const mostReason = 200

// Waiver is what a comment or an annotation in a file grants. Its words are
// the reason.
func Waiver(file, text string) *boltseal.Waiver {
	text = strings.ToValidUTF8(strings.TrimSpace(text), "")
	if len(text) > mostReason {
		cut := mostReason
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	return &boltseal.Waiver{Reason: text, Source: file, Comment: true}
}
