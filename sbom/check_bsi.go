package sbom

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = addProfile(Profile{
	Name: "bsi-tr-03183-2", Aliases: []string{"bsi", "tr-03183-2", "bsi-tr-03183-2-v2.1"}, Title: "BSI TR-03183-2 version 2.1.0",
	Source: "Technical Guideline TR-03183: Cyber Resilience Requirements, Part 2: Software Bill of Materials, version 2.1.0, BSI, 20 August 2025",
	Rules: []Rule{
		{ID: "format", Title: "CycloneDX 1.6 or SPDX 3.0.1, or later", Section: "4", Document: bsiFormat},
		{ID: "creator", Title: "Creator of the SBOM", Section: "5.2.1", Document: bsiCreator},
		{ID: "timestamp", Title: "Timestamp", Section: "5.2.1", Document: hasTimestamp},
		{ID: "component-creator", Title: "Component creator", Section: "5.2.2", Component: bsiComponentCreator},
		{ID: "name", Title: "Component name", Section: "5.2.2", Component: hasName},
		{ID: "version", Title: "Component version", Section: "5.2.2", Component: hasVersion},
		{ID: "filename", Title: "Filename of the component", Section: "5.2.2", Component: bsiFilename},
		{ID: "dependencies", Title: "Dependencies on other components", Section: "5.2.2", Component: hasRelationship},
		{ID: "completeness", Title: "Completeness of the dependencies", Section: "5.2.2", Document: saysCompleteness},
		{ID: "license", Title: "Distribution licences", Section: "5.2.2", Component: hasLicence},
		{ID: "hash", Title: "Hash value of the deployable component", Section: "5.2.2", Component: bsiHash},
		{ID: "executable", Title: "Executable property", Section: "5.2.2", Component: bsiStated("executable", func(d *Detail) *bool { return d.Executable })},
		{ID: "archive", Title: "Archive property", Section: "5.2.2", Component: bsiStated("archive", func(d *Detail) *bool { return d.Archive })},
		{ID: "structured", Title: "Structured property", Section: "5.2.2", Component: bsiStated("structured", func(d *Detail) *bool { return d.Structured })},
		{ID: "no-vulnerabilities", Title: "No information on vulnerabilities", Document: bsiNoVulnerabilities},
		{ID: "sbom-uri", Title: "SBOM-URI", Section: "5.2.3", Optional: true, Document: bsiURI},
		{ID: "source-uri", Title: "Source code URI", Section: "5.2.4", Optional: true, Component: func(_ *Document, _ *boltseal.Component, d *Detail) string {
			return unless(d.SourceCode != "", "no address of the source code")
		}},
		{ID: "deployable-uri", Title: "URI of the deployable form of the component", Section: "5.2.4", Optional: true, Component: func(_ *Document, _ *boltseal.Component, d *Detail) string {
			return unless(d.Download != "", "no address of the component as delivered")
		}},
		{ID: "identifier", Title: "Other unique identifiers", Section: "5.2.4", Optional: true, Component: hasIdentifier},
	},
})

// bsiFormat looks at the format read. A document made here can be written in
// either, so it is the writer's choice.
func bsiFormat(doc *Document) string {
	family, version, _ := strings.Cut(doc.Format, "-")
	version, _, _ = strings.Cut(version, "-")
	switch {
	case family == "cyclonedx" && version < "1.6" && len(version) == 3, family == "spdx" && strings.HasPrefix(version, "2"):
		return doc.Format + " is too old"
	}
	return ""
}

// bsiCreator wants a way to reach who made the document.
func bsiCreator(doc *Document) string {
	for _, a := range doc.Authors {
		if p := parseParty(a); p.mail != "" || isMail(a) || strings.HasPrefix(a, "http") {
			return ""
		}
	}
	return "no mail or web address of who made the document"
}

func bsiComponentCreator(_ *Document, c *boltseal.Component, d *Detail) string {
	return unless(d.Contact != "" || parseParty(c.Supplier).mail != "" || strings.HasPrefix(c.Supplier, "http"), "no mail or web address of who made it")
}

func bsiFilename(_ *Document, _ *boltseal.Component, d *Detail) string {
	return unless(d.Filename != "" && !strings.ContainsAny(d.Filename, `/\`), "no file name")
}

func bsiHash(_ *Document, c *boltseal.Component, _ *Detail) string {
	for _, h := range c.Hashes {
		if a, ok := algorithmOf(h); ok && a.name == "sha512" {
			return ""
		}
	}
	return "no SHA-512"
}

// bsiStated makes a rule that wants a property stated, whatever it is.
func bsiStated(name string, of func(d *Detail) *bool) func(*Document, *boltseal.Component, *Detail) string {
	return func(_ *Document, _ *boltseal.Component, d *Detail) string {
		return unless(of(d) != nil, "it is not stated whether it is "+name)
	}
}

func bsiNoVulnerabilities(doc *Document) string {
	return unless(doc.Vulnerabilities == 0, "it lists vulnerabilities, which belong into a document of their own")
}

func bsiURI(doc *Document) string {
	return unless(doc.Serial != "" || doc.Format == "", "no serial number or namespace")
}
