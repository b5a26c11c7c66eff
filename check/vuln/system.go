package vuln

import (
	"strings"

	"github.com/boltseal/boltseal"
)

// systemQueries are the questions about a package of a distribution.
func (m *matcher) systemQueries(p *boltseal.PURL, c *boltseal.Component) []query {
	if !m.opts.KernelHeaders && isKernelHeaders(c) {
		return nil
	}
	r := m.releases.of(p)
	switch {
	case r.osv == "" || r.scheme == nil:
		m.gaps.distro(r.distro, p, c)
		return nil
	case len(r.ecosystems) == 0:
		m.gaps.noAdvisories(r.named, c)
		return nil
	}
	m.queries = r.family.queries(r, p, c, m.queries[:0])
	return m.queries
}

// each asks the same of every ecosystem of the release.
func (r *release) each(out []query, q query) []query {
	q.scheme = r.scheme
	for _, ecosystem := range r.ecosystems {
		q.ecosystem = ecosystem
		out = append(out, q)
	}
	// Fixes of Ubuntu's extended support have it in their version. Who has
	// such a package is served by its advisories too.
	if r.pro != "" && strings.Contains(q.version, "esm") {
		q.ecosystem = r.pro
		out = append(out, q)
	}
	return out
}

// bySource asks by the source package: Debian, Ubuntu and Alpine publish
// about sources, and a binary package may be called as another's source.
func bySource(r *release, p *boltseal.PURL, c *boltseal.Component, out []query) []query {
	name, version := sourceOf(p, c)
	return r.each(out, query{name: name, version: version})
}

// bySourceAndName is for the distributions that publish about sources and
// about what is built from them.
func bySourceAndName(r *release, p *boltseal.PURL, c *boltseal.Component, out []query) []query {
	name, version := sourceOf(p, c)
	out = r.each(out, query{name: name, version: version})
	if p.Name != name {
		out = r.each(out, query{name: p.Name, version: versionOf(p, c)})
	}
	return out
}

// byName asks by the binary package, as errata list them, and by the source
// for those packages that an erratum leaves out because their repository was
// not updated.
func byName(r *release, p *boltseal.PURL, c *boltseal.Component, out []query) []query {
	out = r.each(out, query{name: p.Name, version: versionOf(p, c)})
	if c.Source != nil && c.Source.Name != "" && c.Source.Name != p.Name {
		out = sourceRPM(r, p, c, out)
	}
	return out
}

// byRPMSource is for SUSE, which publishes about sources, and in its own
// documents also about what is built from them.
func byRPMSource(r *release, p *boltseal.PURL, c *boltseal.Component, out []query) []query {
	if c.Source == nil || c.Source.Name == "" || c.Source.Name == p.Name {
		return byName(r, p, c, out)
	}
	out = r.each(out, query{name: p.Name, version: versionOf(p, c)})
	return sourceRPM(r, p, c, out)
}

// sourceRPM asks by the source package. Its version is not always the
// binary's (perl 5.32 has a perl-Encode 3.08), and its epoch is recorded
// nowhere.
func sourceRPM(r *release, p *boltseal.PURL, c *boltseal.Component, out []query) []query {
	q := query{name: c.Source.Name, version: c.Source.Version}
	if q.version == "" {
		q.version = versionOf(p, c)
	}
	q.noEpoch = !strings.Contains(q.version, ":")
	return r.each(out, q)
}

// sourceOf is the source package and its version. A package that names no
// source is its own.
func sourceOf(p *boltseal.PURL, c *boltseal.Component) (name, version string) {
	name, version = p.Name, versionOf(p, c)
	if c.Source != nil && c.Source.Name != "" {
		name = c.Source.Name
		if c.Source.Version != "" {
			version = c.Source.Version
		}
	} else if upstream := p.Qualifiers["upstream"]; upstream != "" {
		name, upstream, _ = strings.Cut(upstream, "@")
		if upstream != "" {
			version = upstream
		}
	}
	return unsigned(name, version, versionOf(p, c))
}

// unsigned is the source that a signed kernel was built from:
// linux-signed-amd64 6.1.55+1 holds linux 6.1.55-1, and so its binary packages
// say. Ubuntu signs linux-aws as linux-signed-aws.
func unsigned(name, version, binary string) (string, string) {
	rest, ok := strings.CutPrefix(name, "linux-signed")
	if !ok {
		return name, version
	}
	switch rest = strings.TrimPrefix(rest, "-"); rest {
	case "", "amd64", "arm64", "i386", "armhf":
		return "linux", binary
	}
	return "linux-" + rest, binary
}

// isKernelHeaders holds for packages of the kernel's source that hold its
// headers or its documentation and no code that runs.
func isKernelHeaders(c *boltseal.Component) bool {
	if !strings.HasPrefix(c.Name, "linux-") && !strings.HasPrefix(c.Name, "kernel-") {
		return false
	}
	source := c.Name
	if c.Source != nil && c.Source.Name != "" {
		source = c.Source.Name
	}
	if !strings.HasPrefix(source, "linux") && !strings.HasPrefix(source, "kernel") {
		return false
	}
	switch c.Name {
	case "linux-libc-dev", "linux-headers", "linux-doc", "linux-kbuild", "kernel-headers", "kernel-doc", "linux-glibc-devel", "linux-api-headers":
		return true
	}
	return strings.HasPrefix(c.Name, "linux-libc-dev-") || strings.HasPrefix(c.Name, "linux-headers-") || strings.HasPrefix(c.Name, "linux-doc-") ||
		strings.HasPrefix(c.Name, "kernel-") && strings.HasSuffix(c.Name, "-headers")
}
