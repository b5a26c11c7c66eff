package cli

import (
	"fmt"

	"github.com/boltseal/boltseal/learn"
	"github.com/boltseal/boltseal/scan"
)

// readUse puts what watches recorded into the options.
func readUse(opts *scan.Options, files []string) error {
	for _, name := range files {
		data, err := readWhole(name, maxReport)
		if err != nil {
			return usageError{fmt.Errorf("--in-use: %w", err)}
		}
		uses, err := learn.DecodeUse(data)
		if err != nil {
			return usageError{fmt.Errorf("--in-use %s: %w", name, err)}
		}
		opts.Used = append(opts.Used, uses...)
	}
	return nil
}
