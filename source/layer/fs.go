package layer

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/boltseal/boltseal"
)

// FS is the read-only view over an image's layers. It implements [fs.FS],
// [fs.ReadDirFS], [fs.StatFS], [fs.ReadFileFS] and [fs.ReadLinkFS]; the regular files it
// opens are also [io.ReaderAt] and [io.Seeker]. It is safe for use by several
// goroutines.
type FS struct{}

var (
	_ fs.ReadDirFS  = (*FS)(nil)
	_ fs.StatFS     = (*FS)(nil)
	_ fs.ReadFileFS = (*FS)(nil)
	_ fs.ReadLinkFS = (*FS)(nil)
)

var errSkeleton = errors.New("read layers: not built yet")

// Read reads the blobs, lowest layer first, and returns the view over them.
// Any blob that cannot be read to its end, breaks a limit of the whole or is
// not what its digests claim is an error; a single file that cannot be kept
// is a gap, see [FS.Gaps].
func Read(ctx context.Context, blobs []Blob, opts *Options) (*FS, error) { return nil, errSkeleton }

// Fetch brings in the content of more files, in one further pass over the
// layers that hold them. Names are resolved as Open does; names that do not
// exist or are no regular files are passed over.
func (f *FS) Fetch(ctx context.Context, names []string) error { return errSkeleton }

// Open opens the named file or directory, links followed.
func (f *FS) Open(name string) (fs.File, error) { return nil, errSkeleton }

// ReadFile returns the content of the named file, links followed.
func (f *FS) ReadFile(name string) ([]byte, error) { return nil, errSkeleton }

// ReadDir lists the named directory by name, links followed.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) { return nil, errSkeleton }

// Stat describes the named file, links followed.
func (f *FS) Stat(name string) (fs.FileInfo, error) { return nil, errSkeleton }

// Lstat describes the named file; a last link is not followed.
func (f *FS) Lstat(name string) (fs.FileInfo, error) { return nil, errSkeleton }

// ReadLink returns where the named symbolic link points, as it is stored.
func (f *FS) ReadLink(name string) (string, error) { return "", errSkeleton }

// LayerOf returns the index of the blob that holds the named file, links
// followed.
func (f *FS) LayerOf(name string) (int, bool) { return 0, false }

// Layers returns the layers as they were verified: both digests filled in.
func (f *FS) Layers() []boltseal.Layer { return nil }

// Files lists every entry of the view by its path, in the order of a walk:
// no content is needed, links are not followed.
func (f *FS) Files() iter.Seq2[string, fs.FileInfo] {
	return func(func(string, fs.FileInfo) bool) {}
}

// Gaps lists what could not be looked at.
func (f *FS) Gaps() []boltseal.Gap { return nil }

// Close removes the temporary files. Files that are still open fail from
// then on.
func (f *FS) Close() error { return nil }
