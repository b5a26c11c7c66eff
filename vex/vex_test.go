package vex_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/vex"
)

const openvex = `{
  "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.com/vex-1",
  "author": "Example Security", "timestamp": "2026-03-01T10:00:00Z", "version": 1,
  "statements": [
    {"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2026-0001", "name": "CVE-2026-0001", "aliases": ["GHSA-xxxx"]},
     "products": [{"@id": "pkg:oci/app@sha256:aaaa", "hashes": {"sha-256": "AB"}, "subcomponents": [{"@id": "pkg:npm/left-pad@1.0.0"}]}],
     "status": "not_affected", "justification": "vulnerable_code_not_present", "impact_statement": "never compiled in"},
    {"vulnerability": "CVE-2026-0002", "products": ["pkg:deb/debian/openssl"], "subcomponents": ["pkg:generic/x"],
     "status": "under_investigation", "timestamp": "2026-03-02T10:00:00Z"}
  ]
}`

const cyclonedx = `{
  "bomFormat": "CycloneDX", "specVersion": "1.6",
  "metadata": {"timestamp": "2026-03-01T10:00:00Z", "authors": [{"name": "Example"}]},
  "components": [{"bom-ref": "a", "purl": "pkg:maven/org.x/y@1.0", "components": [{"bom-ref": "b", "purl": "pkg:npm/z@2"}]}],
  "vulnerabilities": [
    {"id": "CVE-2026-0003", "references": [{"id": "GHSA-y"}], "analysis": {"state": "false_positive", "justification": "code_not_reachable", "detail": "no"},
     "affects": [{"ref": "b"}, {"ref": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg:npm/other@3"},
       {"ref": "pkg:npm/ranged", "versions": [{"version": "4"}, {"range": "vers:npm/<9"}]}]},
    {"id": "CVE-2026-0004", "affects": [{"ref": "a"}]}
  ]
}`

const csafDocument = `{
  "document": {"category": "csaf_vex", "publisher": {"name": "Vendor"}, "tracking": {"current_release_date": "2026-03-01T10:00:00Z"}},
  "product_tree": {
    "branches": [{"branches": [
      {"product": {"product_id": "os9", "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9"}}},
      {"product": {"product_id": "lib", "product_identification_helper": {"purl": "pkg:rpm/redhat/lib@1-1.el9"}}},
      {"product": {"product_id": "image", "product_identification_helper": {"purl": "pkg:oci/app@sha256:cccc"}}}]}],
    "relationships": [
      {"product_reference": "lib", "relates_to_product_reference": "os9", "full_product_name": {"product_id": "os9:lib"}},
      {"product_reference": "lib", "relates_to_product_reference": "image", "full_product_name": {"product_id": "image:lib"}},
      {"product_reference": "lib", "relates_to_product_reference": "nowhere", "full_product_name": {"product_id": "nowhere:lib"}}],
    "product_groups": [{"group_id": "g", "product_ids": ["os9:lib"]}]
  },
  "vulnerabilities": [{"cve": "CVE-2026-0005", "product_status": {"known_not_affected": ["os9:lib", "nowhere:lib", "os9"], "fixed": ["image:lib"]},
    "flags": [{"label": "vulnerable_code_not_present", "group_ids": ["g"]}],
    "threats": [{"category": "impact", "details": "built without it", "product_ids": ["os9:lib"]}, {"category": "exploit_status", "details": "none"}]}]
}`

