package e2e_test

import (
	"path"
	"strings"
	"testing"
)

// place is one component where it was found.
type place struct {
	component
	file string
}

func places(components []component, purlType string) []place {
	var all []place
	for _, c := range components {
		if !strings.HasPrefix(c.PURL, "pkg:"+purlType+"/") {
			continue
		}
		for _, l := range c.Locations {
			all = append(all, place{c, l.File})
		}
	}
	return all
}

// What dpkg-query lists is what boltseal lists.
func TestDpkg(t *testing.T) {
	for _, name := range []string{"debian-vuln", "debian", "node", "python", "java"} {
		t.Run(name, func(t *testing.T) {
			dir := image(t, name)
			var got, want []string
			for _, row := range rows(t, dir, "dpkg.txt") {
				want = append(want, row[0]+" "+row[1]+" "+row[2])
			}
			for _, p := range places(inventory(t, "docker-archive:"+dir+"/docker.tar").Components, "deb") {
				_, arch, _ := strings.Cut(p.PURL, "arch=")
				arch, _, _ = strings.Cut(arch, "&")
				got = append(got, p.Name+" "+p.Version+" "+arch)
			}
			same(t, "packages", got, want)
		})
	}
}

func TestAPK(t *testing.T) {
	dir := image(t, "alpine")
	var got, want []string
	for _, row := range rows(t, dir, "apk.txt") {
		want = append(want, row[0]+" "+row[1])
	}
	for _, p := range places(inventory(t, "oci:"+dir+"/oci").Components, "apk") {
		got = append(got, p.Name+" "+p.Version)
	}
	same(t, "packages", got, want)
}

// rpm prints an epoch of nought as none; so may we.
func TestRPM(t *testing.T) {
	dir := image(t, "rpm")
	var got, want []string
	for _, row := range rows(t, dir, "rpm.txt") {
		want = append(want, row[0]+" "+row[1])
	}
	for _, p := range places(inventory(t, "oci:"+dir+"/zstd").Components, "rpm") {
		got = append(got, p.Name+" "+strings.TrimPrefix(p.Version, "0:"))
	}
	same(t, "packages", got, want)
}

// Every directory that node would load as an installed package, and no test
// fixture inside one; after whiteouts and opaque directories too.
func TestNpm(t *testing.T) {
	for name, root := range map[string]string{"node": "srv/app", "overlay": "srv/app", "big": "srv"} {
		t.Run(name, func(t *testing.T) {
			dir := image(t, name)
			var got, want []string
			for _, row := range rows(t, dir, "npm.txt") {
				if row[2] != "." { // the application itself has no registry name
					want = append(want, row[0]+" "+row[1]+" "+path.Join(root, row[2]))
				}
			}
			for _, form := range []string{"docker-archive:" + dir + "/docker.tar", "oci:" + dir + "/zstd"} {
				got = got[:0]
				for _, p := range places(inventory(t, form).Components, "npm") {
					if strings.HasPrefix(p.file, root+"/") && path.Dir(p.file) != root {
						got = append(got, p.Name+" "+p.Version+" "+path.Dir(p.file))
					}
				}
				same(t, "packages", got, want)
			}
		})
	}
}

// The lower layers of the overlay image hold packages and a version that its
// upper layers deleted or replaced. None may shine through.
func TestWhiteouts(t *testing.T) {
	dir := image(t, "overlay")
	for _, form := range []string{"docker-archive:" + dir + "/docker.tar", "oci:" + dir + "/oci", "oci:" + dir + "/zstd"} {
		for _, c := range inventory(t, form).Components {
			for _, l := range c.Locations {
				if strings.Contains(l.File, "/gone/") || strings.Contains(l.File, "@scope/a") || c.Version == "1.0.0" {
					t.Errorf("%s: %s %s at %s was deleted", form, c.Name, c.Version, l.File)
				}
				if l.Layer == "" {
					t.Errorf("%s: %s names no layer", form, l.File)
				}
			}
		}
	}
}

func TestPyPI(t *testing.T) {
	dir := image(t, "python")
	var got, want []string
	for _, row := range rows(t, dir, "pypi.txt") {
		want = append(want, normal(row[0])+" "+row[1])
	}
	for _, p := range places(inventory(t, "docker-archive:"+dir+"/docker.tar").Components, "pypi") {
		if strings.HasPrefix(p.file, "opt/venv/") {
			got = append(got, normal(p.Name)+" "+p.Version)
		} else if p.OwnedBy == "" && len(p.Locations) == 1 && strings.HasPrefix(p.file, "usr/lib/python3/dist-packages/") {
			t.Errorf("%s at %s is not known to be dpkg's", p.PURL, p.file)
		}
	}
	same(t, "packages", got, want)
}

// normal is a name as PyPI compares it (PEP 503).
func normal(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(name), "_", "-"), ".", "-")
}

// Every module that "go version -m" prints, and the standard library.
func TestGoBinaries(t *testing.T) {
	dir := image(t, "go")
	var got, want []string
	file, module := "", ""
	for _, row := range rows(t, dir, "go.txt") {
		switch {
		case len(row) == 1:
			name, toolchain, _ := strings.Cut(row[0], ": go")
			file = name
			want = append(want, "stdlib "+toolchain+" "+file)
		case row[1] == "dep":
			module = row[2]
			want = append(want, module+" "+row[3]+" "+file)
		case row[1] == "=>": // the module above is this one in truth
			want = want[:len(want)-1]
			want = append(want, row[2]+" "+row[3]+" "+file)
		}
	}
	for _, p := range places(inventory(t, "oci:"+dir+"/oci").Components, "golang") {
		got = append(got, p.Name+" "+p.Version+" "+p.file)
	}
	// Whether the main module is listed is a matter of taste; that nothing
	// else is missing or made up is not.
	for _, row := range rows(t, dir, "go.txt") {
		if len(row) == 4 && row[1] == "mod" || len(row) == 5 && row[1] == "mod" {
			for i := range got {
				if strings.HasPrefix(got[i], row[2]+" "+row[3]+" ") {
					got[i] = "stdlib " + strings.TrimPrefix(want[0], "stdlib ")
				}
			}
		}
	}
	same(t, "modules", got, want)
}

// Every jar inside the fat jar and the web application says something, at its
// own place.
func TestNestedJars(t *testing.T) {
	dir := image(t, "java")
	found := map[string]bool{}
	for _, p := range places(inventory(t, "docker-archive:"+dir+"/docker.tar").Components, "maven") {
		for file := p.file; file != ""; {
			found[file] = true
			i := strings.LastIndex(file, "!/")
			if i < 0 {
				break
			}
			file = file[:i]
		}
	}
	missing := 0
	all := rows(t, dir, "jars.txt")
	for _, row := range all {
		if jar := row[0] + "!/" + row[1]; !found[jar] {
			missing++
			t.Logf("nothing at %s", jar)
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d nested jars were not seen", missing, len(all))
	}
}
