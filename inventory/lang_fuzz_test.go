package inventory_test

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/limit"
	"github.com/boltseal/boltseal/inventory"
)

// fuzzReader lets one ecosystem read hostile bytes at a path. Seeds are the
// files with the same last name in its testdata.
func fuzzReader(f *testing.F, ecosystem, path string) {
	base := path[strings.LastIndexByte(path, '/')+1:]
	archives, _ := filepath.Glob("testdata/" + ecosystem + "/*.txtar")
	seeds := 0
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name[strings.LastIndexByte(file.Name, '/')+1:] == base && len(file.Data) < 64<<10 {
				f.Add(file.Data)
				seeds++
			}
		}
	}
	if seeds == 0 {
		f.Fatalf("no %s in testdata/%s", base, ecosystem)
	}
	fuzzSeeded(f, ecosystem, path)
}

// fuzzDecoded takes the encoded files of the ecosystem's testdata as seeds.
func fuzzDecoded(f *testing.F, ecosystem, path string) {
	archives, _ := filepath.Glob("testdata/" + ecosystem + "/*.txtar")
	seeds := 0
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if !strings.HasSuffix(file.Name, ".base64") {
				continue
			}
			data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(file.Data), "\n", ""))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatalf("no encoded files in testdata/%s", ecosystem)
	}
	fuzzSeeded(f, ecosystem, path)
}

func fuzzSeeded(f *testing.F, ecosystem, path string) {
	var only []inventory.Ecosystem
	for _, e := range inventory.Ecosystems() {
		if e.Name == ecosystem {
			only = append(only, e)
		}
	}
	limits := limit.Default()
	limits.FileBytes = 1 << 20
	f.Fuzz(func(t *testing.T, data []byte) {
		tree := fstest.MapFS{path: {Data: data, Mode: 0o755}}
		result, err := inventory.Read(t.Context(), tree, &inventory.Options{Jobs: 1, Ecosystems: only, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, result)
	})
}

// checkResult holds for whatever was read.
func checkResult(t *testing.T, result *inventory.Result) {
	known := map[string]bool{}
	for _, c := range result.Components {
		known[c.PURL] = true
	}
	for _, c := range result.Components {
		purl, err := boltseal.ParsePURL(c.PURL)
		if err != nil || purl.String() != c.PURL {
			t.Errorf("purl %q is written %q: %v", c.PURL, purl.String(), err)
		}
		if c.Name == "" || len(c.Locations) == 0 || c.FoundBy == "" || c.Basis == "" {
			t.Errorf("component is not whole: %+v", c)
		}
		for _, needed := range c.DependsOn {
			if !known[needed] {
				t.Errorf("%s needs %s, which is not there", c.PURL, needed)
			}
		}
	}
	for _, g := range result.Gaps {
		if strings.Contains(g.Why, "gave up") {
			t.Errorf("panic: %s: %s", g.What, g.Why)
		}
	}
}

func FuzzPackageJSON(f *testing.F) { fuzzReader(f, "npm", "app/node_modules/x/package.json") }
func FuzzPackageLock(f *testing.F) { fuzzReader(f, "npm", "package-lock.json") }
func FuzzYarnLock(f *testing.F)    { fuzzReader(f, "npm", "yarn.lock") }
func FuzzPnpmLock(f *testing.F)    { fuzzReader(f, "npm", "pnpm-lock.yaml") }
func FuzzBunLock(f *testing.F)     { fuzzReader(f, "npm", "bun.lock") }

func FuzzPythonMetadata(f *testing.F) {
	fuzzReader(f, "python", "usr/lib/python3/site-packages/x-1.dist-info/METADATA")
}
func FuzzPoetryLock(f *testing.F)   { fuzzReader(f, "python", "poetry.lock") }
func FuzzUvLock(f *testing.F)       { fuzzReader(f, "python", "uv.lock") }
func FuzzPdmLock(f *testing.F)      { fuzzReader(f, "python", "pdm.lock") }
func FuzzPylock(f *testing.F)       { fuzzReader(f, "python", "pylock.toml") }
func FuzzPipfileLock(f *testing.F)  { fuzzReader(f, "python", "Pipfile.lock") }
func FuzzRequirements(f *testing.F) { fuzzReader(f, "python", "requirements.txt") }
func FuzzCondaMeta(f *testing.F) {
	fuzzReader(f, "conda", "opt/conda/conda-meta/zlib-1.2.13-h5eee18b_0.json")
}

func FuzzGemspec(f *testing.F) {
	fuzzReader(f, "ruby", "usr/lib/ruby/gems/3.2.0/specifications/default/racc-1.6.2.gemspec")
}
func FuzzGemfileLock(f *testing.F)       { fuzzReader(f, "ruby", "Gemfile.lock") }
func FuzzComposerInstalled(f *testing.F) { fuzzReader(f, "php", "vendor/composer/installed.json") }
func FuzzComposerLock(f *testing.F)      { fuzzReader(f, "php", "composer.lock") }
func FuzzDepsJSON(f *testing.F)          { fuzzReader(f, "dotnet", "Shop.deps.json") }
func FuzzNuGetLock(f *testing.F)         { fuzzReader(f, "dotnet", "packages.lock.json") }
func FuzzProjectAssets(f *testing.F)     { fuzzReader(f, "dotnet", "project.assets.json") }
func FuzzPackagesConfig(f *testing.F)    { fuzzReader(f, "dotnet", "packages.config") }
func FuzzMSBuild(f *testing.F)           { fuzzReader(f, "dotnet", "App.csproj") }

func FuzzMixLock(f *testing.F)         { fuzzReader(f, "beam", "mix.lock") }
func FuzzRebarLock(f *testing.F)       { fuzzReader(f, "beam", "rebar.lock") }
func FuzzPubspecLock(f *testing.F)     { fuzzReader(f, "dart", "pubspec.lock") }
func FuzzPackageResolved(f *testing.F) { fuzzReader(f, "swift", "Package.resolved") }
func FuzzPodfileLock(f *testing.F)     { fuzzReader(f, "swift", "Podfile.lock") }
func FuzzRDescription(f *testing.F)    { fuzzReader(f, "rlang", "usr/lib/R/library/cli/DESCRIPTION") }
func FuzzRenvLock(f *testing.F)        { fuzzReader(f, "rlang", "renv.lock") }
func FuzzPerlInstall(f *testing.F)     { fuzzReader(f, "perl", "lib/.meta/Moose-2.2203/install.json") }
func FuzzCpanfileSnapshot(f *testing.F) {
	fuzzReader(f, "perl", "cpanfile.snapshot")
}
func FuzzCabalFreeze(f *testing.F) { fuzzReader(f, "haskell", "cabal.project.freeze") }
func FuzzStackLock(f *testing.F)   { fuzzReader(f, "haskell", "stack.yaml.lock") }
func FuzzGHCPackage(f *testing.F)  { fuzzReader(f, "haskell", "lib/package.conf.d/text-1.2.5.0.conf") }
func FuzzConanLock(f *testing.F)   { fuzzReader(f, "conan", "conan.lock") }
func FuzzRockspec(f *testing.F) {
	fuzzReader(f, "lua", "lib/luarocks/rocks-5.1/luasocket/3.1.0-1/luasocket-3.1.0-1.rockspec")
}
func FuzzJuliaManifest(f *testing.F) { fuzzReader(f, "julia", "Manifest.toml") }
func FuzzOpamSwitch(f *testing.F)    { fuzzReader(f, "opam", ".opam/.opam-switch/switch-state") }
