package inventory

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/exe"
	"github.com/boltseal/boltseal/internal/limit"
)

var _ = add(Ecosystem{
	Name:  "golang",
	Title: "Go",
	Readers: []Reader{
		{Name: "golang/binary", Sniff: exe.Is, Accept: acceptGoBinary, Read: readGoBinary},
		{Name: "golang/mod", Files: []string{"**/go.mod"}, Beside: []string{"**/go.sum"}, Read: readGoMod},
	},
})

// maxGoReads is how much of an executable may be read to find its build
// information; the largest known is below one megabyte.
const maxGoReads = 64 << 20

var errPacked = errors.New("executable is packed with UPX: what is in it cannot be seen")

// goSections are what the Go linker calls the section of build information.
var goSections = []string{".go.buildinfo", "__go_buildinfo"}

// acceptGoBinary wants programs with that section, and those that hide their
// sections or are known not to name it.
func acceptGoBinary(_ string, p *exe.Program, err error) bool {
	if err != nil {
		return !errors.Is(err, exe.ErrFormat) // it only looked like one; nothing could run it
	}
	return p.PE() || p.Has(goSections...)
}

// readGoBinary reads the modules that the Go toolchain wrote into an
// executable. Stripping takes away symbols but not these.
func readGoBinary(_ context.Context, in *Input) ([]boltseal.Component, error) {
	program, err := in.executable()
	var section *io.SectionReader
	if err == nil {
		section, err = program.Section(goSections...)
	}
	switch {
	case errors.Is(err, exe.ErrNoSections):
		if isPacked(in.File) {
			return nil, errPacked
		}
	case errors.Is(err, exe.ErrFormat):
		return nil, nil
	case err != nil:
		return nil, err
	}
	info, err := buildinfo.Read(&metered{r: in.File, left: maxGoReads})
	if err != nil {
		if _, over := errors.AsType[*limit.Error](err); over || section != nil {
			return nil, fmt.Errorf("read Go build information: %w", err)
		}
		return nil, nil
	}
	all := goComponents(info)
	goLink(all, program, info)
	return all, nil
}

// isPacked says whether the executable packer UPX has left its mark behind
// the headers.
func isPacked(r io.ReaderAt) bool {
	head := make([]byte, 1024)
	n, _ := r.ReadAt(head, 0)
	return strings.Contains(string(head[:n]), "UPX!")
}

// metered fails once too much was read through it.
type metered struct {
	r    io.ReaderAt
	left int64
}

func (m *metered) ReadAt(p []byte, off int64) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, &limit.Error{What: "Go build information", Max: maxGoReads, Unit: "bytes", Flag: "--max-file-bytes"}
	}
	return m.r.ReadAt(p, off)
}

// goComponents are the main module, those it was built from, and the standard
// library.
func goComponents(info *debug.BuildInfo) []boltseal.Component {
	var all []boltseal.Component
	add := func(path, version string) {
		if path != "" {
			all = append(all, boltseal.Component{
				PURL: goPURL(path, version, ""), Name: path, Version: version, Basis: boltseal.Embedded,
			})
		}
	}
	add("stdlib", goRelease(info.GoVersion))
	for _, dep := range info.Deps {
		add(goReplaced(dep))
	}
	// Programs built from loose files have no module of their own.
	if info.Main.Path == "" || info.Main.Path == "command-line-arguments" {
		return all
	}
	version := goMainVersion(info)
	main := boltseal.Component{
		PURL: goPURL(info.Main.Path, version, goVCS(info, version)), Name: info.Main.Path, Version: version, Basis: boltseal.Embedded,
	}
	for _, c := range all {
		main.DependsOn = append(main.DependsOn, c.PURL)
	}
	return append(all, main)
}

// goReplaced is the module that was really built in. Code from a folder on
// the builder's machine is of the module, but its version is not known.
func goReplaced(m *debug.Module) (path, version string) {
	r := m.Replace
	switch {
	case r == nil:
		return m.Path, goVersion(m.Version)
	case r.Version == "" || r.Version == "(devel)":
		return m.Path, ""
	}
	return r.Path, goVersion(r.Version)
}

// goVersion drops what stands for no version.
func goVersion(version string) string {
	if version == "(devel)" {
		return ""
	}
	return version
}

