package policy_test

import (
	"testing"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
)

const (
	imageDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	otherDigest = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

func vexReport() *boltseal.Report {
	return &boltseal.Report{
		Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: "ghcr.io/acme/app:1.2", Digest: imageDigest,
			Platform: &boltseal.Platform{OS: "linux", Arch: "amd64"},
			Distro:   &boltseal.Distro{ID: "debian", Version: "12", Codename: "bookworm"}},
		Findings: []boltseal.Finding{{
			Check: "vuln/known", Severity: boltseal.High, FixedIn: []string{"9"},
			Subject:  boltseal.Subject{Name: "ghcr.io/acme/app:1.2", Digest: imageDigest},
			Advisory: &boltseal.Advisory{ID: "CVE-2026-0001", Aliases: []string{"GHSA-aaaa"}},
			Component: &boltseal.Component{PURL: "pkg:deb/debian/libssl3@3.0.1-1?arch=amd64&distro=debian-12", Name: "libssl3", Version: "3.0.1-1",
				Source: &boltseal.Source{Name: "openssl", Version: "3.0.1-1"}},
		}},
	}
}

// Every spelling of a product that is the same thing takes the finding away,
// and none that is another.
func TestVEXProducts(t *testing.T) {
	const lib = "pkg:deb/debian/libssl3@3.0.1-1"
	for _, c := range []struct {
		product, part string
		want          bool
	}{
		{"pkg:oci/app@" + imageDigest, "", true},
		{"pkg:oci/app@sha256%3A" + imageDigest[7:] + "?repository_url=ghcr.io/acme/app&arch=amd64", "", true},
		{"pkg:oci/app@" + imageDigest + "?arch=arm64", "", false},
		{"pkg:oci/app@" + otherDigest + "?repository_url=ghcr.io/acme/app", "", false},
		{"pkg:oci/app?repository_url=ghcr.io/acme/app", "", true},
		{"pkg:oci/app?repository_url=ghcr.io/acme", "", true},
		{"pkg:oci/app?repository_url=ghcr.io/acme/app&tag=1.2", "", true},
		{"pkg:oci/app?repository_url=ghcr.io/acme/app&tag=1.3", "", false},
		{"pkg:oci/app", "", false},
		{"pkg:docker/acme/app@1.2?repository_url=ghcr.io", "", true},
		{"pkg:docker/acme/app@1.2", "", false},
		{"ghcr.io/acme/app:1.2", "", true},
		{"ghcr.io/acme/app@" + imageDigest, "", true},
		{"ghcr.io/acme/other", "", false},
		{imageDigest, "", true},
		{otherDigest, "", false},
		{imageDigest, lib, true},
		{imageDigest, "pkg:deb/debian/zlib1g", false},
		{otherDigest, lib, false},
		{lib, "", true},
		{"pkg:deb/debian/libssl3", "", true},
		{"pkg:deb/debian/libssl3@3.0.2-1", "", false},
		{"pkg:deb/debian/openssl@3.0.1-1", "", true}, // the source package
		{"pkg:deb/ubuntu/libssl3", "", false},
		{"pkg:rpm/debian/libssl3", "", false},
		{lib + "?arch=source", "", true},
		{lib + "?arch=arm64", "", false},
		{lib + "?distro=bookworm", "", true},
		{lib + "?distro=debian-12.5", "", true},
		{lib + "?distro=trixie", "", false},
		{"not a product", "", false},
	} {
		product := policy.Product{IDs: []string{c.product}}
		if c.part != "" {
			product.Parts = []string{c.part}
		}
		r := vexReport()
		p := policy.Default()
		p.VEX = []policy.Statement{{IDs: []string{"ghsa-AAAA"}, Products: []policy.Product{product}, Status: boltseal.StatusNotAffected,
			Justification: "vulnerable_code_not_present", Author: "vendor", Source: "vex.json"}}
		p.Judge(r, time.Now())
		if got := r.Findings[0].Waived != nil; got != c.want {
			t.Errorf("%s %s: taken away is %v, want %v", c.product, c.part, got, c.want)
		}
		if r.Verdict.Allow != c.want {
			t.Errorf("%s %s: allowed is %v, want %v", c.product, c.part, r.Verdict.Allow, c.want)
		}
	}
}

// The newest statement holds, and of one moment the gravest.
func TestVEXOrder(t *testing.T) {
	early, late := time.Unix(100, 0), time.Unix(200, 0)
	statement := func(status boltseal.Status, when time.Time) policy.Statement {
		return policy.Statement{IDs: []string{"CVE-2026-0001"}, Products: []policy.Product{{IDs: []string{imageDigest}}}, Status: status, Time: when, Author: "a"}
	}
	for _, c := range []struct {
		name       string
		statements []policy.Statement
		want       bool
	}{
		{"affected, then not", []policy.Statement{statement(boltseal.StatusNotAffected, late), statement(boltseal.StatusAffected, early)}, true},
		{"not affected, then so", []policy.Statement{statement(boltseal.StatusNotAffected, early), statement(boltseal.StatusUnderReview, late)}, false},
		{"at once", []policy.Statement{statement(boltseal.StatusNotAffected, late), statement(boltseal.StatusAffected, late)}, false},
		{"at once, other order", []policy.Statement{statement(boltseal.StatusAffected, late), statement(boltseal.StatusNotAffected, late)}, false},
		{"fixed", []policy.Statement{statement(boltseal.StatusFixed, late)}, true},
	} {
		r := vexReport()
		p := policy.Default()
		p.VEX = c.statements
		for range 2 { // judging again changes nothing
			p.Judge(r, time.Now())
			if got := r.Findings[0].Waived != nil; got != c.want {
				t.Errorf("%s: taken away is %v, want %v", c.name, got, c.want)
			}
		}
	}
	r, p := vexReport(), policy.Default()
	p.VEX = []policy.Statement{{IDs: []string{"CVE-2026-0001"}, Products: []policy.Product{{IDs: []string{"pkg:deb/debian/libssl3"}}}, Status: boltseal.StatusFixed}}
	if p.Judge(r, time.Now()); r.Findings[0].Waived != nil {
		t.Error("fixed in a version that is not named took the finding away")
	}
}

func TestVEXPlatform(t *testing.T) {
	for platform, want := range map[string]bool{
		"cpe:/o:debian:debian:12": true, "cpe:2.3:o:debian:debian:12:*:*:*:*:*:*:*": true,
		"cpe:/o:debian:debian:11": false, "cpe:/o:redhat:enterprise_linux:9": false, "cpe:/o:nowhere": false,
	} {
		r, p := vexReport(), policy.Default()
		p.VEX = []policy.Statement{{IDs: []string{"CVE-2026-0001"}, Status: boltseal.StatusNotAffected,
			Products: []policy.Product{{IDs: []string{"pkg:deb/debian/openssl"}, Platform: platform}}}}
		p.Judge(r, time.Now())
		if got := r.Findings[0].Waived != nil; got != want {
			t.Errorf("%s: taken away is %v, want %v", platform, got, want)
		}
	}
}
