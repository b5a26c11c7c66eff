package vuln

import (
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/advisory"
)

// Keys are what a store files a component under to find it again when the
// advisories change: [KeyOf] of every package that [advisory.Changed] gives is
// one of them, if the change can concern the component. They need no database
// and stay the same from one to the next. A key leaves the distribution's
// release out, so it may name a few components too many and never one too
// few. A component that no feed speaks of has none.
//
// distro is what the tree's own files say, as in [Options].
func Keys(c *boltseal.Component, distro *boltseal.Distro) []string {
	p, err := boltseal.ParsePURL(c.PURL)
	if err != nil {
		return nil
	}
	k, ok := kinds[p.Type]
	if compiler(&p) {
		k, ok = kind{osv: "GHC", name: bareName}, true
	}
	switch {
	case !ok || k.silent:
		return nil
	case k.system:
		return systemKeys(&p, c, distro)
	}
	name := p.FullName()
	if k.name != nil {
		name = k.name(&p, c)
	}
	out := []string{key(k.osv, name)}
	switch k.osv {
	case "Go":
		out = append(out, key("Kubernetes", name))
		if name == "k8s.io/kubernetes" {
			for _, program := range kubernetesPrograms {
				out = append(out, key("Kubernetes", program))
			}
		}
	case "SwiftURL":
		out = append(out, key(k.osv, "https://"+name))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// systemKeys are the names of a distribution's package under which any of its
// feeds may speak of it.
func systemKeys(p *boltseal.PURL, c *boltseal.Component, distro *boltseal.Distro) []string {
	cache := releaseCache{distro: distro}
	d := cache.distroOf(p)
	f, ok := families[d.ID]
	if !ok {
		return nil
	}
	source, _ := sourceOf(p, c)
	out := []string{key(f.osv, p.Name), key(f.osv, source)}
	if c.Source != nil && c.Source.Name != "" {
		out = append(out, key(f.osv, c.Source.Name))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// KeyOf is the key of a package that the database knows.
func KeyOf(k advisory.Key) string { return key(k.Ecosystem, k.Name) }

func key(ecosystem, name string) string {
	base, _, _ := strings.Cut(ecosystem, ":")
	return base + "\x00" + advisory.PackageName(base, name)
}
