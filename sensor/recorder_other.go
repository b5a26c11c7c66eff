//go:build !linux || !(amd64 || arm64)

package sensor

import "time"

// Recorder cannot be opened on this platform.
type Recorder struct{}

// OpenRecorder fails: there is no kernel here that could run the recorder.
func OpenRecorder(*RecorderOptions) (*Recorder, error) { return nil, errPlatform }

// Capabilities fails as OpenRecorder does.
func (*Recorder) Capabilities() error { return errPlatform }

// Follows is never asked.
func (*Recorder) Follows(uint32) bool { return false }

// Used fails as OpenRecorder does.
func (*Recorder) Used() ([]Used, error) { return nil, errPlatform }

// Close has nothing to close.
func (*Recorder) Close() error { return nil }

// TimeOf knows no clock on this platform.
func (*Sensor) TimeOf(uint64) time.Time { return time.Time{} }
