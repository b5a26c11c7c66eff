package version_test

import (
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/version"
)

// FuzzCompare holds every scheme to what an order is: the same backwards,
// transitive, and equal to itself; and Affected and Fixed to each other.
func FuzzCompare(f *testing.F) {
	for _, s := range version.Schemes() {
		all := flat(f, s.Name)
		for i := range all {
			f.Add(all[i], all[(i+1)%len(all)], all[(i*7+3)%len(all)])
		}
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, s := range version.Schemes() {
			check(t, s, a, b, c)
		}
		root, _ := version.ForEcosystem("Root:npm")
		check(t, root, a, b, c)
	})
}

func check(t *testing.T, s *version.Scheme, a, b, c string) {
	t.Helper()
	ab, ba := sign(s.Compare(a, b)), sign(s.Compare(b, a))
	if ab != -ba {
		t.Errorf("%s: %q and %q: %d one way, %d the other", s.Name, a, b, ab, ba)
	}
	if got := s.Compare(a, strings.Clone(a)); got != 0 {
		t.Errorf("%s: %q is not itself: %d", s.Name, a, got)
	}
	bc, ac := sign(s.Compare(b, c)), sign(s.Compare(a, c))
	if ab <= 0 && bc <= 0 && (ac > 0 || ac == 0 && (ab < 0 || bc < 0)) || ab >= 0 && bc >= 0 && (ac < 0 || ac == 0 && (ab > 0 || bc > 0)) {
		t.Errorf("%s: %q, %q, %q: %d and %d, but %d", s.Name, a, b, c, ab, bc, ac)
	}
	s.Valid(a)
	affected := &boltseal.Affected{Ranges: []boltseal.Range{{Introduced: a, Fixed: b}, {Introduced: b, LastAffected: c}}, Versions: []string{c}}
	if fix, ok := s.Fixed(a, affected); ok && (s.Affected(fix, affected) || s.Compare(fix, a) <= 0 || !s.Affected(a, affected)) {
		t.Errorf("%s: %q is no fix of %q in %+v", s.Name, fix, a, affected)
	}
	if !s.Affected(c, affected) {
		t.Errorf("%s: %q is listed and not affected", s.Name, c)
	}
}

// What the lists and the mirror hold is compared in threes as well: fuzzing
// seldom finds well-formed versions.
func TestTransitive(t *testing.T) {
	for _, s := range version.Schemes() {
		versions := corpus(t, s.Name)
		for i := 0; i < len(versions); i += 1 + len(versions)/2500 {
			for _, step := range []int{1, 2, 17, 101} {
				check(t, s, versions[i], versions[(i+step)%len(versions)], versions[(i+3*step)%len(versions)])
			}
		}
	}
}

// A long version must cost what its length costs, not its square: at this
// size the one is milliseconds and the other half a minute.
func TestLongInput(t *testing.T) {
	patterns := []string{"0", "1", "1.", "0.", "0-", "a", "a.", "1a", "0a", "a0", "~", "^", "-", "_", "_p", "_rc1", ".", "..", "+", "1:", "1!", "final.", "ga-", "0.final", "dev-", "x.", "-r1", "rc", "\x00", "é"}
	const size = 1 << 18
	for _, s := range version.Schemes() {
		for _, p := range patterns {
			a := strings.Repeat(p, size/len(p))
			for _, pair := range [][2]string{{a, a + "1"}, {"1" + a, "1" + a + "a"}, {"1.0" + a, "1.0" + a + "-1"}, {a, "1"}} {
				// A busy machine may be slow once, not three times.
				took := time.Hour
				for try := 0; try < 3 && took > time.Second; try++ {
					start := time.Now()
					s.Compare(pair[0], pair[1])
					s.Valid(pair[0])
					took = min(took, time.Since(start))
				}
				if took > time.Second {
					t.Errorf("%s: %d bytes of %q took %v", s.Name, size, p, took)
				}
			}
		}
	}
}
