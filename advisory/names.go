package advisory

// Ecosystem is the form of an OSV ecosystem name that the database knows it
// by: without what does not tell one set of packages from another.
func Ecosystem(name string) string { return name }
