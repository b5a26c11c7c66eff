package netpol

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// mention is a host that a text names, and how.
type mention struct {
	host   string // lower case, without a final dot
	port   int    // 0 when none is given
	scheme string // of the URL that it stands in
	alone  bool   // it is all of the text, or of an item of a list
}

// mentions finds what may be hosts in a text: in URLs, as host:port, or
// alone. Whether they are is for others to say.
func mentions(text string) []mention {
	var out []mention
	for i := 0; i < len(text); {
		if !hostByte(text[i]) {
			i++
			continue
		}
		start := i
		for i < len(text) && hostByte(text[i]) {
			i++
		}
		m := mention{host: strings.ToLower(strings.Trim(text[start:i], ".-"))}
		if i < len(text) && text[i] == ':' {
			m.port, i = portAt(text, i)
		}
		before := text[:start]
		if slashes := strings.LastIndex(before, "//"); slashes >= 0 && strings.HasSuffix(before, "@") {
			before = before[:slashes+2] // without the user's name
		}
		if rest, ok := strings.CutSuffix(before, "://"); ok {
			m.scheme = strings.ToLower(rest[strings.LastIndexFunc(rest, func(r rune) bool { return !schemeRune(r) })+1:])
		}
		m.alone = (start == 0 || strings.IndexByte(" ,;=\n\t\"'", text[start-1]) >= 0) &&
			(i == len(text) || strings.IndexByte(" ,;\n\t\r\"'", text[i]) >= 0)
		if m.host != "" && (m.scheme != "" || m.port > 0 || m.alone) {
			out = append(out, m)
		}
	}
	return out
}

func hostByte(c byte) bool {
	return c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func schemeRune(r rune) bool {
	return r == '+' || r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// portAt reads ":8080" and says where it ends; 0 where it is no port.
func portAt(text string, colon int) (port, end int) {
	end = colon + 1
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	port, err := strconv.Atoi(text[colon+1 : end])
	if err != nil || port < 1 || port > maxPort || end < len(text) && hostByte(text[end]) {
		return 0, colon + 1
	}
	return port, end
}

// schemePorts are the ports that URLs mean when they give none.
var schemePorts = map[string]int{
	"http": 80, "https": 443, "ws": 80, "wss": 443, "grpc": 443, "grpcs": 443, "ftp": 21, "sftp": 22, "ssh": 22, "git": 9418,
	"postgres": 5432, "postgresql": 5432, "mysql": 3306, "mongodb": 27017, "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671,
	"nats": 4222, "kafka": 9092, "ldap": 389, "ldaps": 636, "smtp": 25, "smtps": 465, "memcached": 11211, "mqtt": 1883, "mqtts": 8883,
}

// service finds the service that a host in a namespace means.
func (c *Cluster) service(host, namespace string) *Service {
	parts := strings.Split(host, ".")
	find := func(name, in string) *Service {
		for i := range c.Services {
			if s := &c.Services[i]; s.Name == name && s.Namespace == in {
				return s
			}
		}
		return nil
	}
	inCluster := len(parts) <= 2 || slices.Contains(parts, "svc") || len(parts) == 3
	switch {
	case len(parts) == 1:
		return find(parts[0], namespace)
	case !inCluster:
		return nil
	}
	if s := find(parts[0], parts[1]); s != nil {
		return s
	}
	if len(parts) == 2 { // a pod of a headless service
		return find(parts[1], namespace)
	}
	return find(parts[1], parts[2])
}

// fileEndings tell the name of a file from that of a host, where neither a
// scheme nor a service does.
var fileEndings = strings.Fields("jar war conf cfg cnf ini yaml yml json toml xml properties txt log sh py js ts rb pl go md html css pem crt key sock pid so gz tgz zip db sql")

// foreign reports whether a mention is surely of something outside, and not
// a file name, a version or the container itself.
func (m *mention) foreign() bool {
	if addr, err := netip.ParseAddr(m.host); err == nil {
		return !addr.IsLoopback() && !addr.IsUnspecified() && (m.port > 0 || m.scheme != "")
	}
	last := m.host[strings.LastIndexByte(m.host, '.')+1:]
	switch {
	case !strings.Contains(m.host, "."), last == "local", last == "localhost", last == "svc", last == "internal", last == "":
		return false
	case m.scheme != "":
		return schemePorts[m.scheme] > 0 || m.port > 0
	}
	if slices.Contains(fileEndings, last) {
		return false
	}
	return m.port > 0 && len(last) >= 2 && strings.IndexFunc(last, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// number is the port that the mention means, 0 when it says none.
func (m *mention) number() int {
	if m.port > 0 {
		return m.port
	}
	return schemePorts[m.scheme]
}
