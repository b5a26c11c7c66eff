//go:build race

package rule_test

// The race detector makes a sync.Pool forget at random.
const forgetful = true
