package registry

// White box: a test cannot stand on the open internet, so these tests say
// which loopback addresses count as being there.

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestReachOf(t *testing.T) {
	for s, want := range map[string]reach{
		"93.184.216.34": public, "2606:2800:220:1::1": public, "203.0.113.9": public,
		"10.1.2.3": private, "172.31.0.1": private, "192.168.1.1": private, "127.0.0.1": private, "127.8.8.8": private,
		"100.64.0.1": private, "::1": private, "fd00::1": private, "::ffff:10.0.0.1": private, "::ffff:127.0.0.1": private,
		"64:ff9b::7f00:1": private, "2002:7f00:1::": private, "64:ff9b::8.8.8.8": public,
		"169.254.169.254": forbidden, "fe80::1%eth0": forbidden, "0.0.0.0": forbidden, "::": forbidden,
		"224.0.0.1": forbidden, "255.255.255.255": forbidden, "::ffff:169.254.169.254": forbidden, "64:ff9b::a9fe:a9fe": forbidden,
	} {
		if got := reachOf(netip.MustParseAddr(s)); got != want {
			t.Errorf("%s: got %d, want %d", s, got, want)
		}
	}
}

// worlds puts 127.0.0.1 on the open internet, 127.0.0.2 inside our network
// and 127.0.0.3 where a metadata service is.
func worlds(a netip.Addr) reach {
	switch a.Unmap().String() {
	case "127.0.0.1":
		return public
	case "127.0.0.3":
		return forbidden
	}
	return private
}

func serveAt(t *testing.T, address string, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("no second loopback address: %v", err)
	}
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestRedirectsInside(t *testing.T) {
	for _, c := range []struct {
		from, to string
		refused  bool
	}{
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{"127.0.0.1:0", "127.0.0.2:0", true},
		{"127.0.0.2:0", "127.0.0.2:0", false},
		{"127.0.0.2:0", "127.0.0.1:0", false},
		{"127.0.0.1:0", "127.0.0.3:0", true},
		{"127.0.0.2:0", "127.0.0.3:0", true},
		{"127.0.0.3:0", "127.0.0.3:0", true},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			knocked := false
			store := serveAt(t, c.to, func(w http.ResponseWriter, _ *http.Request) {
				knocked = true
				fmt.Fprint(w, "blob")
			})
			home := serveAt(t, c.from, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://"+store+"/", http.StatusFound)
			})
			cl, err := New(&Options{PlainHTTP: true})
			if err != nil {
				t.Fatal(err)
			}
			cl.dial.reachOf = worlds
			r, err := ParseRef(home + "/a")
			if err != nil {
				t.Fatal(err)
			}
			_, err = cl.ReadBlob(t.Context(), r, Describe("", []byte("blob")))
			if errors.Is(err, ErrAddress) != c.refused || knocked == c.refused {
				t.Errorf("got %v, knocked %v, want refusal %v", err, knocked, c.refused)
			}
		})
	}
}

// A name is judged by the address that it leads to when it is dialled: the
// name in a redirect may say anything.
func TestRedirectByName(t *testing.T) {
	knocked := false
	store := serveAt(t, "127.0.0.2:0", func(http.ResponseWriter, *http.Request) { knocked = true })
	cl, err := New(&Options{PlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	cl.dial.reachOf = worlds
	if _, err := cl.dial.away(public)(t.Context(), "tcp", store); !errors.Is(err, ErrAddress) {
		t.Errorf("got %v, want a refusal before the connection", err)
	}
	_, port, _ := strings.Cut(store, ":")
	cl.dial.reachOf = func(netip.Addr) reach { return private } // wherever localhost leads
	if _, err := cl.dial.away(public)(t.Context(), "tcp", "localhost:"+port); !errors.Is(err, ErrAddress) {
		t.Errorf("got %v, want a refusal of a name that leads inside", err)
	}
	if knocked {
		t.Error("a connection was made")
	}
}

func TestRebinding(t *testing.T) {
	home := serveAt(t, "127.0.0.1:0", func(http.ResponseWriter, *http.Request) {})
	cl, err := New(&Options{PlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	cl.dial.reachOf = worlds
	conn, err := cl.dial.home(t.Context(), "tcp", home)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	cl.dial.reachOf = func(netip.Addr) reach { return private }
	if _, err := cl.dial.home(t.Context(), "tcp", home); !errors.Is(err, ErrAddress) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestLiteralAddressesBehindOwnTransport(t *testing.T) {
	asked := 0
	cl, err := New(&Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked++
		w := httptest.NewRecorder()
		http.Redirect(w, r, "https://192.168.7.7/x", http.StatusFound)
		return w.Result(), nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := ParseRef("registry.example.com/a")
	if _, err := cl.Manifest(t.Context(), r); !errors.Is(err, ErrAddress) || asked != 1 {
		t.Errorf("got %v after %d requests", err, asked)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func FuzzParseChallenges(f *testing.F) {
	for _, s := range []string{
		`Bearer realm="https://auth.example/token",service="x",scope="repository:a:pull,push"`,
		`Basic realm="a", Bearer realm=b`, `Negotiate`, `Digest a="\"", b=c`, `Bearer =`, `,,, x`, `Basic realm="`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range parseChallenges([]string{s}) {
			if c.scheme == "" || c.scheme != strings.ToLower(c.scheme) || c.params == nil {
				t.Fatalf("parseChallenges(%q) gave %+v", s, c)
			}
		}
	})
}

func TestParseChallenges(t *testing.T) {
	got := parseChallenges([]string{
		`Basic realm="x, \"y\"", Bearer realm="https://a/t" , service=b,scope="repository:a:pull,push"`, "Negotiate",
	})
	want := `[{basic map[realm:x, "y"]} {bearer map[realm:https://a/t scope:repository:a:pull,push service:b]} {negotiate map[]}]`
	if fmt.Sprint(got) != want {
		t.Errorf("got %v\nwant %s", got, want)
	}
}
