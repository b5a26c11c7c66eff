//go:build tools

// Package helm names the program that renders charts, so that its go.mod pins
// it: build.sh makes it.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
