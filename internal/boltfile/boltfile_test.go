package boltfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/boltseal/boltseal/internal/boltfile"
)

// pageSize is small, so that a small database has many pages.
const pageSize = 1 << 10

// create makes a database with the library that owns the format.
func create(tb testing.TB, fill func(tx *bbolt.Tx) error) []byte {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "db")
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{PageSize: pageSize})
	if err != nil {
		tb.Fatal(err)
	}
	if err := db.Update(fill); err != nil {
		tb.Fatal(err)
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// dump lists everything that the buckets hold.
func dump(b boltfile.Bucket, prefix string, out map[string]string) error {
	for e, err := range b.All() {
		if err != nil {
			return err
		}
		if !e.IsBucket {
			out[prefix+string(e.Key)] = string(e.Value)
			continue
		}
		sub, ok, err := b.Bucket(string(e.Key))
		if err != nil || !ok {
			return errors.Join(err, fmt.Errorf("bucket %q: found %v", e.Key, ok))
		}
		if err := dump(sub, prefix+string(e.Key)+"/", out); err != nil {
			return err
		}
	}
	return nil
}

func TestReadsWhatBboltWrote(t *testing.T) {
	want := map[string]string{}
	data := create(t, func(tx *bbolt.Tx) error {
		put := func(b *bbolt.Bucket, prefix, key, value string) error {
			want[prefix+key] = value
			return b.Put([]byte(key), []byte(value))
		}
		large, err := tx.CreateBucket([]byte("large")) // branch pages
		if err != nil {
			return err
		}
		for i := range 5000 {
			if err := put(large, "large/", fmt.Sprintf("key-%05d", i*7919%5000), strings.Repeat("v", i%100)); err != nil {
				return err
			}
		}
		if err := put(large, "large/", "overflow", strings.Repeat("x", 100_000)); err != nil {
			return err
		}
		small, err := large.CreateBucket([]byte("small")) // inline
		if err != nil {
			return err
		}
		if _, err := small.CreateBucket([]byte("empty")); err != nil {
			return err
		}
		return put(small, "large/small/", "a", "")
	})
	db, err := boltfile.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	if err := dump(db.Root(), "", got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%.2000s", diff)
	}
	if db.Changed() {
		t.Error("changed although nobody wrote")
	}
	b, ok, err := db.Root().Bucket("large")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	if v, ok, err := b.Get("key-00042"); !ok || err != nil || string(v) != want["large/key-00042"] {
		t.Errorf("Get: got %q, %v, %v", v, ok, err)
	}
	if _, ok, err := b.Get("none"); ok || err != nil {
		t.Errorf("Get of a key that is not there: got %v, %v", ok, err)
	}
}

func TestWhileTheOwnerHoldsItsLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "db")
	owner, err := bbolt.Open(name, 0o600, &bbolt.Options{PageSize: pageSize})
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	write := func(value string) {
		if err := owner.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			return b.Put([]byte("k"), []byte(value))
		}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(db *boltfile.DB) string {
		b, _, err := db.Root().Bucket("b")
		if err != nil {
			t.Fatal(err)
		}
		v, _, err := b.Get("k")
		if err != nil {
			t.Fatal(err)
		}
		return string(v)
	}
	write("one")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	db, err := boltfile.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	if got := read(db); got != "one" {
		t.Errorf("got %q", got)
	}
	write("two")
	if !db.Changed() {
		t.Error("a write went unnoticed")
	}
	if db, err = boltfile.Open(f, info.Size()); err != nil {
		t.Fatal(err)
	}
	if got := read(db); got != "two" {
		t.Errorf("got %q", got)
	}
}

func TestTornMeta(t *testing.T) {
	data := create(t, func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("b"))
		return err
	})
	page := pageSize
	for i, tear := range [][]int{{0}, {page}, {0, page}} {
		torn := bytes.Clone(data)
		for _, at := range tear {
			torn[at+20] ^= 1
		}
		_, err := boltfile.Open(bytes.NewReader(torn), int64(len(torn)))
		if (err != nil) != (i == 2) {
			t.Errorf("%v torn: got %v", tear, err)
		}
	}
	if _, err := boltfile.Open(bytes.NewReader(nil), 0); !errors.Is(err, boltfile.ErrCorrupt) {
		t.Errorf("an empty file: got %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	data := create(f, func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("v1"))
		if err != nil {
			return err
		}
		sub, err := b.CreateBucket([]byte("inline"))
		if err != nil {
			return err
		}
		for i := range 60 {
			if err := b.Put(fmt.Appendf(nil, "key-%d", i), bytes.Repeat([]byte("v"), 20)); err != nil {
				return err
			}
		}
		return sub.Put([]byte("k"), []byte("v"))
	})
	// The two meta pages must stay as they are for anything behind them to
	// be looked at, so only the rest is the fuzzer's.
	page := pageSize
	f.Add(data[2*page:])
	f.Fuzz(func(t *testing.T, rest []byte) {
		whole := append(bytes.Clone(data[:2*page]), rest...)
		db, err := boltfile.Open(bytes.NewReader(whole), int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		steps := 0
		_ = bounded(db.Root(), &steps, out)
	})
}

// bounded dumps as far as a loop of buckets lets it.
func bounded(b boltfile.Bucket, steps *int, out map[string]string) error {
	for e, err := range b.All() {
		if *steps++; err != nil || *steps > 10_000 {
			return err
		}
		if e.IsBucket {
			sub, err := e.Bucket()
			if err != nil {
				return err
			}
			if err := bounded(sub, steps, out); err != nil {
				return err
			}
		}
		out[string(e.Key)] = string(e.Value)
	}
	return nil
}
