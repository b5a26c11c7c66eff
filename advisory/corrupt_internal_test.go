package advisory

// These tests are inside the package because they open databases that are no
// files: tens of thousands of damaged ones a second.

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/version"
)

// sampleBytes is the database of one archive of testdata.
func sampleBytes(t testing.TB, name string) []byte {
	t.Helper()
	dir := t.TempDir()
	a, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []Source
	for _, f := range a.Files {
		path := filepath.Join(dir, filepath.Base(f.Name))
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		switch {
		case f.Name == "kev.json":
			sources = append(sources, Source{Feed: "kev", At: path})
		case f.Name == "epss.csv":
			sources = append(sources, Source{Feed: "epss", At: path})
		case strings.HasPrefix(f.Name, "osv/"):
			sources = append(sources, Source{Feed: "osv", At: path})
		}
	}
	db := filepath.Join(dir, "db")
	if _, err := Build(context.Background(), db, sources, nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// everything asks a database all there is to ask, and stops at the first
// error.
func everything(db *DB) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v %v\n", db.Snapshot(), db.Releases())
	for k, err := range db.Keys() {
		if err != nil {
			return b.String(), err
		}
		for r, err := range db.Lookup(k.Ecosystem, k.Name) {
			if err != nil {
				return b.String(), err
			}
			fmt.Fprintf(&b, "%+v\n", r)
			for _, id := range append(r.Vulns, r.ID) {
				a, err := db.Advisory(id)
				if err != nil {
					return b.String(), err
				}
				fmt.Fprintf(&b, "%v %v ", a.EPSS, a.KEV)
				a.EPSS, a.KEV = nil, nil // pointers print as addresses
				fmt.Fprintf(&b, "%+v\n", *a)
			}
		}
	}
	return b.String(), nil
}

// Whatever byte of a database is damaged, it is noticed: a database answers
// as it always did, or says that it is damaged.
func TestEveryByteFlipped(t *testing.T) {
	good := sampleBytes(t, "osv-alias")
	db, err := open(good)
	if err != nil {
		t.Fatal(err)
	}
	want, err := everything(db)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	noticed, asked := 0, 0
	for i := range good {
		// Of the padding, which is zero, a part is enough.
		if good[i] == 0 && i%61 != 0 {
			continue
		}
		bad[i] ^= 1 << (i % 8)
		asked++
		db, err := open(bad)
		if err != nil {
			noticed++
		} else {
			if err := db.Verify(); err == nil {
				t.Errorf("byte %d: Verify does not notice", i)
			}
			db, err = open(bad) // whose pages nobody has checked
			if err != nil {
				t.Fatal(err)
			}
			if got, err := everything(db); err != nil {
				noticed++
			} else if got != want {
				t.Errorf("byte %d: another answer, and no error", i)
			}
		}
		bad[i] = good[i]
	}
	t.Logf("%d bytes flipped, %d met by an ordinary reader", asked, noticed)
	if noticed == 0 {
		t.Error("nothing was noticed")
	}
}

// reseal makes all checksums of a file right, so that what is wrong with it
// is left to those who decode it.
func reseal(data []byte) {
	le := binary.LittleEndian
	if len(data) < pageSize || len(data)%pageSize != 0 {
		return
	}
	for i := range maxSections {
		e := data[tableAt+i*entrySize:]
		off, size := le.Uint64(e[8:]), le.Uint64(e[16:])
		if le.Uint32(e) != secSums || off > uint64(len(data)) || size > uint64(len(data))-off {
			continue
		}
		sums := data[off : off+size]
		for page := pageSize; page < len(data) && page/pageSize*4+4 <= len(sums); page += pageSize {
			if page < int(off) || page >= int(off+size) {
				le.PutUint32(sums[page/pageSize*4:], crc32.Checksum(data[page:page+pageSize], castagnoli))
			}
		}
		le.PutUint32(e[24:], crc32.Checksum(sums, castagnoli))
	}
	le.PutUint32(data[pageSize-4:], crc32.Checksum(data[:pageSize-4], castagnoli))
}

// FuzzOpen damages a database and makes its checksums right again, as
// somebody who wants to harm its readers would.
func FuzzOpen(f *testing.F) {
	good := sampleBytes(f, "osv-kinds")
	f.Add([]byte{}, uint32(0), byte(0))
	for at := range uint32(13) {
		f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x7f}, at*pageSize, byte(0xff))
		f.Add([]byte{0}, at*pageSize+4, byte(1))
		f.Add([]byte{0x80, 0x80, 0x80}, at*pageSize+9, byte(3))
	}
	f.Fuzz(func(t *testing.T, patch []byte, at uint32, times byte) {
		data := bytes.Clone(good)
		for i := range min(int(times)+1, 16) {
			from := (int(at) + i*1031) % len(data)
			copy(data[from:], patch)
		}
		reseal(data)
		db, err := open(data)
		if err != nil {
			return
		}
		_, _ = everything(db)
		for range db.Lookup("npm", "evil") {
		}
		_, _ = db.Advisory("CVE-2026-27969")
		_ = db.Covers("npm")
		_ = db.Verify()
	})
}

