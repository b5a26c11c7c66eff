package seal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	prototrustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/boltseal/boltseal/internal/strictjson"
)

// serviceTimeout is how long one request to a service may take.
const serviceTimeout = 30 * time.Second

// Services are the addresses of a sigstore instance.
type Services struct {
	Fulcio string       // the certificate authority
	Issuer string       // whom people show their identity to
	Rekor  []LogService // transparency logs to write to
	TSA    []string     // timestamp authorities to ask
}

// LogService is a transparency log that entries can be written to.
type LogService struct {
	URL     string
	Version uint32 // of its API: 1 or 2
}

// PublicServices is the public sigstore instance. Whatever is signed there
// is published for ever, with the signer's identity.
func PublicServices() *Services {
	return &Services{
		Fulcio: "https://fulcio.sigstore.dev",
		Issuer: "https://oauth2.sigstore.dev/auth",
		Rekor:  []LogService{{URL: "https://rekor.sigstore.dev", Version: 1}},
		TSA:    []string{"https://timestamp.sigstore.dev/api/v1/timestamp"},
	}
}

// ParseSigningConfig reads a signing config (version 0.2) and picks the
// services that are valid now.
func ParseSigningConfig(data []byte, now time.Time) (*Services, error) {
	if err := strictjson.Check(data); err != nil {
		return nil, fmt.Errorf("read signing config: %w", err)
	}
	c, err := root.NewSigningConfigFromJSON(data)
	if err != nil {
		return nil, fmt.Errorf("read signing config: %w", err)
	}
	s := &Services{}
	if list := valid(c.FulcioCertificateAuthorityURLs(), now, 1); len(list) > 0 {
		s.Fulcio = list[0].URL
	}
	if list := valid(c.OIDCProviderURLs(), now, 1); len(list) > 0 {
		s.Issuer = list[0].URL
	}
	logs, err := choose(c.RekorLogURLs(), c.RekorLogURLsConfig, now, 2, 1)
	if err != nil {
		return nil, fmt.Errorf("read signing config: transparency logs: %w", err)
	}
	for _, l := range logs {
		s.Rekor = append(s.Rekor, LogService{URL: l.URL, Version: l.MajorAPIVersion})
	}
	stamps, err := choose(c.TimestampAuthorityURLs(), c.TimestampAuthorityURLsConfig, now, 1)
	if err != nil {
		return nil, fmt.Errorf("read signing config: timestamp authorities: %w", err)
	}
	for _, t := range stamps {
		s.TSA = append(s.TSA, t.URL)
	}
	return s, nil
}

var errTooFew = errors.New("fewer than it asks for are valid now")

// valid lists the services of the best of the versions that is there, newest
// first.
func valid(all []root.Service, now time.Time, versions ...uint32) []root.Service {
	for _, version := range versions {
		var list []root.Service
		for _, s := range all {
			if s.MajorAPIVersion == version && s.ValidAtTime(now) {
				list = append(list, s)
			}
		}
		if len(list) > 0 {
			slices.SortStableFunc(list, func(a, b root.Service) int { return b.ValidityPeriodStart.Compare(a.ValidityPeriodStart) })
			return list
		}
	}
	return nil
}

// choose picks as many services as the selector asks for, the newest first
// and one of each operator. Where any would do, the same one is taken every
// time.
func choose(all []root.Service, config func() root.ServiceConfiguration, now time.Time, versions ...uint32) ([]root.Service, error) {
	if len(all) == 0 {
		return nil, nil
	}
	list := valid(all, now, versions...)
	operators := map[string]bool{}
	list = slices.DeleteFunc(list, func(s root.Service) bool {
		seen := operators[s.Operator]
		operators[s.Operator] = true
		return seen
	})
	n := 1
	switch c := config(); c.Selector {
	case prototrustroot.ServiceSelector_ALL:
		n = max(len(list), 1)
	case prototrustroot.ServiceSelector_EXACT:
		n = int(cmp.Or(c.Count, 1))
	}
	if n > len(list) {
		return nil, errTooFew
	}
	return list[:n], nil
}
