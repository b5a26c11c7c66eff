//go:build !race

package rule_test

const forgetful = false