func day(d int) time.Time { return time.Date(2026, 3, d, 10, 0, 0, 0, time.UTC) }

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		want      []policy.Statement
	}{
		{"OpenVEX", openvex, []policy.Statement{
			{IDs: []string{"CVE-2026-0001", "GHSA-xxxx"}, Status: boltseal.StatusNotAffected, Justification: "vulnerable_code_not_present",
				Impact: "never compiled in", Author: "Example Security", Time: day(1),
				Products: []policy.Product{{IDs: []string{"pkg:oci/app@sha256:aaaa", "sha256:ab"}, Parts: []string{"pkg:npm/left-pad@1.0.0"}}}},
			{IDs: []string{"CVE-2026-0002"}, Status: boltseal.StatusUnderReview, Author: "Example Security", Time: day(2),
				Products: []policy.Product{{IDs: []string{"pkg:deb/debian/openssl"}, Parts: []string{"pkg:generic/x"}}}},
		}},
		{"OpenVEX in a statement", `{"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns/v0.2.0",
			"subject": [], "predicate": {"@context": "https://openvex.dev/ns", "author": "A", "timestamp": "2026-03-01T10:00:00Z",
			"statements": [{"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:npm/x@1"}], "status": "fixed"}]}}`,
			[]policy.Statement{{IDs: []string{"CVE-1"}, Status: boltseal.StatusFixed, Author: "A", Time: day(1),
				Products: []policy.Product{{IDs: []string{"pkg:npm/x@1"}}}}}},
		{"CycloneDX", cyclonedx, []policy.Statement{
			{IDs: []string{"CVE-2026-0003", "GHSA-y"}, Status: boltseal.StatusNotAffected, Justification: "vulnerable_code_not_in_execute_path",
				Impact: "no", Author: "Example", Time: day(1), Products: []policy.Product{
					{IDs: []string{"pkg:npm/z@2"}}, {IDs: []string{"pkg:npm/other@3"}}, {IDs: []string{"pkg:npm/ranged@4"}}}},
		}},
		{"CSAF", csafDocument, []policy.Statement{
			{IDs: []string{"CVE-2026-0005"}, Status: boltseal.StatusFixed, Author: "Vendor", Time: day(1),
				Products: []policy.Product{{IDs: []string{"pkg:oci/app@sha256:cccc"}, Parts: []string{"pkg:rpm/redhat/lib@1-1.el9"}}}},
			{IDs: []string{"CVE-2026-0005"}, Status: boltseal.StatusNotAffected, Justification: "vulnerable_code_not_present",
				Impact: "built without it", Author: "Vendor", Time: day(1),
				Products: []policy.Product{{IDs: []string{"pkg:rpm/redhat/lib@1-1.el9"}, Platform: "cpe:/o:redhat:enterprise_linux:9"}}},
			{IDs: []string{"CVE-2026-0005"}, Status: boltseal.StatusNotAffected, Author: "Vendor", Time: day(1),
				Products: []policy.Product{{IDs: []string{"pkg:rpm/redhat/lib@1-1.el9"}, Platform: "cpe:/o:nowhere"}}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := vex.Read("doc.json", []byte(c.doc))
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.want {
				c.want[i].Source = "doc.json"
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What cannot be understood whole is an error that says where.
func TestReadRefuses(t *testing.T) {
	for doc, want := range map[string]string{
		`{`:                     "EOF",
		`{"statements": []}`:    "no VEX document of a known kind",
		`{"a": 1, "a": 2}`:      "twice",
		`{"bomFormat": "SPDX"}`: "no VEX document",
		strings.Replace(openvex, `"not_affected"`, `"fine"`, 1):                    `statement 1: status "fine"`,
		strings.Replace(openvex, `"2026-03-02T10:00:00Z"`, `"yesterday"`, 1):       `statement 2: time "yesterday"`,
		strings.Replace(openvex, `"CVE-2026-0002"`, `""`, 1):                       "statement 2: a statement names no vulnerability",
		strings.Replace(cyclonedx, `"false_positive"`, `"maybe"`, 1):               `unknown analysis state "maybe"`,
		strings.Replace(csafDocument, `"cve": "CVE-2026-0005", `, ``, 1):           "names no vulnerability",
		strings.Replace(csafDocument, `"2026-03-01T10:00:00Z"`, `"2026-13-01"`, 1): "time",
	} {
		if _, err := vex.Read("doc.json", []byte(doc)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error %v, want one with %q", doc, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(openvex))
	f.Add([]byte(cyclonedx))
	f.Add([]byte(csafDocument))
	f.Fuzz(func(t *testing.T, data []byte) {
		statements, err := vex.Read("x", data)
		if err != nil && statements != nil {
			t.Error("both statements and an error")
		}
		for _, s := range statements {
			if len(s.IDs) == 0 || s.Status == "" || s.Source != "x" {
				t.Errorf("incomplete statement %+v", s)
			}
		}
	})
}
