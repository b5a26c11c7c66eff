#!/bin/sh
# The main job from end to end, on a machine with only Go and a shell: make a
# small but real image from examples/app, build an advisory database from the
# records in examples/advisories, scan, and write every report beside it.
set -eu
boltseal=$1
out=$2
here=$(dirname "$0")

rm -rf "$out"
mkdir -p "$out"
CGO_ENABLED=0 "${GO:-go}" run "./$here/demo" "$here/app" "$out/image"

# Nothing of the user's own settings or database takes part.
XDG_CACHE_HOME=$(cd "$out" && pwd)/cache
export XDG_CACHE_HOME

echo "1. the advisory database, from $here/advisories"
"$boltseal" db build --from "$here/advisories"

echo
echo "2. the scan"
status=0
"$boltseal" scan "oci:$out/image" \
	-o table -o "json=$out/report.json" -o "sarif=$out/report.sarif" || status=$?
test "$status" -le 1 || exit "$status"

echo
echo "3. the bill of materials"
"$boltseal" sbom "oci:$out/image" -o "cyclonedx-json=$out/quayside.cdx.json" -o "spdx-json=$out/quayside.spdx.json"

echo
echo "4. what lint --fix would mend in the sources (the first lines of $out/lint.diff)"
"$boltseal" lint "$here/app" --diff >"$out/lint.diff" || test $? -eq 1
head -n 25 "$out/lint.diff"

echo
echo "5. the audit: sources and image together, on one page for a browser: $out/audit.html"
status2=0
"$boltseal" audit "$here/app" "oci:$out/image" -o "table=$out/audit.txt" -o "html=$out/audit.html" || status2=$?
test "$status2" -le 1 || exit "$status2"
grep -E '^Score|of 100$' "$out/audit.txt"

ls -l "$out"

cat <<TXT

The scan ended with exit status $status: the example is old on purpose, and the
default policy blocks what is high or worse and has a fix. Try next:
  $boltseal scan sbom:$out/quayside.cdx.json --db $out/cache/boltseal/db/advisories.db
  $boltseal scan oci:$out/image --db $out/cache/boltseal/db/advisories.db --fail-on none
  $boltseal lint $here/app --fix --unsafe                (changes the example; git checkout $here brings it back)
  $boltseal db update && $boltseal scan alpine:3.22     (these two need the internet)
TXT
