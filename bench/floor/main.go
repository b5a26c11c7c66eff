// Command floor is the least that any program must do to see what is inside an
// image: read every layer's stored bytes, inflate them, hash both streams and
// walk the tar headers, with the same library and as many threads as boltseal.
// Nothing is kept. Its time is what scans are measured against.
//
//	floor [-j N] oci:DIR | docker-archive:FILE
//
// Of an archive that docker saved only the headers are walked: its layers are
// stored as they are, so bodies can be skipped by seeking.
package main

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func main() {
	jobs := flag.Int("j", runtime.NumCPU(), "layers at once")
	flag.Parse()
	runtime.GOMAXPROCS(*jobs)
	kind, path, _ := strings.Cut(flag.Arg(0), ":")
	var err error
	switch kind {
	case "oci":
		err = walkLayout(path, *jobs)
	case "docker-archive":
		err = walkArchive(path, *jobs)
	default:
		err = errors.New("usage: floor [-j N] oci:DIR | docker-archive:FILE")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
	fmt.Printf("%d entries\n", entries.Load())
}

var entries atomic.Int64

type descriptor struct {
	MediaType, Digest string
	Size              int64
}

func walkLayout(dir string, jobs int) error {
	var index struct{ Manifests []descriptor }
	if err := readJSON(filepath.Join(dir, "index.json"), &index); err != nil {
		return err
	}
	var manifest struct{ Layers []descriptor }
	if err := readJSON(blob(dir, index.Manifests[0].Digest), &manifest); err != nil {
		return err
	}
	return each(manifest.Layers, jobs, func(d descriptor) error { return walkLayer(blob(dir, d.Digest), d) })
}

func blob(dir, digest string) string {
	return filepath.Join(dir, "blobs", strings.Replace(digest, ":", "/", 1))
}

func readJSON(name string, v any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// each calls do for every item, jobs at a time, the largest work first come.
func each[T any](items []T, jobs int, do func(T) error) error {
	var wg sync.WaitGroup
	errs := make([]error, len(items))
	slots := make(chan struct{}, jobs)
	for i, item := range items {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = do(item)
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func walkLayer(name string, d descriptor) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	stored, plain := sha256.New(), sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(f, stored), 1<<18)
	var out io.Reader
	if strings.HasSuffix(d.MediaType, "zstd") {
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return err
		}
		defer z.Close()
		out = z
	} else if out, err = gzip.NewReader(in); err != nil {
		return err
	}
	if err := walkTar(bufio.NewReaderSize(io.TeeReader(out, plain), 1<<17)); err != nil {
		return fmt.Errorf("walk %s: %w", d.Digest, err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	if sum := "sha256:" + hex.EncodeToString(stored.Sum(nil)); sum != d.Digest {
		return fmt.Errorf("digest is %s, want %s", sum, d.Digest)
	}
	plain.Sum(nil)
	return nil
}

func walkTar(r io.Reader) error {
	tr := tar.NewReader(r)
	for {
		_, err := tr.Next()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, r)
			return err
		}
		if err != nil {
			return err
		}
		entries.Add(1)
	}
}

// walkArchive indexes the outer tar once, then walks the layers by seeking.
func walkArchive(name string, jobs int) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var layers []*io.SectionReader
	tr := tar.NewReader(f)
	for {
		hdr, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if strings.HasSuffix(hdr.Name, "layer.tar") && hdr.Typeflag == tar.TypeReg {
			at, err := f.Seek(0, io.SeekCurrent)
			if err != nil {
				return err
			}
			layers = append(layers, io.NewSectionReader(f, at, hdr.Size))
		}
	}
	return each(layers, jobs, func(s *io.SectionReader) error {
		tr := tar.NewReader(s)
		for {
			_, err := tr.Next()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			entries.Add(1)
		}
	})
}
