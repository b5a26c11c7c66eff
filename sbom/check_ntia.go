package sbom

import "github.com/boltseal/boltseal"

var _ = addProfile(Profile{
	Name: "ntia", Aliases: []string{"ntia-2021"}, Title: "NTIA minimum elements (2021)",
	Source: "The Minimum Elements For a Software Bill of Materials (SBOM), United States Department of Commerce, 12 July 2021",
	Rules: []Rule{
		{ID: "supplier", Title: "Supplier Name", Section: "Data Fields", Component: hasSupplier},
		{ID: "name", Title: "Component Name", Section: "Data Fields", Component: hasName},
		{ID: "version", Title: "Version of the Component", Section: "Data Fields", Component: hasVersion},
		{ID: "identifier", Title: "Other Unique Identifiers", Section: "Data Fields", Component: hasIdentifier},
		{ID: "relationship", Title: "Dependency Relationship", Section: "Data Fields", Component: hasRelationship},
		{ID: "author", Title: "Author of SBOM Data", Section: "Data Fields", Document: ntiaAuthor},
		{ID: "timestamp", Title: "Timestamp", Section: "Data Fields", Document: hasTimestamp},
		{ID: "format", Title: "Machine-readable format", Section: "Automation Support", Document: anyFormat},
		{ID: "known-unknowns", Title: "Known Unknowns", Section: "Practices and Processes", Document: saysCompleteness},
	},
})

// ntiaAuthor takes a tool for an author: the publication asks for "the
// entity that creates the SBOM data", and no other check is stricter.
func ntiaAuthor(doc *Document) string {
	return unless(len(doc.Authors) > 0 || doc.Tool != (boltseal.Tool{}), "neither an author nor a tool")
}

// anyFormat is met by every document that could be read or will be written.
func anyFormat(*Document) string { return "" }

// saysCompleteness wants the document to say whether it is complete.
func saysCompleteness(doc *Document) string {
	return unless(doc.Completeness != "", "it does not say whether components are missing")
}
