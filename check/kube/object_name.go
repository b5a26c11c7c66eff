package kube

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "kube/object-name", Title: "a name that an object cannot have", Severity: boltseal.High,
		Doc: `Most objects have names of at most 253 lower-case letters, digits, dashes and dots; Services, namespaces and containers of at most 63 without dots. The API server refuses
others.`,
	},
	Run: func(p *Pass) {
		for _, o := range p.Objects {
			name := o.Node.Get("metadata", "name")
			_, known := schemas[o.Group()+"/"+o.Kind]
			switch {
			case !known || name.Str() == "" || strings.HasPrefix(o.APIVersion, "rbac."):
			case (o.Kind == "Service" || o.Kind == "Namespace") && len(validation.IsDNS1123Label(name.Str())) > 0,
				len(validation.IsDNS1123Subdomain(name.Str())) > 0:
				p.Report(o, name, fmt.Sprintf("%q cannot be the name of a %s", name.Str(), o.Kind))
			}
			for _, c := range containersOf(o) {
				if c.Name != "" && len(validation.IsDNS1123Label(c.Name)) > 0 {
					p.At(c, names("name"), fmt.Sprintf("%q cannot be the name of a container", c.Name))
				}
			}
		}
	},
})
