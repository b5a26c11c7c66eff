//go:build !linux || !(amd64 || arm64)

package enforce

import (
	"context"
	"fmt"
	"io"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/sensor"
)

// Enforcer cannot be opened on this platform.
type Enforcer struct{}

// Counts is how often prevention decided since it was attached.
type Counts struct {
	Denied  uint64 `json:"denied"`
	Audited uint64 `json:"audited"`
	Killed  uint64 `json:"killed"`
	Untold  uint64 `json:"untold"`
}

var errPlatform = fmt.Errorf("%w: prevention needs Linux on amd64 or arm64", sensor.ErrUnsupported)

// Open fails: there is no kernel here that could prevent anything.
func Open(*Options) (*Enforcer, error) { return nil, errPlatform }

// Run fails as Open does.
func (*Enforcer) Run(context.Context) error { return errPlatform }

// Update fails as Open does.
func (*Enforcer) Update(*Policy) error { return errPlatform }

// Abilities are none.
func (*Enforcer) Abilities() []Ability { return nil }

// Gaps are none, as nothing can be opened.
func (*Enforcer) Gaps() []boltseal.Gap { return nil }

// Counts fails as Open does.
func (*Enforcer) Counts() (Counts, error) { return Counts{}, errPlatform }

// Close has nothing to close.
func (*Enforcer) Close() error { return nil }

// Canary does nothing.
func Canary([]string, io.Reader, io.Writer) int { return 2 }

// Release fails as Open does.
func Release(string) error { return errPlatform }

// Doctor says that nothing can be prevented here.
func Doctor(*Options) []sensor.Probe {
	return []sensor.Probe{{Name: "prevention", What: errPlatform.Error()}}
}
