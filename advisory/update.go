package advisory

import (
	"context"
	"crypto/x509"
	"io"
	"time"

	"github.com/boltseal/boltseal"
)

// UpdateOptions are what Update does not need to be told.
type UpdateOptions struct {
	// Sources are the feeds to build from; nil takes [DefaultSources].
	Sources []Source

	// Prebuilt are places of a database that somebody else has built, tried
	// in order: a file, an http(s) URL, or "oci://" and a reference. When
	// there are any, Sources are not looked at.
	Prebuilt []string

	// Digest is what the prebuilt database's snapshot id must be, if not empty.
	Digest boltseal.Digest

	// FetchOCI opens the one file of an OCI artifact; nil refuses "oci://".
	FetchOCI func(ctx context.Context, ref string) (io.ReadCloser, error)

	// CacheDir keeps what was downloaded, so that the next update asks only
	// for what has changed and a feed that fails keeps its last data. Empty
	// is a directory beside the database.
	CacheDir string

	Full     bool          // fetch everything anew
	Jobs     int           // as of BuildOptions
	Timeout  time.Duration // without a byte received; 0 is one minute
	MaxBytes int64         // of one download; 0 is 4 GiB
	Now      time.Time     // the fetch date

	HTTPProxy, HTTPSProxy, NoProxy string         // as the environment variables of these names
	RootCAs                        *x509.CertPool // nil is the system's
	UserAgent                      string

	Progress func(Progress)
	Left     func(Left)
}

// Progress is how far a download is.
type Progress struct {
	What  string // "osv/Debian"
	Bytes int64
	Total int64 // 0 when not known
}

// Update brings the database file dst up to date from the network, or leaves
// it as it was. A feed that fails keeps the data of its last success and says
// so in its [boltseal.Feed]; Update fails when nothing at all could be had.
func Update(ctx context.Context, dst string, opts *UpdateOptions) (*boltseal.Snapshot, error) {
	return nil, ErrFormat
}
