package secret

import (
	"bytes"
	"math"
)

// entropy is the number of bits that a character of b carries, by how often
// each occurs (Shannon).
func entropy(b []byte) float64 {
	if len(b) == 0 {
		return 0
	}
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	sum := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(b))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}

// least is the entropy below which n random characters hardly ever are.
func least(n int) float64 {
	switch {
	case n >= 20:
		return 3
	case n >= 12:
		return 2.5
	}
	return 1.9
}

// placeholders are what people write where a credential belongs, folded.
var placeholders = [][]byte{
	[]byte("example"), []byte("sample"), []byte("placeholder"), []byte("changeme"), []byte("change_me"), []byte("change-me"),
	[]byte("your_"), []byte("your-"), []byte("yourtoken"), []byte("yourkey"), []byte("yoursecret"), []byte("my_secret"), []byte("redacted"), []byte("dummy"), []byte("insert"), []byte("replace"),
	[]byte("foobar"), []byte("deadbeef"), []byte("notreal"), []byte("not-a-real"), []byte("faketoken"), []byte("fakekey"), []byte("testtest"),
	[]byte("-test-"), []byte("_test_"), []byte("todo"), []byte("lorem"), []byte("-here"), []byte("_here"), []byte("fixme"),
}

// published are credentials that standards print as examples, RFC 6749 and
// 6750 foremost; documentation everywhere repeats them.
var published = [][]byte{
	[]byte("gX1fBat3bV"), []byte("2YotnFZFEjr1zCsicMWpAA"), []byte("tGzv3JOkF0XG5Qx2TlKWIA"), []byte("mF_9.B5f-4.1JqM"), []byte("SplxlOBeZQQYbYS6WxSbIA"),
}

// placeholder tells whether a value stands for a credential and is none: it
// says so, repeats itself, counts, or is to be filled in.
func placeholder(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	run, up, down := 1, 1, 1
	for i := 1; i < len(b); i++ {
		switch int(b[i]) - int(b[i-1]) {
		case 0:
			run, up, down = run+1, 1, 1
		case 1:
			run, up, down = 1, up+1, 1
		case -1:
			run, up, down = 1, 1, down+1
		default:
			run, up, down = 1, 1, 1
		}
		if run >= 5 || up >= 6 || down >= 6 {
			return true
		}
	}
	var small [256]byte
	lower := small[:0]
	for _, c := range b[:min(len(b), len(small))] {
		lower = append(lower, fold(c))
	}
	for _, word := range placeholders {
		if bytes.Contains(lower, word) {
			return true
		}
	}
	for _, word := range published {
		if bytes.Contains(b, word) {
			return true
		}
	}
	return periodic(b)
}

// periodic tells whether b is a short text over and over.
func periodic(b []byte) bool {
	for period := 1; period <= 4 && period*3 <= len(b); period++ {
		same := true
		for i := period; i < len(b) && same; i++ {
			same = b[i] == b[i-period]
		}
		if same {
			return true
		}
	}
	return false
}

// filledIn tells whether a value is written out: no reference to a variable,
// no template, no expression.
func filledIn(v []byte) bool {
	switch {
	case len(v) == 0, v[0] == '<', v[0] == '{', v[0] == '[', v[0] == '(', v[0] == '*', v[0] == '!', v[0] == '@', v[0] == '&' && len(v) < 24:
		return false
	case v[0] == '%' && v[len(v)-1] == '%', v[0] == '_' && v[len(v)-1] == '_':
		return false
	case bytes.Contains(v, []byte("${")), bytes.Contains(v, []byte("$(")), bytes.Contains(v, []byte("{{")), bytes.Contains(v, []byte("<%")), bytes.Contains(v, []byte("%s")), bytes.Contains(v, []byte("#{")):
		return false
	case v[0] == '$':
		return bytes.HasPrefix(v, []byte("$2")) || bytes.ContainsAny(v[1:], "$!/+=-")
	}
	return true
}

// mixed tells whether b has letters and digits, as random text nearly always
// has and words never have.
func mixed(b []byte) bool {
	var letter, digit bool
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digit = true
		case 'a' <= fold(c) && fold(c) <= 'z':
			letter = true
		}
	}
	return letter && digit
}