// goRelease is the toolchain's release, "1.22.3" of "go1.22.3 X:boringcrypto"
// and "go1.22.3-custom". One built between releases has none.
func goRelease(version string) string {
	version, ok := strings.CutPrefix(version, "go")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(version, " -+"); end >= 0 {
		version = version[:end]
	}
	return version
}

// goMainVersion is the version of the program itself. The toolchain knows it
// when the program was installed as a module of that version, or built in a
// tagged checkout by Go 1.24 or later; else the builder may have set it with
// the linker. A pseudo-version over no tag only says that no tag was there,
// as in the shallow clones of build machines: every version would come after
// it.
func goMainVersion(info *debug.BuildInfo) string {
	version := goVersion(info.Main.Version)
	if version != "" && !strings.HasPrefix(version, "v0.0.0-") {
		return version
	}
	for _, s := range info.Settings {
		if s.Key == "-ldflags" {
			if set := goLinkedVersion(s.Value, info.Main.Path); set != "" {
				return set
			}
		}
	}
	return ""
}

// goLinkedVersion looks for a variable of the program's own that is called
// version and was set by "-X importpath.name=value".
func goLinkedVersion(flags, module string) string {
	best, bestRank := "", 0
	words := goFlagWords(flags)
	for i, word := range words {
		set, ok := strings.CutPrefix(word, "-X=")
		if word == "-X" && i+1 < len(words) {
			set, ok = words[i+1], true
		}
		target, value, assigned := strings.Cut(set, "=")
		dot := strings.LastIndexByte(target, '.')
		if !ok || !assigned || dot < 0 {
			continue
		}
		rank := 0
		switch pkg, name := target[:dot], strings.ToLower(target[dot+1:]); {
		case name != "version" && name != "gitversion" && name != "buildversion" && name != "appversion" && name != "releaseversion" && name != "currentversion":
		case pkg == "main":
			rank = 3
		case pkg == module || strings.HasPrefix(pkg, module+"/"):
			rank = 2
		}
		if version := goTag(value); rank > bestRank && version != "" {
			best, bestRank = version, rank
		}
	}
	return best
}

// goFlagWords splits linker flags as the go command does: words may be
// quoted.
func goFlagWords(flags string) []string {
	var words []string
	for flags = strings.TrimLeft(flags, " \t"); flags != ""; flags = strings.TrimLeft(flags, " \t") {
		if quote := flags[0]; quote == '"' || quote == '\'' {
			word, rest, _ := strings.Cut(flags[1:], string(quote))
			words, flags = append(words, word), rest
			continue
		}
		end := strings.IndexAny(flags, " \t")
		if end < 0 {
			end = len(flags)
		}
		words, flags = append(words, flags[:end]), flags[end:]
	}
	return words
}

// goTag makes a module version of what builders write: "1.2.3", "v1.2.3",
// "v1.2". Anything else is not a version.
func goTag(value string) string {
	value = "v" + strings.TrimPrefix(strings.Trim(value, `"'`), "v")
	if !semver.IsValid(value) || strings.HasPrefix(value, "v0.0.0") {
		return ""
	}
	return value
}

// goVCS says which commit a program without a version was built from.
func goVCS(info *debug.BuildInfo, version string) string {
	kind, revision := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs":
			kind = s.Value
		case "vcs.revision":
			revision = s.Value
		}
	}
	host, _, _ := strings.Cut(info.Main.Path, "/")
	if version != "" || kind == "" || revision == "" || !strings.Contains(host, ".") {
		return ""
	}
	// A module below a repository's root or of a later major version has
	// further elements; the forges have two.
	where := info.Main.Path
	if host == "github.com" || host == "gitlab.com" || host == "bitbucket.org" || host == "codeberg.org" {
		if parts := strings.Split(where, "/"); len(parts) > 3 {
			where = strings.Join(parts[:3], "/")
		}
	}
	return vcsURL(kind, "https://"+where, revision)
}

// goPURL names a module. Paths keep their case, as the module system has it.
func goPURL(modulePath, version, vcs string) string {
	p := boltseal.PURL{Type: "golang", Name: path.Base(modulePath), Version: version}
	if dir := path.Dir(modulePath); dir != "." {
		p.Namespace = dir
	}
	if vcs != "" {
		p.Qualifiers = map[string]string{"vcs_url": vcs}
	}
	return p.String()
}
