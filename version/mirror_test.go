package version_test

import (
	"archive/zip"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/boltseal/boltseal/version"
)

// mirror reads every version in a mirror of OSV's bucket that lies beside the
// repository, by the name of the scheme that orders it.
var mirror = sync.OnceValue(func() map[string][]string {
	zips, _ := filepath.Glob(filepath.Join("..", "..", "shared", "osv", "*", "all.zip"))
	found := map[string]map[string]bool{}
	for _, name := range zips {
		readMirror(name, found)
	}
	byScheme := map[string][]string{}
	for scheme, versions := range found {
		byScheme[scheme] = slices.Sorted(maps.Keys(versions))
	}
	return byScheme
})

func mirrorVersions(tb testing.TB, scheme string) []string {
	tb.Helper()
	all := mirror()
	if len(all) == 0 {
		tb.Log("no advisory mirror at ../shared/osv: its versions were not checked")
	}
	return all[scheme]
}

func readMirror(name string, found map[string]map[string]bool) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return
	}
	defer archive.Close()
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, ".json") {
			readRecord(file, found)
		}
	}
}

func readRecord(file *zip.File, found map[string]map[string]bool) {
	r, err := file.Open()
	if err != nil {
		return
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return
	}
	var record struct {
		Affected []struct {
			Package  struct{ Ecosystem string }
			Versions []string
			Ranges   []struct {
				Type   string
				Events []map[string]string
			}
		}
	}
	if json.Unmarshal(data, &record) != nil {
		return // some records of the mirror break the schema
	}
	for _, a := range record.Affected {
		s, ok := version.ForEcosystem(a.Package.Ecosystem)
		if !ok {
			continue
		}
		if found[s.Name] == nil {
			found[s.Name] = map[string]bool{}
		}
		for _, v := range a.Versions {
			found[s.Name][v] = true
		}
		for _, r := range a.Ranges {
			for _, event := range r.Events {
				for _, v := range event {
					if r.Type != "GIT" {
						found[s.Name][v] = true
					}
				}
			}
		}
	}
}

// Nearly everything that advisories name must be valid, or the matcher would
// report gaps where there are none.
func TestMirrorIsValid(t *testing.T) {
	all := mirror()
	if len(all) == 0 {
		t.Skip("no advisory mirror at ../shared/osv: its versions were not checked")
	}
	for scheme, versions := range all {
		s, _ := version.Lookup(scheme)
		var refused []string
		for _, v := range versions {
			if !s.Valid(v) {
				refused = append(refused, v)
			}
		}
		t.Logf("%s: %d versions, refused: %.20q", scheme, len(versions), refused)
		if len(refused) > len(versions)/50+2 {
			t.Errorf("%s: %d of %d versions are refused: %.40q", scheme, len(refused), len(versions), refused)
		}
	}
}
