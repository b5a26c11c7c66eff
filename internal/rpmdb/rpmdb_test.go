package rpmdb_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/rpmdb"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

func load(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// list says what a database holds, a line each package or error.
func list(db, wal []byte) []string {
	var opts *rpmdb.Options
	if wal != nil {
		opts = &rpmdb.Options{WAL: bytes.NewReader(wal), WALSize: int64(len(wal))}
	}
	var lines []string
	for h, err := range rpmdb.Read(bytes.NewReader(db), int64(len(db)), opts) {
		if err != nil {
			lines = append(lines, "error: "+err.Error())
			continue
		}
		epoch := "-"
		if n, ok := h.Number(rpmdb.Epoch); ok {
			epoch = fmt.Sprint(n)
		}
		files, last := 0, ""
		for folder, name := range h.Files() {
			files, last = files+1, string(folder)+string(name)
		}
		provides := 0
		for range h.Texts(rpmdb.ProvideName) {
			provides++
		}
		lines = append(lines, fmt.Sprintf("%s epoch %s version %s release %s arch %s\n\tfrom %s by %q license %q module %q\n\tprovides %d, files %d, last %s",
			h.Text(rpmdb.Name), epoch, h.Text(rpmdb.Version), h.Text(rpmdb.Release), h.Text(rpmdb.Arch),
			h.Text(rpmdb.SourceRPM), h.Text(rpmdb.Vendor), short(h.Text(rpmdb.License)), h.Text(rpmdb.ModularityLabel),
			provides, files, last))
	}
	return lines
}

func short(s string) string {
	if len(s) > 60 {
		return fmt.Sprintf("%s… %d bytes", s[:10], len(s))
	}
	return s
}

func TestRead(t *testing.T) {
	for _, name := range []string{"epoch.bdb", "libuuid.bdb", "sle15.ndb", "rpm418.sqlite", "logged.sqlite", "small.sqlite", "smalllog.sqlite"} {
		t.Run(name, func(t *testing.T) {
			var wal []byte
			if strings.HasSuffix(name, "log.sqlite") || name == "logged.sqlite" {
				wal = load(t, name+"-wal")
			}
			got := strings.Join(list(load(t, name), wal), "\n") + "\n"
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func names(lines []string) []string {
	var all []string
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func TestWriteAheadLog(t *testing.T) {
	db, wal := load(t, "logged.sqlite"), load(t, "logged.sqlite-wal")
	without, with := []string{"greet-libs", "greeting"}, []string{"greeting", "node-thing"}
	if diff := cmp.Diff(without, names(list(db, nil))); diff != "" {
		t.Errorf("without the log (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(with, names(list(db, wal))); diff != "" {
		t.Errorf("with the log (-want +got):\n%s", diff)
	}
	// A log cut anywhere says what its last whole transaction said: first
	// nothing, then one package was added, then another removed.
	stages := [][]string{without, {"greet-libs", "greeting", "node-thing"}, with}
	stage := 0
	for cut := 0; cut <= len(wal); cut += 1030 {
		got := names(list(db, wal[:cut]))
		for stage < len(stages) && !cmp.Equal(got, stages[stage]) {
			stage++
		}
		if stage == len(stages) {
			t.Fatalf("with %d bytes of the log: got %v", cut, got)
		}
	}
	if stage != 2 {
		t.Errorf("the cut log went through stage %d, want 2", stage)
	}
	broken := bytes.Clone(wal)
	broken[40] ^= 1
	if diff := cmp.Diff(without, names(list(db, broken))); diff != "" {
		t.Errorf("with a broken log (-want +got):\n%s", diff)
	}
	for _, empty := range [][]byte{{}, make([]byte, 100), []byte("not a log, but long enough to be looked at as if it were one .....")} {
		if diff := cmp.Diff(without, names(list(db, empty))); diff != "" {
			t.Errorf("with a log of %d bytes (-want +got):\n%s", len(empty), diff)
		}
	}
}

// header makes a package header that holds name, version and n bytes more.
func header(name string, n int) []byte {
	data := name + "\x001.0\x00" + strings.Repeat("x", n) + "\x00"
	var b []byte
	b = binary.BigEndian.AppendUint32(b, 3)
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	for i, tag := range []rpmdb.Tag{rpmdb.Name, rpmdb.Version, rpmdb.License} {
		offset := []int{0, len(name) + 1, len(name) + 5}[i]
		for _, v := range []uint32{uint32(tag), 6, uint32(offset), 1} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	}
	return append(b, data...)
}

type appendOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// bdbFile makes a Berkeley DB file of one hash page, the short values in
// place and the others on overflow pages.
func bdbFile(order appendOrder, values ...[]byte) []byte {
	const size = 512
	pages := [][]byte{make([]byte, size), make([]byte, size)}
	meta, hash := pages[0], pages[1]
	order.PutUint32(meta[12:], 0x61561)
	order.PutUint32(meta[20:], size)
	meta[25], hash[25] = 8, 13
	at := size
	item := func(i int, content []byte) {
		at -= len(content)
		copy(hash[at:], content)
		order.PutUint16(hash[26+2*i:], uint16(at))
	}
	for i, v := range values {
		item(2*i, []byte{1, byte(i), 0, 0, 0})
		if len(v) < 100 {
			item(2*i+1, append([]byte{1}, v...))
			continue
		}
		off := order.AppendUint32([]byte{3, 0, 0, 0}, uint32(len(pages)))
		item(2*i+1, order.AppendUint32(off, uint32(len(v))))
		for len(v) > 0 {
			page := make([]byte, size)
			n := copy(page[26:], v)
			v = v[n:]
			order.PutUint16(page[22:], uint16(n))
			page[25] = 7
			if len(v) > 0 {
				order.PutUint32(page[16:], uint32(len(pages)+1))
			}
			pages = append(pages, page)
		}
	}
	order.PutUint16(hash[20:], uint16(2*len(values)))
	order.PutUint32(meta[32:], uint32(len(pages)-1))
	return bytes.Join(pages, nil)
}

func TestBerkeleyDB(t *testing.T) {
	want := []string{"long", "longer", "short"}
	for _, order := range []appendOrder{binary.LittleEndian, binary.BigEndian} {
		db := bdbFile(order, []byte{0, 0, 0, 3}, header("short", 0), header("long", 400), header("longer", 3000))
		if diff := cmp.Diff(want, names(list(db, nil))); diff != "" {
			t.Errorf("%v (-want +got):\n%s", order, diff)
		}
	}
}

// ndbFile makes a file of rpm's own format with one page of slots.
func ndbFile(values ...[]byte) []byte {
	le := binary.LittleEndian
	file := make([]byte, 4096)
	copy(file, "RpmP")
	le.PutUint32(file[12:], 1)
	for i := 2; i < 256; i++ {
		copy(file[16*i:], "Slot")
	}
	for i, v := range values {
		slot := file[16*(i+2):]
		blocks := (16 + len(v) + 12 + 15) / 16
		le.PutUint32(slot[4:], uint32(i+1))
		le.PutUint32(slot[8:], uint32(len(file)/16))
		le.PutUint32(slot[12:], uint32(blocks))
		blob := make([]byte, 16*blocks)
		copy(blob, "BlbS")
		le.PutUint32(blob[4:], uint32(i+1))
		le.PutUint32(blob[12:], uint32(len(v)))
		copy(blob[16:], v)
		le.PutUint32(blob[len(blob)-8:], uint32(len(v)))
		copy(blob[len(blob)-4:], "BlbE")
		file = append(file, blob...)
	}
	return file
}

func TestNDB(t *testing.T) {
	db := ndbFile(header("a", 0), header("b", 5000))
	if diff := cmp.Diff([]string{"a", "b"}, names(list(db, nil))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		at   int
		to   string
		want string
	}{
		{32, "Slut", "no magic number"},
		{4096, "blob", "points at something else"},
		{4096 + 4, "\x07", "points at something else"},
		{4096 + 12, "\x01", "does not end as it begins"},
		{4096 + 12, "\xff\xff\xff\x7f", "bytes"},
		{32 + 8, "\xff\xff\xff\xff", "unexpected EOF"},
		{4, "\x01", "version 1"},
	} {
		broken := bytes.Clone(db)
		copy(broken[test.at:], test.to)
		if got := strings.Join(list(broken, nil), "\n"); !strings.Contains(got, test.want) {
			t.Errorf("%q at %d: got %q, want %q", test.to, test.at, got, test.want)
		}
	}
}

func TestHostile(t *testing.T) {
	le := binary.LittleEndian
	circle := bdbFile(le, header("a", 3000))
	le.PutUint32(circle[2*512+16:], 2) // the first overflow page goes on at itself
	outside := bdbFile(le, header("a", 3000))
	le.PutUint32(outside[3*512+16:], 1<<31)
	huge := bdbFile(le, header("a", 3000))
	le.PutUint32(huge[512+512-5-12+8:], 1<<31)
	many := bdbFile(le, header("a", 10))
	le.PutUint16(many[512+20:], 0xffff)
	odd := bdbFile(le, header("a", 10))
	le.PutUint16(odd[512+28:], 600)
	shortMeta := bdbFile(le, header("a", 10))
	le.PutUint32(shortMeta[32:], 1000)
	encrypted := bdbFile(le, header("a", 10))
	encrypted[24] = 1
	index := header("a", 10)
	binary.BigEndian.PutUint32(index, 1<<31)
	offset := header("a", 10)
	binary.BigEndian.PutUint32(offset[16:], 1<<31)

	for _, test := range []struct {
		name string
		db   []byte
		want string
	}{
		{"overflow in a circle", circle, "overlap|bytes of type|goes on"},
		{"overflow outside", outside, "goes on at page"},
		{"huge entry", huge, "entry of"},
		{"too many entries", many, "65535 entries"},
		{"item outside its page", odd, "broken"},
		{"fewer pages than it says", shortMeta, "ends after"},
		{"encrypted", encrypted, "encrypted"},
		{"header longer than its entry", bdbFile(le, index), "broken package header"},
		{"empty", nil, "not an rpm database"},
		{"text", []byte(strings.Repeat("no database\n", 20)), "not an rpm database"},
		{"sqlite of something else", append([]byte("SQLite format 3\x00"), make([]byte, 4096)...), "broken SQLite page"},
		{"ndb without slots", append([]byte("RpmP"), make([]byte, 4096)...), "cannot have"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(list(test.db, nil), "\n")
			if !strings.Contains(got, "error: ") || !slices.ContainsFunc(strings.Split(test.want, "|"), func(w string) bool { return strings.Contains(got, w) }) {
				t.Errorf("got %q, want an error with %q", got, test.want)
			}
		})
	}
	// An entry that points outside of a header is an entry without a value.
	if got := list(bdbFile(le, offset), nil); len(got) != 1 || !strings.HasPrefix(got[0], " epoch - version 1.0") {
		t.Errorf("header with an offset outside: got %q", got)
	}
}

func TestReadStopsWhenAsked(t *testing.T) {
	for _, name := range []string{"sle15.ndb", "rpm418.sqlite"} {
		db, n := load(t, name), 0
		for range rpmdb.Read(bytes.NewReader(db), int64(len(db)), nil) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: got %d, want 1", name, n)
		}
	}
}

type failing struct{ io.ReaderAt }

var errDisk = errors.New("disk on fire")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off > 4096 {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, off)
}

func TestReadErrorsReachTheCaller(t *testing.T) {
	for _, name := range []string{"epoch.bdb", "sle15.ndb", "rpm418.sqlite"} {
		db := load(t, name)
		var last error
		for _, err := range rpmdb.Read(failing{bytes.NewReader(db)}, int64(len(db)), nil) {
			last = err
		}
		if !errors.Is(last, errDisk) {
			t.Errorf("%s: got %v, want %v", name, last, errDisk)
		}
	}
}

// FuzzRead: no input panics, takes long or gives more bytes than it has.
func FuzzRead(f *testing.F) {
	f.Add(load(f, "epoch.bdb"), []byte(nil))
	f.Add(load(f, "small.sqlite"), []byte(nil))
	f.Add(load(f, "smalllog.sqlite"), load(f, "smalllog.sqlite-wal"))
	f.Add(ndbFile(header("short", 0), header("long", 400)), []byte(nil))
	f.Add(bdbFile(binary.BigEndian, header("short", 0), header("long", 400)), []byte(nil))
	f.Add(bdbFile(binary.LittleEndian, header("short", 0), header("long", 400)), []byte(nil))
	f.Fuzz(func(t *testing.T, db, wal []byte) {
		total := 0
		for h, err := range rpmdb.Read(bytes.NewReader(db), int64(len(db)), &rpmdb.Options{WAL: bytes.NewReader(wal), WALSize: int64(len(wal))}) {
			if (h == nil) == (err == nil) {
				t.Fatalf("got header %v and error %v", h, err)
			}
			if err != nil {
				continue
			}
			total += len(h.Text(rpmdb.Name)) + len(h.Text(rpmdb.Version))
			h.Number(rpmdb.Epoch)
		}
		if total > 2*(len(db)+len(wal)) {
			t.Errorf("%d bytes of names in a database of %d", total, len(db))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"libuuid.bdb", "sle15.ndb", "rpm418.sqlite"} {
		db := load(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(db)))
			b.ReportAllocs()
			for b.Loop() {
				for h := range rpmdb.Read(bytes.NewReader(db), int64(len(db)), nil) {
					h.Text(rpmdb.Name)
				}
			}
		})
	}
}

// FuzzHeader: a header made of any bytes answers every question.
func FuzzHeader(f *testing.F) {
	f.Add(header("name", 5), uint32(rpmdb.BaseNames))
	f.Add(append(header("name", 5), "/usr/bin/\x00a\x00b\x00"...), uint32(1000))
	f.Fuzz(func(t *testing.T, blob []byte, tag uint32) {
		if len(blob) > 1<<16 {
			return
		}
		db := ndbFile(blob)
		for h, err := range rpmdb.Read(bytes.NewReader(db), int64(len(db)), nil) {
			if err != nil {
				continue
			}
			texts, files := 0, 0
			for s := range h.Texts(rpmdb.Tag(tag)) {
				texts += len(s) + 1
			}
			for range h.Files() {
				files++
			}
			if texts > len(blob) || files > len(blob) {
				t.Errorf("%d bytes of texts and %d files in a header of %d", texts, files, len(blob))
			}
		}
	})
}
