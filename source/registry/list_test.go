package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/boltseal/boltseal/source/registry"
)

// attach pushes a manifest of the given type about the image at name.
func attach(t *testing.T, c *registry.Client, r registry.Ref, about ocispec.Descriptor, artifactType string) ocispec.Descriptor {
	t.Helper()
	empty := []byte("{}")
	if err := c.PutBlob(t.Context(), r, registry.Describe("", empty), opener(empty)); err != nil {
		t.Fatal(err)
	}
	// The type stands in both places: the registry under test reads the older.
	config := registry.Describe(artifactType, empty)
	data, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, ArtifactType: artifactType,
		Config: config, Layers: []ocispec.Descriptor{ocispec.DescriptorEmptyJSON}, Subject: &about,
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.PutManifest(t.Context(), r.At(""), ocispec.MediaTypeImageManifest, data)
	if err != nil {
		t.Fatal(err)
	}
	return ocispec.Descriptor{Digest: digest.Digest(d)}
}

func TestReferrers(t *testing.T) {
	for _, api := range []bool{true, false} {
		t.Run(fmt.Sprintf("API %v", api), func(t *testing.T) {
			rec, c := serve(t), client(t, nil)
			name := rec.host() + "/a:1"
			im, _ := push(t, c, name, 10)
			r := ref(t, name).At(im.Digest())
			about := registry.Describe(im.MediaType(), im.Manifest())
			rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if !api && strings.Contains(r.URL.Path, "/referrers/") {
					w.WriteHeader(http.StatusNotFound)
					return true
				}
				return false
			})
			if got, err := c.Referrers(t.Context(), r, ""); err != nil || len(got) != 0 {
				t.Errorf("before any: got %v, %v", got, err)
			}
			sig := attach(t, c, r, about, "application/example.signature")
			sbom := attach(t, c, r, about, "application/example.sbom")
			attach(t, c, r, about, "application/example.sbom") // the same again
			for kind, want := range map[string][]string{
				"":                              {string(sig.Digest), string(sbom.Digest)},
				"application/example.sbom":      {string(sbom.Digest)},
				"application/example.something": nil,
			} {
				list, err := c.Referrers(t.Context(), r, kind)
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]bool{}
				for _, d := range list {
					got[string(d.Digest)] = true
				}
				wanted := map[string]bool{}
				for _, d := range want {
					wanted[d] = true
				}
				if diff := cmp.Diff(wanted, got); diff != "" || len(list) != len(want) {
					t.Errorf("%q (-want +got):\n%s", kind, diff)
				}
			}
		})
	}
}

func TestReferrersNeedADigest(t *testing.T) {
	rec := serve(t)
	if _, err := client(t, nil).Referrers(t.Context(), ref(t, rec.host()+"/a:1"), ""); err == nil {
		t.Error("no error")
	}
}

func TestReferrersThatAreNotAnswered(t *testing.T) {
	rec := serve(t)
	rec.fault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	_, err := client(t, nil).Referrers(t.Context(), ref(t, rec.host()+"/a@sha256:"+hex64), "")
	if !errors.Is(err, registry.ErrDenied) {
		t.Errorf("got %v: not being told is not the same as there being none", err)
	}
}

func TestTagPages(t *testing.T) {
	rec := serve(t)
	pages := map[string]string{"": "a,b", "b": "c", "c": ""}
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		last := r.URL.Query().Get("last")
		tags := strings.FieldsFunc(pages[last], func(r rune) bool { return r == ',' })
		if len(tags) > 0 {
			next := tags[len(tags)-1]
			w.Header().Set("Link", `<https://evil.example/>; rel="prev", </v2/x/tags/list?n=1000&last=`+next+`>; rel="next"`)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"name": "x", "tags": tags})
		return true
	})
	c := client(t, nil)
	var got []string
	for tag, err := range c.Tags(t.Context(), ref(t, rec.host()+"/x")) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, tag)
	}
	if strings.Join(got, " ") != "a b c" {
		t.Errorf("got %v", got)
	}
	rec.fault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Link", `<`+r.URL.String()+`>; rel="next"`)
		fmt.Fprint(w, `{"tags":[]}`)
		return true
	})
	var last error
	for _, last = range c.Tags(t.Context(), ref(t, rec.host()+"/x")) {
	}
	if last == nil || !strings.Contains(last.Error(), "pages") {
		t.Errorf("pages without end: got %v", last)
	}
}
