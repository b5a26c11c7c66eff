package sbom

// Sorted is a copy of the document in the order in which it is written.
func Sorted(doc *Document) *Document { return doc.sorted() }
