//go:build !linux || !(amd64 || arm64)

package enforce_test

func runtime([]string) int { return 2 }
