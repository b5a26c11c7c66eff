package secret

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The automaton finds what looking for each keyword by itself finds. It is
// not exported, and everything stands on it.
func TestAutomaton(t *testing.T) {
	keywords := []string{"ab", "abc", "bc", "cab", "://", "q~", "aaaa", "token", "ok"}
	a := newAutomaton(keywords)
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{0, 1, 7, 100, 511, 520, 530, 1024, 5000, 5001} {
		text := make([]byte, size)
		for i := range text {
			text[i] = "abcABC:/q~tokentoken \n"[r.IntN(22)]
		}
		var want, got []string
		folded := bytes.ToLower(text)
		for _, k := range keywords {
			for i := range folded {
				if bytes.HasPrefix(folded[i:], []byte(k)) {
					want = append(want, fmt.Sprint(i+len(k), " ", k))
				}
			}
		}
		a.find(text, func(k uint16, end int) { got = append(got, fmt.Sprint(end, " ", keywords[k])) })
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d bytes: want (-), got (+):\n%s", size, diff)
		}
	}
}
