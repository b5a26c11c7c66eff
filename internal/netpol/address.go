package netpol

import (
	"net/netip"
	"slices"
)

var (
	everyIPv4 = netip.MustParsePrefix("0.0.0.0/0")
	everyIPv6 = netip.MustParsePrefix("::/0")
)

// neverPods are addresses that no pod has: link-local, loopback, multicast.
var neverPods = []netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("ff00::/8"),
}

// contains reports whether all of inner lies in outer.
func contains(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// external is a part of the world outside the cluster in which every address
// is told apart from none by any ipBlock: a prefix less the smaller prefixes
// that blocks speak of, or, for the zero prefix, whatever is left.
type external struct {
	prefix netip.Prefix
	less   []netip.Prefix
}

// name is how people call the part.
func (e external) name(alone bool) string {
	switch {
	case !e.prefix.IsValid(), alone:
		return "outside the cluster"
	case e.prefix == everyIPv4:
		return "outside the cluster (IPv4)"
	case e.prefix == everyIPv6:
		return "outside the cluster (IPv6)"
	case len(e.less) == 0:
		return e.prefix.String()
	}
	return e.prefix.String() + " (rest)"
}

// externals cuts the addresses outside the cluster into parts.
func externals(prefixes []netip.Prefix) []external {
	slices.SortFunc(prefixes, netip.Prefix.Compare)
	prefixes = slices.Compact(prefixes)
	named := func(p netip.Prefix) bool { return slices.Contains(prefixes, p) }
	var parts []external
	if named(everyIPv4) || named(everyIPv6) {
		for _, root := range []netip.Prefix{everyIPv4, everyIPv6} {
			if !named(root) {
				prefixes = append(prefixes, root)
			}
		}
		slices.SortFunc(prefixes, netip.Prefix.Compare)
	} else {
		parts = append(parts, external{})
	}
	for i, p := range prefixes {
		below := children(prefixes, i)
		if !covered(p, below) {
			parts = append(parts, external{prefix: p, less: below})
		}
	}
	return parts
}

// children are the largest prefixes inside the i-th, in a sorted list where
// a prefix comes before those that it contains.
func children(prefixes []netip.Prefix, i int) []netip.Prefix {
	var below []netip.Prefix
	for _, q := range prefixes[i+1:] {
		if !contains(prefixes[i], q) {
			if q.Addr().Is4() != prefixes[i].Addr().Is4() || q.Addr().Compare(prefixes[i].Addr()) > 0 {
				break
			}
			continue
		}
		if len(below) == 0 || !contains(below[len(below)-1], q) {
			below = append(below, q)
		}
	}
	return below
}

// covered reports whether the parts, none of which contains another, make up
// all of the prefix.
func covered(p netip.Prefix, parts []netip.Prefix) bool {
	if len(parts) == 0 {
		return false
	}
	if contains(parts[0], p) {
		return true
	}
	left := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	at := slices.IndexFunc(parts, func(q netip.Prefix) bool { return !contains(left, q) })
	if at <= 0 {
		return false
	}
	right := netip.PrefixFrom(parts[at].Addr(), p.Bits()+1).Masked()
	return covered(left, parts[:at]) && covered(right, parts[at:])
}

// in reports whether the part lies in a block.
func (e external) in(block netip.Prefix, except []netip.Prefix) bool {
	if !e.prefix.IsValid() || !contains(block, e.prefix) {
		return false
	}
	return !slices.ContainsFunc(except, func(x netip.Prefix) bool { return contains(x, e.prefix) })
}

// coversPods reports whether every pod's address lies in a block.
func coversPods(block netip.Prefix, except, pods []netip.Prefix) bool {
	if len(pods) == 0 {
		return block.Bits() == 0 && !slices.ContainsFunc(except, func(x netip.Prefix) bool {
			return !slices.ContainsFunc(neverPods, func(n netip.Prefix) bool { return contains(n, x) })
		})
	}
	return slices.ContainsFunc(pods, func(p netip.Prefix) bool {
		return contains(block, p) && !slices.ContainsFunc(except, p.Overlaps)
	})
}
