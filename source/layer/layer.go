// Package layer reads an image's layers, in one pass over their bytes, into
// one read-only file system: what a container that runs the image would see.
// [Read] inflates, hashes and walks every layer and keeps the bytes of the
// files that somebody asked for; [FS] is the result. It keeps the metadata of
// every entry and resolves whiteouts, hard links and symbolic links inside
// the image, so no name can lead out of it.
//
// It does not fetch blobs (source/registry does), and it never writes a file
// under the name that an image gives.
package layer

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
)

// Blob is one layer as it is stored. What its Layer claims is verified as far
// as it is filled in: a digest that differs from the bytes is an error.
type Blob struct {
	boltseal.Layer

	// Open gives the stored bytes from their start. It may be called again,
	// see [FS.Fetch].
	Open func(context.Context) (io.ReadCloser, error)

	// At, when it is not nil, gives random access to the stored bytes, of
	// which there are Size; Open is then not needed.
	At io.ReaderAt
}

// Choice says what to do with the content of one regular file.
type Choice uint8

// The choices.
const (
	Skip  Choice = iota // do not keep the content
	Sniff               // let Options.Sniff look at the first bytes, and Accept at all of them, and decide
	Keep                // keep the content, so that the file can be opened
)

// Options are the optional parameters of [Read]. The zero value keeps every
// file and reads one layer at a time, under [limit.Default].
type Options struct {
	// Jobs is how many layers are read at once; less than 1 means 1.
	Jobs int

	// Select is asked about every regular file by its path in the layer,
	// which is clean, slash-separated and has no leading slash. Nil keeps
	// every file. It is called by several goroutines at once.
	Select func(path string, size int64, mode fs.FileMode) Choice

	// Sniff decides about files for which Select said so. It gets the first
	// bytes of the content, at most 512, and must not hold on to them.
	Sniff func(path string, head []byte) bool

	// Accept, when it is not nil, decides once more about the files that Sniff
	// wanted, with all of their content. It must not hold on to r.
	Accept func(path string, r io.ReaderAt, size int64) bool

	// Versions names files, among those that Select wants kept, of which not
	// only the last layer's content is kept but every layer's: see
	// [FS.Versions]. It is asked about paths as Select is.
	Versions func(path string) bool

	// Stream, when it is not nil, may return a sink for the content of a
	// regular file, kept or not. It is asked in the order of the archive,
	// by one goroutine per layer; layer is the index of the blob. The sink
	// is closed at the end of the file, and an error from it ends Read. A sink
	// that has a method Done() bool gets no more once that is true.
	Stream func(layer int, path string, size int64) io.WriteCloser

	// Limits are the ceilings; the zero value means [limit.Default].
	Limits limit.Limits

	// TempDir is where large files are spooled, in a directory that only
	// the user can enter; empty means the system's.
	TempDir string

	// VerifyPlain reads all of an uncompressed blob that has random access,
	// to verify its digests. Without it the content that nobody asked for is
	// passed over unread, and the digests are as claimed.
	VerifyPlain bool

	// Progress is told how many stored bytes were read since it was called
	// last, by several goroutines at once.
	Progress func(storedBytes int64)
}

// ErrNotKept is what opening a regular file gives when its content was not
// selected. [FS.Fetch] brings it in.
var ErrNotKept = errors.New("content not kept")
