package inventory

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"github.com/boltseal/boltseal"
	"github.com/google/go-cmp/cmp"
	config "github.com/google/osv-scalibr/binary/proto/config_go_proto"
	"github.com/google/osv-scalibr/extractor/filesystem"
	"github.com/google/osv-scalibr/extractor/filesystem/language/php/composerlock"
)

// TestScalibr lets a foreign extractor read, as an ecosystem would that has
// no parser of its own.
func TestScalibr(t *testing.T) {
	composer := Ecosystem{Name: "foreign", Title: "Foreign", Readers: []Reader{scalibr(Reader{
		Name: "foreign/composer", Files: []string{"**/composer.lock", "**/composer.json"},
	}, boltseal.Declared, composerlock.New)}}
	files := fstest.MapFS{
		"app/composer.lock": {Data: []byte(`{"packages":[{"name":"Monolog/monolog","version":"3.5.0"}],
"packages-dev":[{"name":"phpunit/phpunit","version":"10.0.0"}]}`)},
		"app/composer.json":    {Data: []byte(`{}`)}, // the extractor itself does not want it
		"broken/composer.lock": {Data: []byte(`{`)},
	}
	got, err := Read(t.Context(), files, &Options{Ecosystems: []Ecosystem{composer}})
	if err != nil {
		t.Fatal(err)
	}
	want := []boltseal.Component{{
		PURL: "pkg:composer/monolog/monolog@3.5.0", Name: "monolog/monolog", Version: "3.5.0",
		Locations: []boltseal.Location{{File: "app/composer.lock", Line: 1}}, FoundBy: "foreign/composer", Basis: boltseal.Declared,
	}, {
		PURL: "pkg:composer/phpunit/phpunit@10.0.0", Name: "phpunit/phpunit", Version: "10.0.0",
		Locations: []boltseal.Location{{File: "app/composer.lock", Line: 2}}, FoundBy: "foreign/composer", Basis: boltseal.Declared, Dev: true,
	}}
	if diff := cmp.Diff(want, got.Components); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	if len(got.Gaps) != 1 || got.Gaps[0].What != "file broken/composer.lock" {
		t.Errorf("got gaps %v, want one of the broken file", got.Gaps)
	}
}

func TestScalibrThatCannotBeBuiltIsAGap(t *testing.T) {
	broken := scalibr(Reader{Name: "foreign/broken", Files: []string{"x"}}, boltseal.Declared,
		func(*config.PluginConfig) (filesystem.Extractor, error) { return nil, errors.New("no configuration") })
	_, err := broken.Read(context.Background(), &Input{Path: "x", FS: fstest.MapFS{}})
	if err == nil || err.Error() != "set up foreign/broken: no configuration" {
		t.Errorf("got %v", err)
	}
}
