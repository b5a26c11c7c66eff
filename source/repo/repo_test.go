package repo_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/boltseal/boltseal/source/repo"
)

// mirror is a repository that a test made.
type mirror struct {
	files map[string][]byte
	key   *openpgp.Entity
}

func newMirror(t testing.TB, until string, debs map[string]string) *mirror {
	t.Helper()
	key, err := openpgp.NewEntity("archive", "", "archive@example.com", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{files: map[string][]byte{}, key: key}
	var list strings.Builder
	for name, version := range debs {
		body := []byte(name + version)
		file := fmt.Sprintf("pool/%s_%s_amd64.deb", name, version)
		m.files["/debian/"+file] = body
		fmt.Fprintf(&list, "Package: %s\nVersion: %s\nArchitecture: amd64\nSource: src (1)\nFilename: %s\nSize: %d\nSHA256: %x\nDescription: a\n b\n\n", name, version, file, len(body), sha256.Sum256(body))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, list.String())
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	m.files["/debian/dists/stable/main/binary-amd64/Packages.gz"] = packed.Bytes()
	release := fmt.Sprintf("Origin: Test\nValid-Until: %s\nSHA256:\n %x %d main/binary-amd64/Packages.gz\n", until, sha256.Sum256(packed.Bytes()), packed.Len())
	m.files["/debian/dists/stable/InRelease"] = m.sign(t, release)
	return m
}

func (m *mirror) sign(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, m.key.PrivateKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// public is the mirror's key, armoured or not.
func (m *mirror) public(t testing.TB, armoured bool) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = struct {
		io.Writer
		io.Closer
	}{&out, io.NopCloser(nil)}
	if armoured {
		var err error
		if w, err = armor.Encode(&out, openpgp.PublicKeyType, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.key.Serialize(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (m *mirror) serve(t testing.TB) repo.DebSource {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := m.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	return repo.DebSource{URI: s.URL + "/debian/", Suite: "stable", Components: []string{"main"}}
}

const later = "Mon, 02 Jan 2040 15:04:05 UTC"

func now() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestDebs(t *testing.T) {
	m := newMirror(t, later, map[string]string{"curl": "8.1-1", "zlib": "1.3"})
	for _, armoured := range []bool{false, true} {
		c := &repo.Client{Now: now, TempDir: t.TempDir()}
		x, err := c.Debs(t.Context(), m.serve(t), "amd64", [][]byte{[]byte("no key"), m.public(t, armoured)})
		if err != nil {
			t.Fatal(err)
		}
		found := x.Find("curl")
		want := []repo.Deb{{Package: "curl", Version: "8.1-1", Architecture: "amd64", Source: "src"}}
		if diff := cmp.Diff(want, found, cmpopts.IgnoreUnexported(repo.Deb{}), cmpopts.IgnoreFields(repo.Deb{}, "Fields")); diff != "" {
			t.Fatal(diff)
		}
		if x.Find("cur") != nil {
			t.Error("part of a name is found")
		}
		f, err := c.Deb(t.Context(), &found[0])
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size)); string(data) != "curl8.1-1" || err != nil {
			t.Errorf("the package is %q, %v", data, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDebsRefuses changes one thing after another of a repository that holds.
func TestDebsRefuses(t *testing.T) {
	for want, change := range map[string]func(m *mirror) [][]byte{
		"its signature does not hold": func(m *mirror) [][]byte {
			return [][]byte{newMirror(t, later, nil).public(t, false)}
		},
		"there is no key": func(*mirror) [][]byte { return nil },
		"not one signed message": func(m *mirror) [][]byte {
			m.files["/debian/dists/stable/InRelease"] = append([]byte("Origin: Evil\n"), 'x')
			return [][]byte{m.public(t, false)}
		},
		"signature": func(m *mirror) [][]byte {
			m.files["/debian/dists/stable/InRelease"] = bytes.Replace(m.files["/debian/dists/stable/InRelease"], []byte("Test"), []byte("Evil"), 1)
			return [][]byte{m.public(t, false)}
		},
		"not what the release says": func(m *mirror) [][]byte {
			list := m.files["/debian/dists/stable/main/binary-amd64/Packages.gz"]
			list[len(list)-1] ^= 1
			return [][]byte{m.public(t, false)}
		},
		"404": func(m *mirror) [][]byte {
			delete(m.files, "/debian/dists/stable/main/binary-amd64/Packages.gz")
			return [][]byte{m.public(t, false)}
		},
		"out of date": func(m *mirror) [][]byte {
			m.files["/debian/dists/stable/InRelease"] = newMirrorSigned(t, m, "Mon, 02 Jan 2006 15:04:05 UTC")
			return [][]byte{m.public(t, false)}
		},
	} {
		m := newMirror(t, later, map[string]string{"curl": "1"})
		keys := change(m)
		_, err := (&repo.Client{Now: now}).Debs(t.Context(), m.serve(t), "amd64", keys)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func newMirrorSigned(t *testing.T, m *mirror, until string) []byte {
	return m.sign(t, "Origin: Test\nValid-Until: "+until+"\nSHA256:\n")
}

func TestDebRefuses(t *testing.T) {
	m := newMirror(t, later, map[string]string{"curl": "1"})
	c := &repo.Client{TempDir: t.TempDir()}
	x, err := c.Debs(t.Context(), m.serve(t), "amd64", [][]byte{m.public(t, false)})
	if err != nil {
		t.Fatal(err)
	}
	for name := range m.files {
		if strings.HasSuffix(name, ".deb") {
			m.files[name] = []byte("evil!")
		}
	}
	if _, err := c.Deb(t.Context(), &x.Find("curl")[0]); err == nil || !strings.Contains(err.Error(), "not what the repository's index says") {
		t.Errorf("Deb = %v", err)
	}
}

func TestDebSources(t *testing.T) {
	got := repo.DebSources(map[string][]byte{
		"etc/apt/sources.list": []byte("# deb http://no/ a b\ndeb [arch=amd64 signed-by=/k.gpg] http://one/debian stable main contrib # x\ndeb-src http://one/debian stable main\ndeb cdrom:[x]/ stable main\n"),
		"etc/apt/sources.list.d/debian.sources": []byte("Types: deb\n# note\nURIs: http://two/debian\nSuites: a a-updates\nComponents: main\nSigned-By: /usr/share/keyrings/k.gpg\n\n" +
			"Types: deb\nEnabled: no\nURIs: http://off/\nSuites: a\nComponents: main\n"),
	})
	want := []repo.DebSource{
		{URI: "http://one/debian", Suite: "stable", Components: []string{"main", "contrib"}, SignedBy: "/k.gpg"},
		{URI: "http://two/debian", Suite: "a", Components: []string{"main"}, SignedBy: "/usr/share/keyrings/k.gpg"},
		{URI: "http://two/debian", Suite: "a-updates", Components: []string{"main"}, SignedBy: "/usr/share/keyrings/k.gpg"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDebSources(f *testing.F) {
	f.Add([]byte("deb [a=b] http://x/ s c\n"))
	f.Add([]byte("Types: deb\nURIs: http://x\nSuites: s\n c\n\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, s := range repo.DebSources(map[string][]byte{"a.list": data, "b.sources": data}) {
			if !strings.HasPrefix(s.URI, "http") {
				panic(s.URI)
			}
		}
	})
}
