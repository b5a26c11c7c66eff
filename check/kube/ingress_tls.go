package kube

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/ingress-tls", Title: "an Ingress without TLS", Severity: boltseal.Medium,
		Controls: names("MITRE/T1040 MITRE/T1557"),
		Aliases:  aliases("kubescape:C-0263 polaris:tlsSettingsMissing"),
		Doc: `Without a tls section the controller serves plain HTTP: passwords and cookies can be read and changed on the way. Name the hosts and the Secret with the certificate;
cert-manager fills it.`,
	},
	Run: func(p *Pass) {
		for _, group := range []string{"networking.k8s.io", "extensions"} {
			for _, o := range p.Kind(group, "Ingress") {
				p.ingressTLS(o)
			}
		}
	},
})

func (p *Pass) ingressTLS(o *Object) {
	tls := o.Node.Get("spec", "tls")
	if tls == nil || len(tls.Items) == 0 {
		p.Report(o, nearest(o.Node, "spec"), "the Ingress serves plain HTTP: it has no tls section")
		return
	}
	covered := map[string]bool{}
	all := false
	for _, entry := range tls.Elems() {
		hosts := entry.Get("hosts")
		all = all || hosts == nil || len(hosts.Items) == 0
		for _, h := range hosts.Elems() {
			covered[h.Str()] = true
		}
	}
	for _, rule := range o.Node.Get("spec", "rules").Elems() {
		host := rule.Get("host").Str()
		_, domain, _ := strings.Cut(host, ".")
		if host != "" && !all && !covered[host] && !covered["*."+domain] {
			p.Report(o, rule.Get("host"), host+" is served without TLS: no entry of tls names it")
		}
	}
}
