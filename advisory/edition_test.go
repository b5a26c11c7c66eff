package advisory_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/advisory"
)

// shelf serves the files of releases by their digests.
type shelf struct {
	files  map[string]string
	opened []string
	broken string // kind that is damaged
}

var errShelf = errors.New("the shelf is empty")

func (s *shelf) put(r *advisory.Edition) {
	if s.files == nil {
		s.files = map[string]string{}
	}
	for _, f := range r.Files {
		if f.Path != "" {
			s.files[string(f.Digest)] = f.Path
		}
	}
}

func (s *shelf) open(_ context.Context, f advisory.EditionFile) (io.ReadCloser, error) {
	path, ok := s.files[string(f.Digest)]
	if !ok {
		return nil, errShelf
	}
	s.opened = append(s.opened, f.Kind)
	if f.Kind == s.broken {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		data[len(data)/2] ^= 1
		path += ".broken"
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return nil, err
		}
	}
	return os.Open(path)
}

func editionOf(t *testing.T, s *shelf, db *advisory.DB, last *advisory.Edition) *advisory.Edition {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "whole.db")
	if err := advisory.Merge(path, []*advisory.DB{db}); err != nil {
		t.Fatal(err)
	}
	opts := &advisory.EditionOptions{Parts: true, Last: last, Open: s.open}
	r, err := advisory.MakeEdition(t.Context(), dir, path, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.put(r)
	return r
}

func TestEdition(t *testing.T) {
	older, newer := twoDays(t)
	var s shelf
	first := editionOf(t, &s, older, nil)
	second := editionOf(t, &s, newer, first)
	third := editionOf(t, &s, older, second)
	s.opened = nil
	for _, test := range []struct {
		name       string
		ecosystems []string
	}{{"whole", nil}, {"npm", []string{"npm"}}, {"two", []string{"npm", "Debian"}}} {
		t.Run(test.name, func(t *testing.T) {
			dst := filepath.Join(t.TempDir(), "advisories.db")
			opts := &advisory.PullOptions{Ecosystems: test.ecosystems}
			pull := func(r *advisory.Edition, wantKinds ...string) *advisory.Pulled {
				t.Helper()
				s.opened = nil
				p, err := advisory.Pull(t.Context(), dst, r, s.open, opts)
				if err != nil {
					t.Fatal(err)
				}
				opened := slices.Compact(s.opened)
				if len(test.ecosystems) > 1 && len(wantKinds) > 0 && wantKinds[0] == advisory.FileDelta {
					// A database as small as Debian's here is not worth a delta.
					opened = slices.DeleteFunc(opened, func(kind string) bool { return kind == advisory.FilePart })
					wantKinds = wantKinds[:1]
				}
				if diff := cmp.Diff(wantKinds, opened); diff != "" {
					t.Errorf("opened (-want +got): %s", diff)
				}
				return p
			}
			kind := advisory.FileFull
			if test.ecosystems != nil {
				kind = advisory.FilePart
			}
			if p := pull(first, kind); p.Deltas != 0 {
				t.Errorf("%+v", p)
			}
			p := pull(second, advisory.FileDelta)
			if p.Deltas == 0 || len(p.Notes) > 0 || p.Bytes == 0 {
				t.Errorf("%+v", p)
			}
			same(t, dst, newer, test.ecosystems)
			pull(second) // nothing is fetched twice
			s.broken = advisory.FileDelta
			p = pull(third, advisory.FileDelta, kind)
			s.broken = ""
			if len(p.Notes) == 0 || p.Deltas != 0 {
				t.Errorf("a broken delta: %+v", p)
			}
			same(t, dst, older, test.ecosystems)
		})
	}
	// Who has missed a day comes by two deltas.
	dst := filepath.Join(t.TempDir(), "advisories.db")
	if _, err := advisory.Pull(t.Context(), dst, first, s.open, nil); err != nil {
		t.Fatal(err)
	}
	fourth := editionOf(t, &s, newer, third)
	if p, err := advisory.Pull(t.Context(), dst, fourth, s.open, nil); err != nil || p.Deltas != 1 {
		t.Errorf("%+v, %v", p, err) // the third is the first again
	}
	if _, err := advisory.Pull(t.Context(), dst, third, s.open, &advisory.PullOptions{Ecosystems: []string{"Nonesuch"}}); err == nil {
		t.Error("a part that nobody has")
	}
	s.broken = advisory.FileFull
	if _, err := advisory.Pull(t.Context(), filepath.Join(t.TempDir(), "new.db"), first, s.open, nil); err == nil {
		t.Error("a damaged file was taken")
	}
}

// same holds that a file says of some ecosystems what a database does.
func same(t *testing.T, path string, want *advisory.DB, ecosystems []string) {
	t.Helper()
	got, err := advisory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if err := got.Verify(); err != nil {
		t.Error(err)
	}
	if ecosystems != nil {
		part := filepath.Join(t.TempDir(), "part.db")
		if err := want.Part(part, ecosystems); err != nil {
			t.Fatal(err)
		}
		if want, err = advisory.Open(part); err != nil {
			t.Fatal(err)
		}
		defer want.Close()
	}
	if diff := cmp.Diff(say(t, want), say(t, got)); diff != "" {
		t.Error(diff)
	}
}

// TestEditionReproducible holds that the same database makes the same files.
func TestEditionReproducible(t *testing.T) {
	older, newer := twoDays(t)
	digests := func() (out []string) {
		var s shelf
		first := editionOf(t, &s, older, nil)
		for _, f := range append(first.Files, editionOf(t, &s, newer, first).Files...) {
			out = append(out, f.Kind+" "+f.Ecosystem+" "+string(f.Digest))
		}
		return out
	}
	if diff := cmp.Diff(digests(), digests()); diff != "" {
		t.Error(diff)
	}
}
