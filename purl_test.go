package boltseal_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
)

func TestPURL(t *testing.T) {
	for _, c := range []struct {
		text string
		want boltseal.PURL
	}{
		{"pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12", boltseal.PURL{
			Type: "deb", Namespace: "debian", Name: "libssl3", Version: "3.0.9-1",
			Qualifiers: map[string]string{"arch": "amd64", "distro": "debian-12"},
		}},
		{"pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1", boltseal.PURL{Type: "deb", Namespace: "debian", Name: "zlib1g", Version: "1:1.2.13.dfsg-1"}},
		{"pkg:npm/%40babel/core@7.8.0", boltseal.PURL{Type: "npm", Namespace: "@babel", Name: "core", Version: "7.8.0"}},
		{"pkg:npm/JSONStream@1.3.5", boltseal.PURL{Type: "npm", Name: "JSONStream", Version: "1.3.5"}},
		{"pkg:golang/github.com/Azure/go-autorest@v14.2.0%2Bincompatible#autorest/adal", boltseal.PURL{
			Type: "golang", Namespace: "github.com/Azure", Name: "go-autorest", Version: "v14.2.0+incompatible", Subpath: "autorest/adal",
		}},
		{"pkg:rpm/redhat/openssl-libs@3.0.7-6.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-6.el9.src.rpm", boltseal.PURL{
			Type: "rpm", Namespace: "redhat", Name: "openssl-libs", Version: "3.0.7-6.el9",
			Qualifiers: map[string]string{"arch": "x86_64", "epoch": "1", "upstream": "openssl-3.0.7-6.el9.src.rpm"},
		}},
		{"pkg:maven/org.slf4j/slf4j-api@1.7.36", boltseal.PURL{Type: "maven", Namespace: "org.slf4j", Name: "slf4j-api", Version: "1.7.36"}},
		{"pkg:generic/name", boltseal.PURL{Type: "generic", Name: "name"}},
	} {
		got, err := boltseal.ParsePURL(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", c.text, diff)
		}
		if got.String() != c.text {
			t.Errorf("got %s, want %s", got, c.text)
		}
	}
}

func TestPURLIsReadLeniently(t *testing.T) {
	for text, want := range map[string]string{
		"pkg:NPM/@babel/core@7.8.0":                   "pkg:npm/%40babel/core@7.8.0",
		"pkg://npm/lodash@4.17.15":                    "pkg:npm/lodash@4.17.15",
		"pkg:npm/%40babel%2Fcore@7.8.0":               "pkg:npm/%40babel%2Fcore@7.8.0",
		"pkg:deb/debian/x@1?b=2&a=1&empty=":           "pkg:deb/debian/x@1?a=1&b=2",
		"pkg:golang/x/y@v1#./a/../b/":                 "pkg:golang/x/y@v1#a/b",
		"pkg:npm/x@%zz":                               "pkg:npm/x@%25zz",
		"pkg:oci/app@sha256%3Aabc?repository_url=a/b": "pkg:oci/app@sha256:abc?repository_url=a/b",
	} {
		got, err := boltseal.ParsePURL(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got.String() != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "npm/lodash", "pkg:", "pkg:npm", "pkg:npm/", "pkg:npm/?a=b", "pkg:n m/x"} {
		if got, err := boltseal.ParsePURL(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func FuzzParsePURL(f *testing.F) {
	f.Add("pkg:npm/%40babel/core@7.8.0?a=b#c/d")
	f.Add("pkg:golang/a//b@@c")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := boltseal.ParsePURL(text)
		if err != nil {
			return
		}
		once := p.String()
		q, err := boltseal.ParsePURL(once)
		if err != nil {
			t.Fatalf("%q is written as %q, which cannot be read: %v", text, once, err)
		}
		if again := q.String(); again != once {
			t.Fatalf("%q: written as %q, then as %q", text, once, again)
		}
	})
}
