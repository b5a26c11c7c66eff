package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/source/layer"
)

// accepts says which archives a target allows.
type accepts uint8

const (
	anyArchive accepts = iota
	dockerOnly
	ociOnly
)

func (a accepts) scheme() string {
	if a == ociOnly {
		return "oci-archive"
	}
	return "docker-archive"
}

// sniffLength is how much of a file's beginning is looked at to tell what it
// is: an SBOM may begin with a long preamble.
const sniffLength = 64 << 10

var (
	errNotTar   = errors.New("not a tar archive, compressed or not")
	errNotImage = errors.New("a tar archive without an image in it (rootfs:FILE reads it as a root file system)")
	errUnknown  = errors.New("neither an image archive nor a bill of materials")
)

// openArchiveAt opens FILE[:NAME|#N].
func (o *opener) openArchiveAt(ctx context.Context, where string, want accepts) (*Subject, error) {
	if where == "-" {
		in, head, err := o.stdin(ctx)
		if err != nil {
			return nil, err
		}
		return o.openArchive(ctx, in, head, "-", selector{}, want)
	}
	name, sel, err := splitSelector(where)
	if err != nil {
		return nil, err
	}
	in, head, stamp, err := o.openFile(name)
	if err != nil {
		return nil, err
	}
	s, err := o.openArchive(ctx, in, head, name, sel, want)
	if err != nil {
		return nil, err
	}
	s.mark(stamp)
	return s, nil
}

// mark notes the state of the file that s lies in.
func (s *Subject) mark(stamp string) {
	s.Stamp = stamp
	for _, child := range s.Children {
		child.Stamp = stamp
	}
}

// openFile opens a regular file and returns its beginning and its stamp.
func (o *opener) openFile(name string) (archive, []byte, string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return archive{}, nil, "", err
	}
	if !info.Mode().IsRegular() {
		return archive{}, nil, "", fmt.Errorf("%s: %w", name, errNotRegular)
	}
	f, err := os.Open(name)
	if err != nil {
		return archive{}, nil, "", err
	}
	o.keep(f)
	if info, err = f.Stat(); err != nil {
		return archive{}, nil, "", err
	}
	in := archive{f, info.Size()}
	head, err := beginning(in)
	return in, head, stampOf(absolute(name), info), err
}

func beginning(a archive) ([]byte, error) {
	head := make([]byte, min(a.size, sniffLength))
	n, err := a.ReadAt(head, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head[:n], err
}

// openPath opens a file by what its content says.
func (o *opener) openPath(ctx context.Context, name string) (*Subject, error) {
	in, head, stamp, err := o.openFile(name)
	if err != nil {
		return nil, err
	}
	in, head, err = o.inflate(ctx, in, head, name)
	if errors.Is(err, errPlainFile) {
		return o.openSingle(name)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case looksLikeTar(head):
		s, err := o.openTar(ctx, in, name, name, selector{}, anyArchive)
		if err == nil {
			s.mark(stamp)
		}
		return s, err
	case looksLikeSBOM(head):
		return o.readSBOM(in, name)
	}
	return o.openSingle(name)
}

// errPlainFile is about a compressed file with something else in it than what
// we open compressed.
var errPlainFile = errors.New("a compressed file of another kind")

// inflate gives a file with random access and its beginning, decompressed if
// it is compressed.
func (o *opener) inflate(ctx context.Context, in archive, head []byte, name string) (archive, []byte, error) {
	how := sniffCompression(head)
	if how == plain {
		return in, head, nil
	}
	r, done, err := o.decompress(in.section(), how)
	if err != nil {
		return in, nil, err
	}
	defer done()
	// Look before anything is written: a log file may be compressed too.
	peek := make([]byte, sniffLength)
	n, err := io.ReadFull(r, peek)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return in, nil, fmt.Errorf("decompress: %w", err)
	}
	peek = peek[:n]
	if !looksLikeTar(peek) && !looksLikeSBOM(peek) {
		return in, nil, errPlainFile
	}
	spooled, err := o.spool(ctx, io.MultiReader(bytes.NewReader(peek), r), "decompressed "+name)
	return spooled, peek, err
}

// openArchive opens an image archive that may be compressed.
func (o *opener) openArchive(ctx context.Context, in archive, head []byte, name string, sel selector, want accepts) (*Subject, error) {
	in, head, err := o.inflate(ctx, in, head, name)
	if errors.Is(err, errPlainFile) || err == nil && !looksLikeTar(head) {
		return nil, errNotTar
	}
	if err != nil {
		return nil, err
	}
	return o.openTar(ctx, in, name, want.scheme()+":"+name, sel, want)
}

// openTar opens an image of a tar by what is in it. Docker saves archives
// that are both kinds at once; its own list has the better names.
func (o *opener) openTar(ctx context.Context, in archive, name, target string, sel selector, want accepts) (*Subject, error) {
	t, err := o.indexTar(ctx, in)
	if err != nil {
		return nil, err
	}
	docker, oci := t.has(dockerList), t.has(ocispec.ImageIndexFile)
	switch {
	case want != ociOnly && docker:
		return o.openDockerArchive(ctx, t, name, target, sel)
	case want != dockerOnly && oci:
		return o.openLayout(ctx, t, name, target, sel)
	case docker:
		return nil, fmt.Errorf("a docker archive (docker-archive:%s)", name)
	case oci:
		return nil, fmt.Errorf("an OCI archive (oci-archive:%s)", name)
	}
	return nil, errNotImage
}

// openRootTar opens a tar of a root file system, such as docker export makes,
// as an image of one layer.
func (o *opener) openRootTar(in archive, head []byte, name, stamp string) (*Subject, error) {
	if sniffCompression(head) == plain && !looksLikeTar(head) {
		return nil, errNotTar
	}
	b := layer.Blob{Layer: boltseal.Layer{Size: in.size}}
	if err := seekable(&b, in); err != nil {
		return nil, err
	}
	return &Subject{
		Artifact: boltseal.Artifact{Kind: boltseal.KindRootFS, Name: name, Size: in.size},
		Blobs:    []layer.Blob{b},
		Stamp:    stamp,
	}, nil
}
