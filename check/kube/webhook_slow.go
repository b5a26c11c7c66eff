package kube

import (
	"fmt"
	"strconv"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/webhook-timeout", Title: "a webhook that may hold every request up", Severity: boltseal.Low,
		Doc: `Every request that the rules match waits for the webhook, up to timeoutSeconds, which is 10 unless it is said otherwise; several webhooks wait one after the other, and the
cluster's own controllers give up earlier. A few seconds are enough for a check.`,
	},
	Run: func(p *Pass) {
		for _, kind := range []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"} {
			for _, o := range p.Kind(admissionGroup, kind) {
				for i, hook := range o.Node.Get("webhooks").Elems() {
					seconds := hook.Get("timeoutSeconds")
					if n, err := strconv.Atoi(seconds.Str()); err == nil && n > 10 {
						p.Report(o, seconds, fmt.Sprintf("requests wait up to %d seconds for %s", n, hookName(hook, i)))
					}
				}
			}
		}
	},
})
