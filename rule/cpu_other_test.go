//go:build !linux

package rule_test

import "testing"

func measured(b *testing.B, f func()) {
	for b.Loop() {
		f()
	}
}
