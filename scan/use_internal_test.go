package scan

import (
	"testing"
	"time"

	"github.com/boltseal/boltseal"
)

func TestMarkUse(t *testing.T) {
	at := func(files ...string) (out []boltseal.Location) {
		for _, f := range files {
			out = append(out, boltseal.Location{File: f})
		}
		return out
	}
	all := []struct {
		c    boltseal.Component
		want boltseal.Usage
	}{
		{boltseal.Component{PURL: "pkg:deb/debian/libc6@2", Locations: at("var/lib/dpkg/status")}, boltseal.UsageSeen},
		{boltseal.Component{PURL: "pkg:deb/debian/tar@1", Locations: at("var/lib/dpkg/status")}, boltseal.UsageUnseen},
		{boltseal.Component{PURL: "pkg:pypi/six@1", OwnedBy: "pkg:deb/debian/libc6@2"}, boltseal.UsageSeen},
		{boltseal.Component{PURL: "pkg:npm/a@1", Locations: at("app/node_modules/a/package.json")}, boltseal.UsageSeen},
		{boltseal.Component{PURL: "pkg:npm/b@1", Locations: at("app/node_modules/b/package.json")}, boltseal.UsageUnseen},
		{boltseal.Component{PURL: "pkg:npm/c@1", Locations: at("app/package-lock.json")}, ""},
		{boltseal.Component{PURL: "pkg:golang/x@1", Basis: boltseal.Embedded, Locations: at("usr/bin/server")}, boltseal.UsageSeen},
		{boltseal.Component{PURL: "pkg:maven/g/a@1", Locations: at("srv/app.jar!/BOOT-INF/lib/a.jar")}, boltseal.UsageSeen},
		{boltseal.Component{PURL: "pkg:pypi/my-lib@1", Name: "My-Lib", Locations: at("usr/lib/python3/site-packages/my_lib-1.dist-info/METADATA")}, boltseal.UsageSeen},
		{boltseal.Component{PURL: "pkg:pypi/other@1", Name: "other", Locations: at("usr/lib/python3/site-packages/other-1.dist-info/METADATA")}, boltseal.UsageUnseen},
	}
	now := time.Now()
	o := &Options{Used: []boltseal.ImageUse{
		{Digest: "sha256:aa", From: now, Until: now.Add(time.Hour), Files: []string{"/usr/lib/libc.so.6", "/app/node_modules/a/lib/index.js", "/usr/bin/server", "/srv/app.jar"}},
		{Digest: "sha256:aa", From: now, Until: now.Add(time.Second), Files: []string{"/usr/lib/python3/site-packages/my_lib/x.py"}},
		{Digest: "sha256:bb", From: now, Until: now.Add(time.Hour), Files: []string{"/app/node_modules/b/index.js"}},
	}}
	mark := func(u *inUse) []boltseal.Component {
		p := &part{}
		for _, one := range all {
			p.components = append(p.components, one.c)
		}
		u.mark(p, map[string]string{"/usr/lib/libc.so.6": "pkg:deb/debian/libc6@2"})
		return p.components
	}
	for i, c := range mark(o.useOf(&boltseal.Artifact{ImageID: "sha256:aa"})) {
		if c.InUse != all[i].want {
			t.Errorf("%s: %q, want %q", c.PURL, c.InUse, all[i].want)
		}
	}
	if u := o.useOf(&boltseal.Artifact{ImageID: "sha256:cc"}); u != nil {
		t.Errorf("an image that nobody watched: %+v", u)
	}
	// Watched for a second only, nothing is said of what was not seen.
	o.Used = o.Used[1:2]
	for _, c := range mark(o.useOf(&boltseal.Artifact{Digest: "sha256:aa"})) {
		if c.InUse == boltseal.UsageUnseen {
			t.Errorf("%s: not seen in a second", c.PURL)
		}
	}
}
