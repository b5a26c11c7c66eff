package spdx

import "strings"

// noise are the words that tell no two licences apart.
var noise = map[string]bool{
	"the": true, "license": true, "licence": true, "licenses": true, "licensed": true, "version": true, "v": true,
	"ver": true, "software": true, "gnu": true, "international": true, "unported": true, "under": true,
}

// phrases are runs of words, noise left out, and the word that stands for
// them; longer ones first where one begins like another.
var phrases = []struct{ from, to []string }{
	fold("affero general public", "agpl"),
	fold("library general public", "lgpl"),
	fold("lesser general public", "lgpl"),
	fold("library gpl", "lgpl"),
	fold("lesser gpl", "lgpl"),
	fold("affero gpl", "agpl"),
	fold("general public", "gpl"),
	fold("free documentation", "gfdl"),
	fold("fdl", "gfdl"),
	fold("mozilla public", "mpl"),
	fold("eclipse public", "epl"),
	fold("creative commons", "cc"),
	fold("attribution", "by"),
	fold("share alike", "sa"),
	fold("sharealike", "sa"),
	fold("non commercial", "nc"),
	fold("noncommercial", "nc"),
	fold("no derivatives", "nd"),
	fold("noderivatives", "nd"),
	fold("no derivs", "nd"),
	fold("cc zero", "cc 0"),
	fold("three clause", "3 clause"),
	fold("two clause", "2 clause"),
	fold("or at your option any later", "+"),
	fold("or at your option later", "+"),
	fold("or any later", "+"),
	fold("or any newer", "+"),
	fold("or later", "+"),
	fold("or newer", "+"),
	fold("or greater", "+"),
	fold("or higher", "+"),
	fold("or above", "+"),
	fold("and later", "+"),
	fold("and newer", "+"),
	fold("and above", "+"),
}

func fold(from, to string) struct{ from, to []string } {
	return struct{ from, to []string }{strings.Fields(from), strings.Fields(to)}
}

// key is what spellings of one licence have in common: words and numbers in
// lower case, without noise, with the usual abbreviations. "+" stays a word.
func key(s string) string {
	words := keyWords(s)
	out := make([]string, 0, len(words))
next:
	for i := 0; i < len(words); {
		for _, p := range phrases {
			if hasPrefix(words[i:], p.from) {
				out = append(out, p.to...)
				i += len(p.from)
				continue next
			}
		}
		out = append(out, words[i])
		i++
	}
	return strings.Join(out, " ")
}

func hasPrefix(words, prefix []string) bool {
	if len(words) < len(prefix) {
		return false
	}
	for i := range prefix {
		if words[i] != prefix[i] {
			return false
		}
	}
	return true
}

// keyWords cuts s into runs of letters and runs of digits and dots.
func keyWords(s string) []string {
	const (
		none = iota
		letters
		digits
	)
	var words []string
	start, kind := 0, none
	end := func(i int) {
		if kind == none {
			return
		}
		word := strings.ToLower(s[start:i])
		if kind == digits {
			word = strings.TrimRight(word, ".")
			for strings.HasSuffix(word, ".0") {
				word = strings.TrimSuffix(word, ".0")
			}
		}
		if word != "" && !noise[word] {
			words = append(words, word)
		}
		kind = none
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80:
			if kind != letters {
				end(i)
				start, kind = i, letters
			}
		case c >= '0' && c <= '9':
			if kind != digits {
				if kind == letters && i-start > 1 && s[i-1]|0x20 == 'v' {
					end(i - 1) // "GPLv2"
				}
				end(i)
				start, kind = i, digits
			}
		case c == '.' && kind == digits:
		case c == '+' || strings.IndexByte("<>=|;*!?", c) >= 0:
			end(i) // these change the meaning, so they stay
			words = append(words, s[i:i+1])
		default:
			end(i)
		}
	}
	end(len(s))
	return words
}
