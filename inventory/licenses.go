package inventory

import "github.com/boltseal/boltseal/internal/license"

// licenses turns what a package says of its licences into SPDX expressions.
// Words that SPDX does not name become a LicenseRef- that keeps them; words
// that say nothing are left out.
func licenses(statements ...string) []string { return license.All(statements...) }
