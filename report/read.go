package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/strictjson"
)

var errNotReport = errors.New("no report of boltseal; write one with -o json=FILE")

// IsReport tells by the first bytes of a file whether Read may read it.
func IsReport(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) && bytes.Contains(head, []byte(`"`+boltseal.ReportSchema+`"`))
}

// Read reads a report that the json format wrote. What it says is taken as it
// stands: whoever wants a verdict of their own judges it again.
func Read(data []byte) (*boltseal.Report, error) {
	if err := strictjson.Check(data); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	var r boltseal.Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if r.Schema != boltseal.ReportSchema {
		return nil, fmt.Errorf("read report: %w", errNotReport)
	}
	return &r, nil
}
