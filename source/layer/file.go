package layer

import (
	"io"
	"io/fs"
	"path"
	"time"
)

// Attr is what [fs.FileInfo.Sys] gives for the entries of an [FS].
type Attr struct {
	UID, GID uint32
	Layer    int   // index of the blob that the name is from, -1 if no layer has an entry for it
	Device   int64 // of devices: major number << 32 | minor number
}

// info describes an entry.
type info struct {
	name string
	size int64
	time int64
	mode fs.FileMode
	attr Attr
}

// info describes a node; name is a path to it.
func (f *FS) info(n nodeID, name string) *info {
	inode := f.t.of(n)
	i := &info{
		name: path.Base(name), size: inode.size, time: inode.mtime, mode: inode.fileMode(),
		attr: Attr{UID: inode.uid, GID: inode.gid, Layer: int(f.t.node(n).layer) - 1},
	}
	if k := inode.kind(); k == kindChar || k == kindBlock {
		i.attr.Device = inode.pos
	}
	return i
}

func (i *info) Name() string       { return i.name }
func (i *info) Size() int64        { return i.size }
func (i *info) Mode() fs.FileMode  { return i.mode }
func (i *info) ModTime() time.Time { return time.Unix(i.time, 0).UTC() }
func (i *info) IsDir() bool        { return i.mode.IsDir() }
func (i *info) Sys() any           { return &i.attr }

// String is as package fs formats entries.
func (i *info) String() string { return fs.FormatFileInfo(i) }

// file is an open regular file.
type file struct {
	*io.SectionReader
	info   *info
	name   string
	closed bool
}

func (f *file) Stat() (fs.FileInfo, error) {
	if f.closed {
		return nil, &fs.PathError{Op: "stat", Path: f.name, Err: fs.ErrClosed}
	}
	return f.info, nil
}

// Close makes later reads fail.
func (f *file) Close() error {
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	f.SectionReader = io.NewSectionReader(closed{f.name}, 0, f.Size())
	return nil
}

// closed is the content of a file that was closed.
type closed struct{ name string }

func (c closed) ReadAt([]byte, int64) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: c.name, Err: fs.ErrClosed}
}

// dir is an open directory.
type dir struct {
	info *info
	f    *FS
	n    nodeID
	name string
	list []fs.DirEntry
	next int
	read bool
}

func (d *dir) Stat() (fs.FileInfo, error) { return d.info, nil }

func (d *dir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

func (d *dir) Close() error { return nil }

// ReadDir gives the next n entries, or all that are left.
func (d *dir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		d.list, d.read = d.f.list(d.n), true
	}
	left := d.list[d.next:]
	if n > 0 && len(left) == 0 {
		return nil, io.EOF
	}
	if n > 0 && n < len(left) {
		left = left[:n]
	}
	d.next += len(left)
	return left, nil
}
