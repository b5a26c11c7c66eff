#!/bin/sh
# Run every fuzz target of the module for the given time each.
set -eu
time=${1:-10s}
for file in $(git ls-files '*_test.go'); do
	case $file in e2e/* | bench/*) continue ;; esac
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(f \*testing\.F).*/\1/p' "$file"); do
		echo "$(dirname "$file") $target"
		"${GO:-go}" test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$time"
	done
done
