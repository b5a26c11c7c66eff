package cachedir_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal/internal/cachedir"
)

func TestGetGivesWhatPutStored(t *testing.T) {
	d, err := cachedir.Open(filepath.Join(t.TempDir(), "a", "b"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Get("x"); ok {
		t.Error("an empty cache has x")
	}
	if err := d.Put("x", []byte("one")); err != nil {
		t.Fatal(err)
	}
	if got, ok := d.Get("x"); !ok || string(got) != "one" {
		t.Errorf("got %q, %v, want one", got, ok)
	}
}

func TestDamagedFilesAreMisses(t *testing.T) {
	dir := t.TempDir()
	d, err := cachedir.Open(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Put("x", []byte("content")); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.result"))
	if err != nil || len(names) != 1 {
		t.Fatalf("got %v, %v, want one file", names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := append([]byte(nil), whole...)
		damaged[i] ^= 1
		if err := os.WriteFile(names[0], damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := d.Get("x"); ok {
			t.Fatalf("byte %d flipped: got %q, want a miss", i, got)
		}
	}
	if err := os.WriteFile(names[0], whole[:10], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Get("x"); ok {
		t.Error("a truncated file is a hit")
	}
}

func TestOldestLeaveFirst(t *testing.T) {
	dir := t.TempDir()
	d, err := cachedir.Open(dir, 1000)
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(foreign, make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "c", "d"} {
		if err := d.Put(key, make([]byte, 300)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if _, ok := d.Get("a"); ok {
		t.Error("a is still there")
	}
	if _, ok := d.Get("d"); !ok {
		t.Error("d is gone")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("a file that is not ours: %v", err)
	}
}

func TestManyWritersNeverClash(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d, err := cachedir.Open(dir, 2000)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 50 {
				key := string(rune('a' + i%7))
				if err := d.Put(key, []byte(key+key)); err != nil {
					t.Error(err)
				}
				if got, ok := d.Get(key); ok && string(got) != key+key {
					t.Errorf("got %q, want %q", got, key+key)
				}
			}
		})
	}
	wg.Wait()
}
