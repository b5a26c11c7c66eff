package kube

import (
	"encoding/base64"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/secret-encoding", Title: "data of a Secret that is not base64", Severity: boltseal.Medium,
		Doc: `The values of data are base64, those of stringData are plain. The API server refuses data that it cannot decode; a value that happens to decode becomes other bytes
than were meant. Write plain values under stringData.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Kind("", "Secret") {
			for key, value := range o.Node.Get("data").Entries() {
				if _, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value.Str()), "")); err != nil && value.Str() != "" {
					p.Report(o, value, key.Value+" is no base64")
				}
			}
		}
	},
})
