package kube

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(flagRule(boltseal.Check{
	ID: "kube/apiserver-admission", Title: "admission plug-ins that matter are off", Severity: boltseal.High,
	Controls: names("CIS-K8S-1.2.10 CIS-K8S-1.2.14 NSA/pod-security"),
	Aliases:  aliases("checkov:CKV_K8S_79 checkov:CKV_K8S_85 kubescape:C-0122 kubescape:C-0127"),
	Doc:      `AlwaysAdmit lets everything in. Without NodeRestriction, which is not on by default, the credentials of one node change every other node and its pods.`,
}, "kube-apiserver", "enable-admission-plugins", func(value string, _ bool, _ map[string]string) string {
	switch plugins := strings.Split(value, ","); {
	case slices.Contains(plugins, "AlwaysAdmit"):
		return "everything is let in: AlwaysAdmit"
	case !slices.Contains(plugins, "NodeRestriction"):
		return "one node's credentials change all nodes: NodeRestriction is not among --enable-admission-plugins"
	}
	return ""
}))
