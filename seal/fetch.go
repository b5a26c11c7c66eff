package seal

import (
	"context"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/tuf"
)

// FetchOptions say which TUF repository to ask for a trusted root.
type FetchOptions struct {
	URL  string // empty means the public instance's
	Root []byte // its root.json; nil means the public instance's, as built in
}

// FetchTrust asks a TUF repository for the present trusted root. It keeps
// nothing on disk. The repository's metadata is verified from its root on, and
// has to be of this day, by the clock of the machine.
func FetchTrust(ctx context.Context, opts *FetchOptions) (*Trust, error) {
	o := tuf.DefaultOptions().WithDisableLocalCache().WithContext(ctx)
	if opts.URL != "" {
		o = o.WithRepositoryBaseURL(opts.URL)
	}
	if len(opts.Root) > 0 {
		o = o.WithRoot(opts.Root)
	}
	client, err := tuf.New(o)
	if err != nil {
		return nil, fmt.Errorf("fetch trusted root from %s: %w", o.RepositoryBaseURL, err)
	}
	r, err := root.GetTrustedRoot(client)
	if err != nil {
		return nil, fmt.Errorf("fetch trusted root from %s: %w", o.RepositoryBaseURL, err)
	}
	t, err := NewTrust(r)
	if err != nil {
		return nil, fmt.Errorf("fetch trusted root from %s: %w", o.RepositoryBaseURL, err)
	}
	t.Source = o.RepositoryBaseURL
	return t, nil
}