// FuzzOSV feeds records to the decoder, and what it takes to a database.
func FuzzOSV(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeOSV(data)
		if err != nil {
			return
		}
		if r.ID == "" || len(r.modules) != len(r.Affected) {
			t.Fatalf("taken: %+v", r)
		}
		if !r.Withdrawn.IsZero() && len(r.Affected) > 0 {
			t.Fatalf("withdrawn, and yet of packages: %+v", r)
		}
		for i := range r.Affected {
			a := &r.Affected[i]
			if lacksRelease(a.Ecosystem) || placeholder(a.Name) || a.Ecosystem == "" || a.Ecosystem != Ecosystem(a.Ecosystem) {
				t.Fatalf("taken: %+v", a)
			}
			if a.Name != packageName(a.Ecosystem, a.Name) {
				t.Fatalf("%q is not a name by which it is found", a.Name)
			}
			if len(a.Ranges)+len(a.Versions) == 0 {
				t.Fatalf("no versions: %+v", a)
			}
		}
		if len(r.Affected) == 0 {
			return
		}
		path := filepath.Join(t.TempDir(), "record.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		dst := path + ".db"
		if _, err := Build(t.Context(), dst, []Source{{Feed: "osv", At: path}}, nil); err != nil {
			t.Fatal(err)
		}
		db, err := Open(dst)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Verify(); err != nil {
			t.Fatal(err)
		}
		if _, err := everything(db); err != nil {
			t.Fatal(err)
		}
		for i := range r.Affected {
			found := false
			for got, err := range db.Lookup(r.Affected[i].Ecosystem, r.Affected[i].Name) {
				if err != nil {
					t.Fatal(err)
				}
				found = found || got.ID == r.ID
			}
			if !found {
				t.Fatalf("%s %s is not in it", r.Affected[i].Ecosystem, r.Affected[i].Name)
			}
		}
	})
}

// FuzzRanges compares the runs of versions that events become with a walk
// over the events (OSV schema, "Evaluation"). Versions are single digits, so
// that there are few, and each stands in one event, so that it has one
// answer.
func FuzzRanges(f *testing.F) {
	f.Add([]byte("i0f2i3l5"))
	f.Add([]byte("f2i1"))
	f.Add([]byte("i9i8f7l6"))
	f.Fuzz(func(t *testing.T, script []byte) {
		scheme, ok := version.ForEcosystem("npm")
		if !ok {
			t.Fatal("npm has no order")
		}
		var events []osvEvent
		var kinds [10]byte
		for i := 0; i+1 < len(script); i += 2 {
			n := script[i+1] % 10
			if kinds[n] != 0 {
				continue
			}
			v := string('0'+n) + ".0.0"
			if n == 0 {
				v = "0"
			}
			switch script[i] % 3 {
			case 0:
				events, kinds[n] = append(events, osvEvent{Introduced: v}), 'i'
			case 1:
				events, kinds[n] = append(events, osvEvent{Fixed: v}), 'f'
			default:
				events, kinds[n] = append(events, osvEvent{LastAffected: v}), 'l'
			}
		}
		// Without any introduced, everything below the first end is meant.
		state := len(events) > 0 && !bytes.ContainsRune(kinds[:], 'i')
		out := boltseal.Affected{Ranges: pair(events, scheme)}
		for n, kind := range kinds {
			switch kind {
			case 'i':
				state = true
			case 'f':
				state = false
			}
			v := string(rune('0'+n)) + ".0.0"
			if n > 0 || kind == 0 {
				if got := scheme.Affected(v, &out); got != state {
					t.Fatalf("%+v: %s: got %t, want %t of %+v", events, v, got, state, out.Ranges)
				}
			}
			if kind == 'l' {
				state = false
			}
			if got := scheme.Affected(v+"1", &out); n > 0 && got != state {
				t.Fatalf("%+v: %s1: got %t, want %t of %+v", events, v, got, state, out.Ranges)
			}
		}
	})
}

