package cli

import (
	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/watch"
)

// scannedImages reads the reports that --scanned names; nil when it names
// none.
func scannedImages(names []string) (*watch.Images, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var reports []*boltseal.Report
	for _, name := range names {
		r, err := readReport(name)
		if err != nil {
			return nil, usageError{err}
		}
		reports = append(reports, r)
	}
	return watch.NewImages(reports), nil
}
