package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
)

// reach says who can reach an address. A registry may send us elsewhere (to
// the store that holds its blobs, to its token server), but one on the open
// internet may not make us knock at doors inside our own network, and none
// may make us ask a cloud's metadata service.
type reach int

const (
	public    reach = iota
	private         // this machine or this site only
	forbidden       // link-local, multicast and addresses that mean nothing
)

// These are in no use as public servers (IANA special-purpose registries).
var (
	privateNets = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
		"127.0.0.0/8", "::1/128", "fc00::/7", "198.18.0.0/15")
	forbiddenNets = prefixes("0.0.0.0/8", "169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8",
		"240.0.0.0/4", "::/128", "192.0.0.0/24")
	// An IPv4 address may hide in an IPv6 one: NAT64 and 6to4.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	six4  = netip.MustParsePrefix("2002::/16")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// reachOf tells who can reach the address.
func reachOf(a netip.Addr) reach {
	a = a.Unmap().WithZone("")
	b := a.As16()
	switch {
	case nat64.Contains(a):
		a = netip.AddrFrom4([4]byte(b[12:16]))
	case six4.Contains(a):
		a = netip.AddrFrom4([4]byte(b[2:6]))
	}
	for _, p := range forbiddenNets {
		if p.Contains(a) {
			return forbidden
		}
	}
	for _, p := range privateNets {
		if p.Contains(a) {
			return private
		}
	}
	return public
}

// isLoopback tells whether a host, with or without a port, is this machine
// by its name alone.
func isLoopback(host string) bool {
	h := hostname(host)
	if h == "localhost" || strings.HasSuffix(h, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(h)
	return err == nil && a.Unmap().IsLoopback()
}

// hostname is a host without its port and brackets, in lower case.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
}

// dialer opens the connections of a client.
type dialer struct {
	net.Dialer
	reachOf func(netip.Addr) reach

	mu    sync.Mutex
	homes map[string]reach // of the registries that were dialled, by host and port
}

var errRebound = errors.New("its name led to the open internet before and now leads inside")

// home dials a registry that the user named, wherever it is, and remembers
// where that was.
func (d *dialer) home(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	to, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return conn, nil // not an internet address: nothing to remember
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.reachOf(to.Addr())
	if before, known := d.homes[address]; known && before == public && now != public {
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w: %w", address, ErrAddress, errRebound)
	}
	if d.homes == nil {
		d.homes = map[string]reach{}
	}
	d.homes[address] = now
	return conn, nil
}

// away dials a host that some registry sent us to. The address is looked at
// after the name was resolved and before the connection is made, so a name
// that changes its address in between gains nothing.
func (d *dialer) away(furthest reach) func(context.Context, string, string) (net.Conn, error) {
	guarded := d.Dialer
	guarded.Control = func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%s: %w", address, ErrAddress)
		}
		if d.reachOf(to.Addr()) > furthest {
			return fmt.Errorf("%w: a registry may not send us to %s", ErrAddress, to.Addr())
		}
		return nil
	}
	return guarded.DialContext
}

// wasPublic tells whether the registry at host was, or has to be taken as,
// one on the open internet.
func (d *dialer) wasPublic(scheme, host string) bool {
	address := host
	if _, _, err := net.SplitHostPort(host); err != nil {
		port := "443"
		if scheme == "http" {
			port = "80"
		}
		address = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if at, known := d.homes[address]; known {
		return at == public
	}
	return d.nameReach(host) == public
}

// nameReach is what a host's name alone tells: names are public until they
// are dialled.
func (d *dialer) nameReach(host string) reach {
	if a, err := netip.ParseAddr(hostname(host)); err == nil {
		return d.reachOf(a)
	}
	if isLoopback(host) {
		return private
	}
	return public
}
