package source

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/boltseal/boltseal"
)

var _ = add(Scheme{
	Name: "file", Usage: "file:FILE", Title: "a single file, whatever it is",
	open: func(_ context.Context, o *opener, where string) (*Subject, error) { return o.openSingle(where) },
})

// openSingle opens a file as a file system that holds nothing else.
func (o *opener) openSingle(name string) (*Subject, error) {
	f, err := openNamed(name)
	if err != nil {
		return nil, err
	}
	o.keep(f)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &Subject{
		Artifact: boltseal.Artifact{Kind: boltseal.KindFile, Name: name, Size: info.Size()},
		Root:     single{path: name, name: filepath.Base(name)},
		Stamp:    stampOf(absolute(name), info),
	}, nil
}

// openNamed opens a regular file that the user named.
func openNamed(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, errNotRegular)
	}
	return os.Open(name)
}

// single is a file system with one file, under the name that the user gave,
// wherever a link by that name leads.
type single struct{ path, name string }

var (
	_ fs.ReadDirFS = single{}
	_ fs.StatFS    = single{}
)

// Open opens the file, or the directory that holds only it.
func (s single) Open(name string) (fs.File, error) {
	switch name {
	case s.name:
		return openNamed(s.path)
	case ".":
		entries, err := s.ReadDir(name)
		return &openDir{info: folder{}, entries: entries}, err
	}
	return nil, s.not("open", name)
}

// Stat describes the file or the directory that holds only it.
func (s single) Stat(name string) (fs.FileInfo, error) {
	switch name {
	case s.name:
		info, err := os.Stat(s.path)
		return called{info, s.name}, err
	case ".":
		return folder{}, nil
	}
	return nil, s.not("stat", name)
}

// ReadDir lists the one file.
func (s single) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != "." {
		return nil, s.not("readdir", name)
	}
	info, err := s.Stat(s.name)
	if err != nil {
		return nil, err
	}
	return []fs.DirEntry{fs.FileInfoToDirEntry(info)}, nil
}

func (s single) not(op, name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

type called struct {
	fs.FileInfo
	name string
}

func (c called) Name() string { return c.name }

// folder describes a directory that there is none of on disk.
type folder struct{}

func (folder) Name() string       { return "." }
func (folder) Size() int64        { return 0 }
func (folder) Mode() fs.FileMode  { return fs.ModeDir | 0o555 }
func (folder) ModTime() time.Time { return time.Time{} }
func (folder) IsDir() bool        { return true }
func (folder) Sys() any           { return nil }
