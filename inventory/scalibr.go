package inventory

import (
	"context"
	"fmt"
	"io/fs"
	"sync"

	"github.com/boltseal/boltseal"
	config "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor"
	"github.com/google/osv-scalibr/extractor/filesystem"
	scalibrlog "github.com/google/osv-scalibr/log"
)

// scalibr makes a Reader of an extractor of osv-scalibr, for file kinds that
// boltseal does not parse itself. reader brings Name, Files and Beside; the
// extractor is built when it is first needed, and asked itself whether it
// wants the file. Extractors that need a real path on disk (GetRealPath) or
// the network must not be given.
func scalibr(reader Reader, basis boltseal.Basis, build func(*config.PluginConfig) (filesystem.Extractor, error)) Reader {
	built := sync.OnceValues(func() (filesystem.Extractor, error) {
		silence()
		return build(&config.PluginConfig{})
	})
	reader.Read = func(ctx context.Context, in *Input) ([]boltseal.Component, error) {
		e, err := built()
		if err != nil {
			return nil, fmt.Errorf("set up %s: %w", reader.Name, err)
		}
		info := scalibrInfo(in)
		if !e.FileRequired(scalibrFile{path: in.Path, info: info}) {
			return nil, nil
		}
		found, err := e.Extract(ctx, &filesystem.ScanInput{
			FS: scalibrFS{in.FS}, Path: in.Path, Info: info, Reader: in.File,
		})
		components := make([]boltseal.Component, 0, len(found.Packages))
		for _, p := range found.Packages {
			if c, ok := scalibrComponent(p, basis); ok {
				components = append(components, c)
			}
		}
		return components, err
	}
	return reader
}

// silence keeps the library from writing to standard error: what it has to
// say that matters comes back as an error.
var silence = sync.OnceFunc(func() { scalibrlog.SetLogger(quiet{}) })

type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Error(...any)          {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Warn(...any)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Info(...any)           {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Debug(...any)          {}

// scalibrComponent says in our words what an extractor found. A package
// without a purl is one that no advisory or person could name; it is left
// out.
func scalibrComponent(p *extractor.Package, basis boltseal.Basis) (boltseal.Component, bool) {
	if p == nil || p.Name == "" {
		return boltseal.Component{}, false
	}
	from := p.PURL()
	if from == nil || from.Name == "" {
		return boltseal.Component{}, false
	}
	purl := boltseal.PURL{
		Type: from.Type, Namespace: from.Namespace, Name: from.Name, Version: from.Version, Subpath: from.Subpath,
	}
	for _, q := range from.Qualifiers {
		if q.Value != "" {
			if purl.Qualifiers == nil {
				purl.Qualifiers = map[string]string{}
			}
			purl.Qualifiers[q.Key] = q.Value
		}
	}
	c := boltseal.Component{
		PURL: purl.String(), Name: purl.FullName(), Version: p.Version,
		Licenses: p.Licenses, Basis: basis, Dev: scalibrDev(p.Metadata),
	}
	if d := p.Location.Descriptor; d != nil && d.File != nil && d.File.Path != "" {
		c.Locations = []boltseal.Location{{File: d.File.Path, Line: d.File.LineNumber}}
	}
	return c, true
}

// scalibrDev says whether only development asks for the package: it is in
// dependency groups, and each is one of development's.
func scalibrDev(metadata any) bool {
	m, ok := metadata.(interface{ DepGroups() []string })
	if !ok || len(m.DepGroups()) == 0 {
		return false
	}
	for _, group := range m.DepGroups() {
		switch group {
		case "dev", "test", "development", "dev-dependencies", "build-requires", "provided":
		default:
			return false
		}
	}
	return true
}

func scalibrInfo(in *Input) fs.FileInfo {
	info, err := fs.Stat(in.FS, in.Path)
	if err != nil {
		return nil
	}
	return info
}

// scalibrFile is what extractors look at to say whether they want a file.
type scalibrFile struct {
	path string
	info fs.FileInfo
}

func (f scalibrFile) Path() string { return f.path }

func (f scalibrFile) Stat() (fs.FileInfo, error) {
	if f.info == nil {
		return nil, &fs.PathError{Op: "stat", Path: f.path, Err: fs.ErrNotExist}
	}
	return f.info, nil
}

// scalibrFS gives any fs.FS the methods that the library asks for.
type scalibrFS struct{ fs.FS }

func (f scalibrFS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.FS, name) }
func (f scalibrFS) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(f.FS, name) }
