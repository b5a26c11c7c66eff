package sink_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/boltseal/boltseal/watch/sink"
)

// TestMain makes the test binary the program that is killed while it writes.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SINK_TEST_SPOOL"); dir != "" {
		s, err := sink.OpenSpool(dir, 0)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for i := 0; ; i++ {
			if err := s.Append(fmt.Appendf(nil, "record %d", i)); err != nil {
				os.Exit(1)
			}
			fmt.Println(i) // what was said to be written must be there
		}
	}
	os.Exit(m.Run())
}

func openSpool(t testing.TB, dir string, most int64) *sink.Spool {
	t.Helper()
	s, err := sink.OpenSpool(dir, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func texts(t testing.TB, s *sink.Spool, most int, done bool) []string {
	t.Helper()
	var out []string
	for len(out) < most {
		records, mark, err := s.Peek(min(7, most-len(out)))
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			out = append(out, string(r))
		}
		if !done {
			break
		}
		if err := s.Done(mark); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestSpoolKeepsOrderOverRestarts(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, 16<<10) // segments of 4 KiB, so that there are several
	for i := range 100 {
		if err := s.Append(fmt.Appendf(nil, "%03d %s", i, strings.Repeat("x", 100))); err != nil {
			t.Fatal(err)
		}
	}
	first := texts(t, s, 42, true)
	s = openSpool(t, dir, 16<<10)
	if n, damaged := s.Pending(); n != 58 || damaged != 0 {
		t.Errorf("%d wait, %d damaged", n, damaged)
	}
	all := append(first, texts(t, s, 1000, true)...)
	if len(all) != 100 {
		t.Fatalf("%d records", len(all))
	}
	for i, text := range all {
		if !strings.HasPrefix(text, fmt.Sprintf("%03d ", i)) {
			t.Errorf("record %d is %q", i, text[:8])
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	if len(left) > 1 {
		t.Errorf("read segments stay: %q", left)
	}
}

func TestSpoolIsBounded(t *testing.T) {
	s := openSpool(t, t.TempDir(), 4096)
	n := 0
	for ; n < 1000; n++ {
		if err := s.Append(make([]byte, 100)); errors.Is(err, sink.ErrFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n < 20 || n > 40 {
		t.Errorf("%d records of 100 bytes went into 4096", n)
	}
	texts(t, s, n, true)
	if err := s.Append(make([]byte, 100)); err != nil {
		t.Errorf("after all was taken: %v", err)
	}
}

// A crash in the middle of a write leaves half a record, which is cut off;
// what was there before stays, and what comes after it is found.
func TestSpoolAfterACrash(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, dir, 0)
	for _, text := range []string{"one", "two"} {
		if err := s.Append([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for cut := range 11 {
		if err := os.WriteFile(files[0], append(bytes.Clone(data), data[11:11+cut]...), 0o600); err != nil {
			t.Fatal(err)
		}
		s := openSpool(t, dir, 0)
		if got := texts(t, s, 9, false); cut < 11 && strings.Join(got, " ") != "one two" {
			t.Errorf("cut at %d: %q", cut, got)
		}
		if err := s.Append([]byte("three")); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(texts(t, s, 9, false), " "); got != "one two three" {
			t.Errorf("cut at %d: %q", cut, got)
		}
		others, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
		for _, name := range others[1:] {
			_ = os.Remove(name)
		}
	}
}

func TestSpoolSurvivesKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SINK_TEST_SPOOL="+dir)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	said := strings.Count(out.String(), "\n")
	got := texts(t, openSpool(t, dir, 0), 1<<20, true)
	if said < 5 || len(got) < said || len(got) > said+1 {
		t.Fatalf("%d records were said to be written, %d are there", said, len(got))
	}
	for i, text := range got {
		if text != fmt.Sprintf("record %d", i) {
			t.Fatalf("record %d is %q", i, text)
		}
	}
}

// On a full disk nothing is half written, and with room again it goes on.
func TestSpoolOnAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("mount:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := openSpool(t, filepath.Join(dir, "spool"), 0)
	n := 0
	for ; n < 1000; n++ {
		if err := s.Append(fmt.Appendf(nil, "%04d%s", n, strings.Repeat("x", 1000))); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			break
		}
	}
	if n == 0 || n == 1000 {
		t.Fatalf("%d records", n)
	}
	if err := s.Append([]byte(strings.Repeat("y", 60<<10))); err == nil {
		t.Error("a record went onto a full disk")
	}
	// The mark of the reader finds no room; it goes on all the same.
	got := 0
	for {
		records, mark, err := s.Peek(10)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			if !strings.HasPrefix(string(r), fmt.Sprintf("%04d", got)) {
				t.Fatalf("record %d is %q", got, r[:4])
			}
			got++
		}
		_ = s.Done(mark)
	}
	if got != n {
		t.Errorf("%d of %d came back", got, n)
	}
}

func FuzzSpool(f *testing.F) {
	dir := f.TempDir()
	s := openSpool(f, dir, 0)
	_ = s.Append([]byte("one"))
	_ = s.Append([]byte("two"))
	data, _ := os.ReadFile(filepath.Join(dir, "0000000000000001.seg"))
	f.Add(data, []byte(`{"segment":1,"offset":11}`))
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0}, []byte(`{"segment":9223372036854775807,"offset":-1}`))
	f.Add([]byte{}, []byte(`{"segment":1,"offset":999}`))
	f.Fuzz(func(t *testing.T, segment, reader []byte) {
		dir := t.TempDir()
		for name, data := range map[string][]byte{"0000000000000001.seg": segment, "reader": reader} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := sink.OpenSpool(dir, 1<<20)
		if err != nil {
			return
		}
		defer s.Close()
		if err := s.Append([]byte("last")); err != nil {
			t.Fatal(err)
		}
		got := texts(t, s, 1<<20, true)
		if len(got) == 0 || got[len(got)-1] != "last" {
			t.Fatalf("the record that was added is not there: %q", got)
		}
		if n, _ := s.Pending(); n != 0 {
			t.Fatalf("%d wait after all was taken", n)
		}
	})
}
