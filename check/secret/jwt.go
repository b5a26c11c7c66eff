package secret

import (
	"bytes"
	"strings"

	"github.com/boltseal/boltseal"
)

const jwtForm = `eyJ[0-9A-Za-z_-]{12,}\.eyJ[0-9A-Za-z_-]{12,}\.[0-9A-Za-z_-]{20,}`

var _ = add(Detector{
	Check: kind("jwt", "JSON web token", boltseal.Medium,
		"act as its subject until it ends", "whoever issued it", "gitleaks:jwt", "trivy:jwt-token"),
	Keywords: []string{"eyJ"}, Token: jwtForm, Rank: ByName, weak: true,
	Valid: func(t []byte) bool { claims, ok := jwt(t); return ok && claims["sub"] != "1234567890" }, Proof: "header and claims are JSON",
})

var _ = add(Detector{
	Check: kind("kubernetes-service-account-token", "Kubernetes service account token", boltseal.High,
		"act in the cluster as the service account", "kubectl delete secret"),
	Keywords: []string{"eyJ"}, Token: jwtForm, Rank: ByForm, Shown: 3, weak: true,
	Valid: func(t []byte) bool {
		claims, ok := jwt(t)
		issuer, _ := claims["iss"].(string)
		subject, _ := claims["sub"].(string)
		return ok && (strings.Contains(issuer, "kubernetes") || strings.HasPrefix(subject, "system:serviceaccount:"))
	}, Proof: "the claims name a service account",
})

// jwt decodes a signed token's claims (RFC 7519).
func jwt(token []byte) (map[string]any, bool) {
	parts := bytes.Split(token, []byte("."))
	if len(parts) != 3 {
		return nil, false
	}
	header, ok := jsonSegment(parts[0])
	if alg, _ := header["alg"].(string); !ok || alg == "" || strings.EqualFold(alg, "none") {
		return nil, false
	}
	return jsonSegment(parts[1])
}
