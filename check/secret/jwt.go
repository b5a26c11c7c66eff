package secret

import (
	"bytes"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Detector{
	Check: kind("jwt", "JSON web token", boltseal.Medium,
		"act as its subject until it ends", "whoever issued it", "gitleaks:jwt", "trivy:jwt-token"),
	Keywords: []string{"eyJ"}, Find: (*Hit).jwt, Shown: 3, Rank: ByName, weak: true,
	Valid: func(t []byte) bool { claims, ok := jwt(t); return ok && claims["sub"] != "1234567890" }, Proof: "header and claims are JSON",
})

var _ = add(Detector{
	Check: kind("kubernetes-service-account-token", "Kubernetes service account token", boltseal.High,
		"act in the cluster as the service account", "kubectl delete secret"),
	Keywords: []string{"eyJ"}, Find: (*Hit).jwt, Shown: 3, Rank: ByForm, weak: true,
	Valid: func(t []byte) bool {
		claims, ok := jwt(t)
		issuer, _ := claims["iss"].(string)
		subject, _ := claims["sub"].(string)
		return ok && (strings.Contains(issuer, "kubernetes") || strings.HasPrefix(subject, "system:serviceaccount:"))
	}, Proof: "the claims name a service account",
})

// jwt finds the three parts of a token. Where there are none, there are none
// either for a keyword further on in the same part, which is not looked at
// again: text may be nothing but keywords.
func (h *Hit) jwt() (int, int, bool) {
	if h.At < h.place.barren || !edgeBefore(h.Buf, h.At) {
		return 0, 0, false
	}
	end := h.At
	for part, least := range [...]int{15, 15, 20} {
		start := end
		for end < len(h.Buf) && base64URLByte(h.Buf[end]) {
			end++
		}
		joined := end+3 < len(h.Buf) && h.Buf[end] == '.' && (part == 1 || string(h.Buf[end+1:end+4]) == "eyJ")
		if end-start < least || part < 2 && !joined {
			h.place.barren = end
			return 0, 0, false
		}
		if part < 2 {
			end++
		}
	}
	return h.At, end, entropy(h.Buf[h.At:end]) >= 3
}

func base64URLByte(c byte) bool { return wordByte(c) || c == '-' }

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
