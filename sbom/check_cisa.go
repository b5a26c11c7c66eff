package sbom

import "github.com/boltseal/boltseal"

var _ = addProfile(Profile{
	Name: "cisa-2025", Aliases: []string{"cisa"}, Title: "CISA minimum elements (2025, draft)",
	Source: "2025 Minimum Elements for a Software Bill of Materials (SBOM), CISA, public comment draft, 22 August 2025",
	Rules: []Rule{
		{ID: "author", Title: "SBOM Author", Section: "Data Fields", Document: hasAuthor},
		{ID: "producer", Title: "Software Producer", Section: "Data Fields", Component: hasSupplier},
		{ID: "name", Title: "Component Name", Section: "Data Fields", Component: hasName},
		{ID: "version", Title: "Component Version", Section: "Data Fields", Component: hasVersion},
		{ID: "identifier", Title: "Software Identifiers", Section: "Data Fields", Component: hasIdentifier},
		{ID: "hash", Title: "Component Hash", Section: "Data Fields", Component: hasHash},
		{ID: "license", Title: "License", Section: "Data Fields", Component: hasLicence},
		{ID: "relationship", Title: "Dependency Relationship", Section: "Data Fields", Component: hasRelationship},
		{ID: "tool", Title: "Tool Name", Section: "Data Fields", Document: hasTool},
		{ID: "timestamp", Title: "Timestamp", Section: "Data Fields", Document: hasTimestamp},
		{ID: "context", Title: "Generation Context", Section: "Data Fields", Document: hasContext},
		{ID: "known-unknowns", Title: "Known Unknowns", Section: "Practices and Processes", Document: saysCompleteness},
	},
})

// hasHash wants a hash that still proves something: MD5 and SHA-1 do not.
func hasHash(_ *Document, c *boltseal.Component, _ *Detail) string {
	for _, h := range c.Hashes {
		if a, ok := algorithmOf(h); ok && a.hex >= 56 {
			return ""
		}
	}
	return unless(false, "no hash of SHA-224 or stronger")
}

func hasContext(doc *Document) string {
	return unless(doc.Phase != "", "it does not say at which phase of the life cycle it was made")
}
