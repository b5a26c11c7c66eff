package project

import (
	"cmp"
	"strings"
)

// The one action that the workflow uses, by the commit of its release; all
// else are commands, so that nobody's moved tag runs with the job's rights.
const checkout = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"

const workflowText = `
name: container

on:
  push:
    branches: [main]
  pull_request:

permissions: {}

concurrency:
  group: container-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

env:
  BOLTSEAL_VERSION: {{version}}

jobs:
  check:
    name: Check the sources
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read
      security-events: write
    steps:
      - uses: {{checkout}}
        with:
          persist-credentials: false
      - name: Install boltseal
        run: go install "github.com/boltseal/boltseal/cmd/boltseal@${BOLTSEAL_VERSION}"
      - name: Lint
        run: |
          "$(go env GOPATH)/bin/boltseal" lint . -o table -o sarif=lint.sarif
      - name: Upload the findings
        if: ${{ !cancelled() && github.event.pull_request.head.repo.fork != true }}
        env:
          GH_TOKEN: ${{ github.token }}
          COMMIT: ${{ github.sha }}
          REF: ${{ github.ref }}
        run: |
          test -s lint.sarif
          gzip -c lint.sarif | base64 -w0 > lint.sarif.b64
          gh api --silent --method POST "repos/${GITHUB_REPOSITORY}/code-scanning/sarifs" -f "commit_sha=${COMMIT}" -f "ref=${REF}" -F "sarif=@lint.sarif.b64"

  image:
    name: Build, scan, describe and sign the image
    needs: check
    if: github.event_name == 'push'
    runs-on: ubuntu-24.04
    timeout-minutes: 45
    permissions:
      contents: read
      packages: write
      security-events: write
      id-token: write
    env:
      IMAGE: {{image}}
    steps:
      - uses: {{checkout}}
        with:
          persist-credentials: false
      - name: Install boltseal
        run: go install "github.com/boltseal/boltseal/cmd/boltseal@${BOLTSEAL_VERSION}"
      - name: Log in to the registry
        env:
          REGISTRY_TOKEN: ${{ github.token }}
        run: printf '%s' "${REGISTRY_TOKEN}" | docker login "${IMAGE%%/*}" --username "${GITHUB_ACTOR}" --password-stdin
      - name: Build
        run: |
          docker buildx create --use
          docker buildx build --provenance=mode=max --output type=oci,dest=image.tar --tag "${IMAGE}:${GITHUB_SHA}" .
      - name: Scan what was built, before anybody can pull it
        run: |
          boltseal="$(go env GOPATH)/bin/boltseal"
          "${boltseal}" db update
          "${boltseal}" scan oci-archive:image.tar -o table -o sarif=scan.sarif
          "${boltseal}" sbom oci-archive:image.tar -o cyclonedx-json=sbom.cdx.json
      - name: Upload the findings
        if: ${{ !cancelled() }}
        env:
          GH_TOKEN: ${{ github.token }}
          COMMIT: ${{ github.sha }}
          REF: ${{ github.ref }}
        run: |
          test -s scan.sarif
          gzip -c scan.sarif | base64 -w0 > scan.sarif.b64
          gh api --silent --method POST "repos/${GITHUB_REPOSITORY}/code-scanning/sarifs" -f "commit_sha=${COMMIT}" -f "ref=${REF}" -F "sarif=@scan.sarif.b64"
      - name: Push what was scanned, sign its digest, and attach the SBOM
        run: |
          skopeo copy --all --digestfile digest.txt oci-archive:image.tar "docker://${IMAGE}:${GITHUB_SHA}"
          image="${IMAGE}@$(cat digest.txt)"
          boltseal="$(go env GOPATH)/bin/boltseal"
          "${boltseal}" sign --keyless --yes --recursive "${image}"
          "${boltseal}" attest --keyless --yes --type cyclonedx --predicate sbom.cdx.json "${image}"
`

func (p *Project) workflow(o *Options) string {
	image := "ghcr.io/${{ github.repository_owner }}/" + p.Name
	if o.Image != "" {
		image, _, _ = strings.Cut(o.Image, "@")
		if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
			image = image[:colon]
		}
	}
	return fill(workflowText, "version", cmp.Or(o.Version, "v0.1.0"), "checkout", checkout, "image", image)
}

// policyText is the policy to begin with.
const policyText = `# What blocks: boltseal lint, scan and audit read this file. See docs/guide/policy.md.
fail-on: high,fixed
# A finding that is accepted needs a reason and a day on which to look again:
#
# waivers:
#   - id: CVE-2026-0001
#     purl: pkg:deb/debian/openssl
#     reason: the parser is not reachable from our code
#     owner: you@example.com
#     expires: 2027-01-31
`
