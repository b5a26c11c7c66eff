package cli

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/internal/atomicfile"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/internal/strictjson"
	"github.com/boltseal/boltseal/seal"
)

const (
	siteCurrent  = "current" // the link to what was imported last
	siteFolder   = "bundles"
	maxSiteList  = 1 << 20
	maxSiteFiles = 1000
	maxSiteDB    = 16 << 30
)

// siteName is what files of a bundle may be called: nothing that leads out of
// a folder.
var siteName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(keys|policy|trust)/[A-Za-z0-9_][A-Za-z0-9._+-]{0,120}$`)
})

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writeBundle writes a tar archive whose bytes depend on its contents and the
// signature alone.
func writeBundle(ctx context.Context, s *seal.Signer, name string, snapshot *boltseal.Snapshot, inputs []siteInput) error {
	contents := siteContents{Schema: siteSchema, Created: snapshot.Built, Snapshot: snapshot}
	for _, in := range inputs {
		contents.Files = append(contents.Files, in.siteFile)
	}
	list, err := contents.encode()
	if err != nil {
		return err
	}
	signature, err := s.Blob(ctx, seal.BytesBlob(list))
	if err != nil {
		return err
	}
	return atomicfile.Write(name, 0o644, func(f *os.File) error {
		w := tar.NewWriter(f)
		if err := addToTar(w, siteList, int64(len(list)), bytes.NewReader(list)); err != nil {
			return err
		}
		if err := addToTar(w, siteSignature, int64(len(signature)), bytes.NewReader(signature)); err != nil {
			return err
		}
		for _, in := range inputs {
			if err := addInput(w, in); err != nil {
				return err
			}
		}
		return w.Close()
	})
}

func addInput(w *tar.Writer, in siteInput) error {
	if in.path == "" {
		return addToTar(w, in.Name, in.Size, bytes.NewReader(in.data))
	}
	f, err := os.Open(in.path)
	if err != nil {
		return err
	}
	defer f.Close()
	return addToTar(w, in.Name, in.Size, f)
}

func addToTar(w *tar.Writer, name string, size int64, r io.Reader) error {
	err := w.WriteHeader(&tar.Header{Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size})
	if err == nil {
		_, err = io.Copy(w, r)
	}
	return err
}

// importer puts a bundle in place.
type importer struct {
	verifier *seal.Verifier
	to       string
}

var (
	errNotBundle = errors.New("it is no bundle of boltseal's")
	errContents  = errors.New("it does not hold what its list says")
)

func (im *importer) run(name string) (*siteContents, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	archive := tar.NewReader(f)
	contents, digest, err := im.list(archive)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(im.to, siteFolder), 0o755); err != nil {
		return nil, err
	}
	hidden, err := os.MkdirTemp(filepath.Join(im.to, siteFolder), ".import-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(hidden) }()
	staging := filepath.Join(hidden, "new")
	if err := os.Mkdir(staging, 0o755); err != nil {
		return nil, err
	}
	if err := extract(archive, staging, contents); err != nil {
		return nil, err
	}
	if err := unpackDB(staging, contents.Snapshot.ID); err != nil {
		return nil, err
	}
	return contents, im.place(staging, digest)
}

// list reads and verifies the list of contents: nothing else of the file is
// looked at before that.
func (im *importer) list(archive *tar.Reader) (*siteContents, string, error) {
	list, err := entryNamed(archive, siteList)
	if err != nil {
		return nil, "", err
	}
	signature, err := entryNamed(archive, siteSignature)
	if err != nil {
		return nil, "", err
	}
	if _, err := im.verifier.Blob(signature, seal.BytesBlob(list), seal.Want{}); err != nil {
		return nil, "", err
	}
	var c siteContents
	if err := strictjson.Unmarshal(list, &c); err != nil {
		return nil, "", fmt.Errorf("%s: %w", siteList, err)
	}
	if c.Schema != siteSchema {
		return nil, "", fmt.Errorf("%w: of the form %q; this release reads %s", errNotBundle, c.Schema, siteSchema)
	}
	if c.Snapshot == nil || len(c.Files) == 0 || len(c.Files) > maxSiteFiles || c.Files[0].Name != siteDB {
		return nil, "", fmt.Errorf("%s: %w", siteList, errNotBundle)
	}
	for i, f := range c.Files {
		twice := slices.ContainsFunc(c.Files[:i], func(g siteFile) bool { return strings.EqualFold(f.Name, g.Name) })
		if i > 0 && (!siteName().MatchString(f.Name) || f.Size > maxSmallFile) || twice || f.Size < 0 || f.Size > maxSiteDB {
			return nil, "", fmt.Errorf("%s: %w: file %q", siteList, errNotBundle, f.Name)
		}
	}
	return &c, sumOf(list), nil
}

func entryNamed(archive *tar.Reader, name string) ([]byte, error) {
	h, err := archive.Next()
	if err != nil || h.Name != name || h.Typeflag != tar.TypeReg {
		return nil, errNotBundle
	}
	return limit.ReadAll(archive, maxSiteList, &limit.Error{What: name, Max: maxSiteList, Unit: "bytes"})
}

// extract writes the files that the list names, in its order, and no others.
func extract(archive *tar.Reader, dir string, c *siteContents) error {
	for _, want := range c.Files {
		h, err := archive.Next()
		if err != nil || h.Name != want.Name || h.Typeflag != tar.TypeReg || h.Size != want.Size {
			return fmt.Errorf("%w: %s is missing", errContents, want.Name)
		}
		path := filepath.Join(dir, filepath.FromSlash(want.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		sum := sha256.New()
		err = atomicfile.Write(path, 0o644, func(f *os.File) error { return copyExactly(f, archive, want, sum) })
		if err != nil {
			return err
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is more in it", errContents)
	}
	return nil
}

func copyExactly(w io.Writer, r io.Reader, want siteFile, sum hash.Hash) error {
	n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(r, want.Size+1))
	if err != nil {
		return err
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); n != want.Size || got != string(want.Digest) {
		return fmt.Errorf("%w: %s is %s", errContents, want.Name, got)
	}
	return nil
}

// unpackDB inflates the database and reads it to its last byte.
func unpackDB(dir, id string) error {
	packed := filepath.Join(dir, siteDB)
	path := filepath.Join(dir, "advisories.db")
	digest, err := boltseal.ParseDigest(id)
	if err != nil {
		return fmt.Errorf("%w: %w", errContents, err)
	}
	opts := &advisory.UpdateOptions{Prebuilt: []string{packed}, Digest: digest, MaxBytes: maxSiteDB, CacheDir: filepath.Join(dir, ".cache")}
	if _, err := advisory.Update(context.Background(), path, opts); err != nil {
		return err
	}
	return os.Remove(packed)
}

// place makes what was staged the current bundle: one rename of a link, which
// the database's own link leads through.
func (im *importer) place(staging, digest string) error {
	folder := filepath.Join(siteFolder, digest[:32])
	final := filepath.Join(im.to, folder)
	if err := os.Rename(staging, final); err != nil {
		// The very same bundle was imported before; what is there may have
		// been changed since.
		old := staging + ".old"
		if err := os.Rename(final, old); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(old) }()
		if err := os.Rename(staging, final); err != nil {
			return errors.Join(err, os.Rename(old, final))
		}
	}
	before, _ := os.Readlink(filepath.Join(im.to, siteCurrent))
	if err := relink(filepath.Join(im.to, siteCurrent), folder); err != nil {
		return err
	}
	through := filepath.Join(siteCurrent, "advisories.db")
	if now, err := os.Readlink(filepath.Join(im.to, "advisories.db")); err != nil || now != through {
		if err := relink(filepath.Join(im.to, "advisories.db"), through); err != nil {
			return err
		}
	}
	im.prune(folder, before)
	return nil
}

// relink makes a name a link, in one step.
func relink(name, target string) error {
	temporary := name + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}

// prune removes bundles other than the current one and the one before it. One
// that cannot be removed takes room and does no harm.
func (im *importer) prune(keep ...string) {
	entries, err := os.ReadDir(filepath.Join(im.to, siteFolder))
	if err != nil {
		return
	}
	for _, e := range entries {
		// Another import may be at work in a hidden one.
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(keep, filepath.Join(siteFolder, e.Name())) {
			_ = os.RemoveAll(filepath.Join(im.to, siteFolder, e.Name()))
		}
	}
}
