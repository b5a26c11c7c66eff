// Package testpostgres starts a PostgreSQL server for one test run, on a
// socket in a folder of its own. A test that cannot have one is skipped and
// says why.
package testpostgres

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boltseal/boltseal/internal/tool"
)

// Server is a running PostgreSQL.
type Server struct {
	bin, dir string
	as       string // the user that it runs as; empty is this one
	mu       sync.Mutex
	number   int
}

// Shared is one server for all tests of a package.
type Shared struct {
	mu     sync.Mutex
	server *Server
	reason string
}

// Main runs a package's tests and ends the server after them.
func (s *Shared) Main(m *testing.M) int {
	defer func() {
		if s.server != nil {
			s.server.end()
		}
	}()
	return m.Run()
}

// Of is the server, started at the first call.
func (s *Shared) Of(t testing.TB) *Server {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil && s.reason == "" {
		s.server, s.reason = begin(t)
	}
	if s.server == nil {
		t.Skip("SKIPPED, and so not tested on PostgreSQL: " + s.reason)
	}
	return s.server
}

func begin(t testing.TB) (server *Server, reason string) {
	t.Helper()
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		return nil, "it is not installed (apt-get install postgresql)"
	}
	slices.Sort(bins)
	s := &Server{bin: bins[len(bins)-1]}
	if os.Geteuid() == 0 { // it refuses to run as root
		for _, name := range []string{"postgres", "nobody"} {
			if _, err := user.Lookup(name); err == nil {
				s.as = name
				break
			}
		}
		if s.as == "" {
			return nil, "there is no user that it could run as"
		}
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil { //nolint:usetesting // it outlives the test that came first, and a socket's path must be short
		t.Fatal(err)
	}
	if err := os.Chmod(s.dir, 0o777); err != nil { //nolint:gosec // another user writes there
		t.Fatal(err)
	}
	s.must(t, "initdb", "-D", s.data(), "-A", "trust", "-U", "boltseal", "-E", "UTF8", "--locale=C", "-N")
	s.Up(t)
	return s, ""
}

func (s *Server) end() {
	s.Down("fast")
	_ = os.RemoveAll(s.dir)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Up starts the server after Down.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	s.must(t, "pg_ctl", "-D", s.data(), "-w", "-t", "60", "-l", filepath.Join(s.dir, "log"), "-o",
		"-c listen_addresses='' -c unix_socket_directories="+s.dir+" -c max_connections=200 -c shared_buffers=256MB", "start")
}

// Down stops the server: fast, or immediate as a crash does.
func (s *Server) Down(mode string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, _ = s.run(ctx, "pg_ctl", "-D", s.data(), "-w", "-m", mode, "stop") // it may be down already
}

// Database makes an empty database and gives its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	s.number++
	name := fmt.Sprintf("test%d", s.number)
	s.mu.Unlock()
	s.must(t, "createdb", "-h", s.dir, "-U", "boltseal", name)
	u := url.URL{Scheme: "postgres", User: url.User("boltseal"), Path: "/" + name, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

func (s *Server) must(t testing.TB, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if out, err := s.run(ctx, program, args...); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}

func (s *Server) run(ctx context.Context, program string, args ...string) (string, error) {
	args = append([]string{filepath.Join(s.bin, program)}, args...)
	if s.as != "" {
		args = append([]string{"runuser", "-u", s.as, "--"}, args...)
	}
	var out bytes.Buffer
	result, err := tool.Run(ctx, tool.Command{Name: args[0], Args: args[1:], Dir: os.TempDir(), Stdout: &out, Stderr: &out})
	if err == nil && result.Status != 0 {
		err = fmt.Errorf("exit status %d", result.Status)
	}
	return strings.TrimSpace(out.String()), err
}
