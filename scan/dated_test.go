package scan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/scan"
)

// TestLayerOfPackage asks which layer brought a package, of databases that
// are one file for all packages.
func TestLayerOfPackage(t *testing.T) {
	musl := "P:musl\nV:1.2.5-r0\nA:x86_64\n\n"
	curl := "P:curl\nV:8.9.0-r0\nA:x86_64\n\n"
	newer := "P:curl\nV:8.11.0-r0\nA:x86_64\n\n"
	ssl := "P:openssl\nV:3.3.0-r1\nA:x86_64\n\n"
	db := func(packages ...string) string {
		return "-- lib/apk/db/installed --\n" + strings.Join(packages, "")
	}
	base := "\n-- LAYER gzip: ADD rootfs --\n-- etc/os-release --\nID=alpine\nVERSION_ID=3.20.0\n"
	for _, c := range []struct {
		name, image string
		want        map[string]int // layer by name
	}{
		{"each in its layer", base + db(musl) + "-- LAYER zstd: RUN apk add curl --\n" + db(musl, curl) + "-- LAYER: COPY --\n-- x --\ny\n" +
			"-- LAYER: RUN apk add openssl --\n" + db(musl, curl, ssl), map[string]int{"musl": 0, "curl": 1, "openssl": 3}},
		{"upgraded", base + db(musl, curl) + "-- LAYER: RUN apk upgrade --\n" + db(musl, newer) + "-- LAYER: RUN touch --\n" + db(newer, musl),
			map[string]int{"musl": 0, "curl": 1}},
		{"taken away and brought back", base + db(musl, curl) + "-- LAYER: RUN apk del curl --\n" + db(musl) + "-- LAYER: RUN apk add curl --\n" + db(musl, curl),
			map[string]int{"musl": 0, "curl": 2}},
		{"upgraded and downgraded", base + db(curl) + "-- LAYER: RUN apk add --\n" + db(newer) + "-- LAYER: RUN apk add --\n" + db(curl), map[string]int{"curl": 2}},
		{"a broken version between", base + db(musl) + "-- LAYER: RUN x --\n" + db("P:musl\nV:\n\n") + "-- LAYER: RUN apk fix --\n" + db(musl),
			map[string]int{"musl": 2}},
		{"database removed between", base + db(musl) + "-- LAYER: RUN rm --\n-- lib/apk/db/.wh.installed (noeol) --\n-- LAYER: RUN apk --\n" + db(musl),
			map[string]int{"musl": 2}},
		{"only one", base + db(musl), map[string]int{"musl": 0}},
	} {
		image := testimage.Parse(t, c.image)
		for name, options := range map[string]*scan.Options{"cold": {}, "cached": {Cache: &memory{}}} {
			target := "docker-archive:" + write(t, "app.tar", testimage.DockerArchive(t, testimage.Modern, image))
			if name == "cached" {
				run(t, target, options)
			}
			got := map[string]int{}
			for _, component := range run(t, target, options).Components {
				if len(component.Locations) != 1 {
					t.Fatalf("%s: %+v", c.name, component)
				}
				got[component.Name] = -1
				for i, l := range image.Layers {
					if l.DiffID == component.Locations[0].Layer {
						got[component.Name] = i
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", c.name, name, diff)
			}
		}
	}
}
