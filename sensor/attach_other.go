//go:build !linux || !(amd64 || arm64)

package sensor

import (
	"context"
	"fmt"
)

// Sensor cannot be opened on this platform.
type Sensor struct{}

var errPlatform = fmt.Errorf("%w: it needs Linux on amd64 or arm64", ErrUnsupported)

// Open fails: there is no kernel here that could run the sensor.
func Open(*Options) (*Sensor, error) { return nil, errPlatform }

// Run fails as Open does.
func (*Sensor) Run(context.Context, func(*Event)) error { return errPlatform }

// Want fails as Open does.
func (*Sensor) Want([]string) error { return errPlatform }

// Stats fails as Open does.
func (*Sensor) Stats() (Stats, error) { return Stats{}, errPlatform }

// Close has nothing to close.
func (*Sensor) Close() error { return nil }

// Doctor says that the sensor cannot run here.
func Doctor(string) []Probe {
	return []Probe{{Name: "platform", Must: true, What: errPlatform.Error()}}
}
