package enforce

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/boltseal/boltseal/sensor"
)

// Each file of the archive is a policy; its first line is a comment with the
// error that it must give, or with "ok".
func TestParse(t *testing.T) {
	data, err := os.ReadFile("testdata/policies.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse(data).Files {
		line, _, _ := strings.Cut(string(f.Data), "\n")
		want := strings.TrimPrefix(line, "# ")
		_, err := Parse(f.Name, f.Data)
		got := "ok"
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", f.Name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/policies.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range txtar.Parse(data).Files {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		all, enforced := p.Acts()
		if all == 0 || enforced&^all != 0 {
			t.Errorf("accepted a policy that forbids %v, in earnest %v", all, enforced)
		}
		for i := range p.Rules {
			if r := &p.Rules[i]; r.Match.matches(nil, "/") || r.Match.matches(nil, "/init.scope") {
				t.Errorf("rule %q is about the whole host", r.Name)
			}
		}
	})
}

func TestMatch(t *testing.T) {
	web := &sensor.Container{ID: "1", Engine: "docker", Name: "web-1", Image: "ghcr.io/acme/web:2", Repository: "ghcr.io/acme/web", Namespace: "shop", Pod: "web-abc", Labels: map[string]string{"app": "web"}}
	for _, test := range []struct {
		name  string
		match Match
		c     *sensor.Container
		group string
		want  bool
	}{
		{"everything", Match{}, web, "/docker/1", true},
		{"everything is no host", Match{}, nil, "/system.slice/ssh.service", false},
		{"a host group that is named", Match{Group: "/system.slice/ssh.*"}, nil, "/system.slice/ssh.service", true},
		{"a host group with an image", Match{Group: "/system.slice/*", Image: "*"}, nil, "/system.slice/ssh.service", false},
		{"image by repository", Match{Image: "ghcr.io/acme/web"}, web, "", true},
		{"image by glob", Match{Image: "ghcr.io/*"}, web, "", true},
		{"another image", Match{Image: "acme/web"}, web, "", false},
		{"namespace and label", Match{Namespace: "shop", Labels: map[string]string{"app": "w*"}}, web, "", true},
		{"a label that is missing", Match{Labels: map[string]string{"tier": "*"}}, web, "", false},
		{"container and pod", Match{Container: "web-?", Pod: "web-*"}, web, "", true},
	} {
		if got := test.match.matches(test.c, test.group); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// The kernel finds the narrowest network that an address lies in, and looks at
// its ports alone; the answer has to be that of all networks together.
func TestNets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		j := &judged{}
		for range 1 + random.IntN(6) {
			addr := netip.AddrFrom4([4]byte{10, byte(random.IntN(2)), byte(random.IntN(2)), byte(random.IntN(4))})
			n := Network{Prefix: netip.PrefixFrom(addr, []int{8, 15, 16, 24, 30, 32}[random.IntN(6)]).Masked()}
			if random.IntN(3) > 0 {
				low := uint16(random.IntN(20))
				n.Ports = append(n.Ports, Ports{low, low + uint16(random.IntN(5))})
			}
			j.networks = append(j.networks, n)
		}
		nets := j.nets(7)
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(random.IntN(2)), byte(random.IntN(2)), byte(random.IntN(4))}), uint16(random.IntN(25)))
		if got, want := narrowest(nets, to), j.allows(to); got != want {
			t.Fatalf("%v to %v: got %v, want %v", j.networks, to, got, want)
		}
	}
}

// narrowest decides as the kernel's side does.
func narrowest(nets map[netKey]netValue, to netip.AddrPort) bool {
	var found *netValue
	longest := uint32(0)
	for key, value := range nets {
		prefix := netip.PrefixFrom(netip.AddrFrom16(key.Addr), int(key.Prefix)-32)
		if prefix.Contains(netip.AddrFrom16(to.Addr().As16())) && key.Prefix > longest {
			longest, found = key.Prefix, &value
		}
	}
	if found == nil {
		return false
	}
	if found.Count == 0 {
		return true
	}
	for _, r := range found.Ports[:found.Count] {
		if to.Port() >= r.Low && to.Port() <= r.High {
			return true
		}
	}
	return false
}