// FuzzAliases: no set holds two CVEs, every id is in one set, sets do not
// depend on the order in which they are told, and the name is in the set.
func FuzzAliases(f *testing.F) {
	f.Add([]byte("abbccdzy"))
	f.Add([]byte("aAbBabAB"))
	f.Fuzz(func(t *testing.T, script []byte) {
		ids := newInterner()
		name := func(c byte) string {
			switch c %= 24; {
			case c < 8:
				return fmt.Sprintf("CVE-2024-%04d", c)
			case c < 16:
				return fmt.Sprintf("GHSA-%04d", c)
			}
			return fmt.Sprintf("PYSEC-%d", c)
		}
		var edges, backwards []edge
		for i := 0; i+1 < len(script); i += 2 {
			edges = append(edges, edge{ids.of(name(script[i])), ids.of(name(script[i+1]))})
		}
		for _, e := range edges {
			backwards = append([]edge{{e.b, e.a}}, backwards...)
		}
		g, h := newGraph(ids.list), newGraph(ids.list)
		g.join(edges)
		h.join(backwards)
		cves := map[uint32]string{}
		for i, id := range ids.list {
			v := g.vuln(uint32(i))
			if v != h.vuln(uint32(i)) {
				t.Fatalf("%s: %s, but %s the other way round", id, ids.list[v], ids.list[h.vuln(uint32(i))])
			}
			if g.vuln(v) != v {
				t.Fatalf("%s goes by %s, and that by another name", id, ids.list[v])
			}
			if isCVE(id) {
				if other, ok := cves[v]; ok {
					t.Fatalf("%s and %s are one", id, other)
				}
				cves[v] = id
				if v != uint32(i) {
					t.Fatalf("%s goes by %s", id, ids.list[v])
				}
			}
		}
	})
}

// FuzzKEV and FuzzEPSS: what is taken has a CVE and stays within its bounds.
func FuzzKEV(f *testing.F) {
	f.Add([]byte(`{"dateReleased": "2025-08-25T17:04:19Z", "vulnerabilities": [{"cveID": "CVE-2025-48384", "dateAdded": "2025-08-25", "dueDate": "2025-09-15"}]}`))
	f.Add([]byte(`{"vulnerabilities": [null, {"cveID": 1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBuilder(nil)
		err := decodeKEV(bytes.NewReader(data), b, "kev")
		if err == nil && b.feed("kev").Records != len(b.kev) {
			t.Errorf("%d records, %d taken", b.feed("kev").Records, len(b.kev))
		}
		for id := range b.kev {
			if !isCVE(id) {
				t.Errorf("took %q", id)
			}
		}
	})
}

func FuzzEPSS(f *testing.F) {
	f.Add([]byte("#model_version:v2025.03.14,score_date:2026-08-22T00:00:00+0000\ncve,epss,percentile\nCVE-2025-48384,0.04919,0.91446\n"))
	f.Add([]byte("cve,epss,percentile\n\"CVE-1\"x,0.1,0.2\n"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBuilder(nil)
		err := decodeEPSS(bytes.NewReader(data), b, "epss")
		if err == nil && len(b.epss) == 0 {
			t.Error("nothing taken, and no error")
		}
		for id, s := range b.epss {
			if !isCVE(id) || s.score < 0 || s.score > 1 || s.percentile < 0 || s.percentile > 1 {
				t.Errorf("took %q %+v", id, s)
			}
		}
	})
}
