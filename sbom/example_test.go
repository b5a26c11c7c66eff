package sbom_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sbom"
)

func Example() {
	doc := &sbom.Document{
		Artifact:   boltseal.Artifact{Kind: boltseal.KindDirectory, Name: "shop"},
		Tool:       boltseal.Tool{Name: "boltseal", Version: "1.0.0"},
		Time:       time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Components: []boltseal.Component{{PURL: "pkg:npm/left-pad@1.3.0", Name: "left-pad", Version: "1.3.0", Licenses: []string{"WTFPL"}}},
	}
	format, _ := sbom.Lookup("spdx-tag-value")
	if err := format.Write(os.Stdout, doc); err != nil {
		fmt.Println(err)
	}
	// Output:
	// SPDXVersion: SPDX-2.3
	// DataLicense: CC0-1.0
	// SPDXID: SPDXRef-DOCUMENT
	// DocumentName: shop
	// DocumentNamespace: https://boltseal.dev/spdx/shop-cb463c38-84d8-8c67-b823-42309a0bcf80
	// Creator: Tool: boltseal-1.0.0
	// Created: 2026-01-02T03:04:05Z
	//
	// Annotator: Tool: boltseal-1.0.0
	// AnnotationDate: 2026-01-02T03:04:05Z
	// AnnotationType: OTHER
	// SPDXREF: SPDXRef-DOCUMENT
	// AnnotationComment: <text>{"boltseal:schema":"1"}</text>
	//
	// PackageName: shop
	// SPDXID: SPDXRef-Artifact
	// PackageDownloadLocation: NOASSERTION
	// PrimaryPackagePurpose: APPLICATION
	// FilesAnalyzed: false
	// PackageLicenseConcluded: NOASSERTION
	// PackageLicenseDeclared: NOASSERTION
	// PackageCopyrightText: NOASSERTION
	//
	// Annotator: Tool: boltseal-1.0.0
	// AnnotationDate: 2026-01-02T03:04:05Z
	// AnnotationType: OTHER
	// SPDXREF: SPDXRef-Artifact
	// AnnotationComment: <text>{"boltseal:artifact:kind":"directory","boltseal:artifact:name":"shop"}</text>
	//
	// PackageName: left-pad
	// SPDXID: SPDXRef-Package-npm-left-pad-13df810e9c4fb124
	// PackageVersion: 1.3.0
	// PackageDownloadLocation: NOASSERTION
	// PrimaryPackagePurpose: LIBRARY
	// FilesAnalyzed: false
	// PackageLicenseConcluded: NOASSERTION
	// PackageLicenseDeclared: WTFPL
	// PackageCopyrightText: NOASSERTION
	// ExternalRef: PACKAGE-MANAGER purl pkg:npm/left-pad@1.3.0
	//
	// Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Artifact
	// Relationship: SPDXRef-Artifact CONTAINS SPDXRef-Package-npm-left-pad-13df810e9c4fb124
}

func ExampleRead() {
	doc, format, err := sbom.Read([]byte(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
		{"type": "library", "name": "core", "group": "@babel", "purl": "pkg:npm/%40babel/core@7.24.0"},
		{"type": "library", "name": "copied.js"}
	]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(format.Title)
	for _, c := range doc.Components {
		fmt.Println(strings.TrimSpace(c.Name + " " + c.Version))
	}
	for _, g := range doc.Gaps {
		fmt.Println(g.What + ": " + g.Why)
	}
	// Output:
	// CycloneDX 1.6 JSON
	// copied.js
	// @babel/core 7.24.0
	// 1 component without a purl: it can be listed, but not matched with advisories
}

func ExampleCheck() {
	doc := &sbom.Document{Components: []boltseal.Component{{PURL: "pkg:npm/a@1", Name: "a", Version: "1"}}, Time: time.Unix(1, 0)}
	q, err := sbom.Check(doc, "ntia")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(q.Score)
	for _, e := range q.Elements {
		if !e.Pass {
			fmt.Printf("%s: %d of %d: %s\n", e.Title, e.Have, e.Of, e.Why)
		}
	}
	// Output:
	// 66
	// Supplier Name: 0 of 1: no supplier
	// Author of SBOM Data: 0 of 1: neither an author nor a tool
	// Known Unknowns: 0 of 1: it does not say whether components are missing
}
