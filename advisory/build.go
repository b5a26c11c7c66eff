package advisory

import (
	"context"
	"time"

	"github.com/boltseal/boltseal"
)

// Source is where the data of one feed is.
type Source struct {
	Feed string // name of a [Feed]: "osv", "kev", "epss"

	// At is a file or a directory. For Update it may be the address of a
	// server (http or https) as well.
	At string

	// Mirrors are further places of the same data, tried in order when At
	// does not answer.
	Mirrors []string

	// Ecosystems are the ones to take of an OSV source, without their
	// releases; nil takes [DefaultEcosystems] from a server and all there
	// are from a disk.
	Ecosystems []string
}

// BuildOptions are what Build does not need to be told.
type BuildOptions struct {
	Jobs    int             // goroutines that decode; 0 is one for each processor
	Built   time.Time       // written into the file; zero takes the newest record's date, so that same data gives same bytes
	TempDir string          // for the spool; empty is the destination's directory
	Feeds   []boltseal.Feed // states to put in place of what the sources say: fetch dates and failures
	Left    func(Left)      // told what was left out, in order
}

// Left is a record, or a part of one, that Build did not take.
type Left struct {
	Feed string
	ID   string
	Why  string
}

// Build makes the database file dst of what the sources hold, or leaves dst
// as it was.
func Build(ctx context.Context, dst string, feeds []Source, opts *BuildOptions) (*boltseal.Snapshot, error) {
	return nil, ErrFormat
}
