// Package serve is the frame of boltseal's server: who may do what, TLS,
// health, metrics, limits, and a shutdown that loses nothing. [New] makes a
// [Server]; the packages below it - api, dashboard, gate and others - are
// mounted on it with Handle and HandleAuth.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/job"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/store"
)

// Options are what a server is made with. DB is needed.
type Options struct {
	DB      *store.DB
	Queue   *job.Queue // nil: what needs the queue answers that there is none
	Log     *slog.Logger
	Now     func() time.Time
	Version string
	TLS     *tls.Config    // nil: plain HTTP
	Proxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto are believed
	URL     string         // as browsers see the server
	Limits  Limits

	// Received is told of every report in the transaction that keeps it; nil
	// leaves it at that.
	Received func(context.Context, *store.Tx, *boltseal.Report, *store.Receipt) error
}

// Limits bound what one client may ask for. Zero values are the defaults.
type Limits struct {
	BodyBytes  int64         // of one upload, after inflation; 64 MiB
	InFlight   int64         // bytes of all uploads that are being read or kept; 512 MiB
	PerSecond  float64       // requests of one client; 200
	Burst      int           // 400
	LoginTries int           // of one client and of one name in 15 minutes; 10
	ReadTime   time.Duration // for a request, body included; 2 minutes
}

func (l Limits) withDefaults() Limits {
	if l.BodyBytes <= 0 {
		l.BodyBytes = 64 << 20
	}
	if l.InFlight <= 0 {
		l.InFlight = 512 << 20
	}
	if l.PerSecond <= 0 {
		l.PerSecond = 200
	}
	if l.Burst <= 0 {
		l.Burst = 400
	}
	if l.LoginTries <= 0 {
		l.LoginTries = 10
	}
	if l.ReadTime <= 0 {
		l.ReadTime = 2 * time.Minute
	}
	return l
}

// Server is the frame that the parts are mounted on.
type Server struct {
	opts     Options
	mux      *http.ServeMux
	sessions *scs.SessionManager
	metrics  *metrics
	clients  *buckets
	logins   *buckets
	memory   *budget
	kinds    map[string]func([]byte) error
}

// New makes a server that serves its health and metrics and nothing else.
func New(opts *Options) (*Server, error) {
	if opts == nil || opts.DB == nil {
		return nil, errors.New("serve: there is no store")
	}
	s := &Server{opts: *opts, mux: http.NewServeMux()}
	if s.opts.Log == nil {
		s.opts.Log = slog.New(slog.DiscardHandler)
	}
	if s.opts.Now == nil {
		s.opts.Now = s.opts.DB.Now
	}
	s.opts.Limits = s.opts.Limits.withDefaults()
	l := &s.opts.Limits
	s.clients = newBuckets(l.PerSecond, l.Burst, s.opts.Now)
	s.logins = newBuckets(float64(l.LoginTries)/(15*60), l.LoginTries, s.opts.Now)
	s.memory = newBudget(l.InFlight)
	s.sessions = s.newSessions()
	s.metrics = newMetrics(s)
	s.kinds = map[string]func([]byte) error{}
	s.DocumentKind("policy", func(data []byte) error { _, err := policy.Load("policy", data); return err })
	s.Handle("GET /healthz", http.HandlerFunc(s.health))
	s.Handle("GET /readyz", http.HandlerFunc(s.ready))
	s.Handle("GET /metrics", s.metrics.handler())
	return s, nil
}

// DB is the store that the server serves.
func (s *Server) DB() *store.DB { return s.opts.DB }

// Queue is where work is left; nil where nobody works.
func (s *Server) Queue() *job.Queue { return s.opts.Queue }

// Log is the server's log.
func (s *Server) Log() *slog.Logger { return s.opts.Log }

// Now is the server's clock.
func (s *Server) Now() time.Time { return s.opts.Now() }

// Version is the release that serves.
func (s *Server) Version() string { return s.opts.Version }

// Limits are the limits in force.
func (s *Server) Limits() Limits { return s.opts.Limits }

// DocumentKind lets people edit documents of a kind, which valid looks at
// before they are kept.
func (s *Server) DocumentKind(kind string, valid func([]byte) error) { s.kinds[kind] = valid }

// ValidDocument tells what is wrong with a document before it is kept.
func (s *Server) ValidDocument(kind string, data []byte) error {
	valid, ok := s.kinds[kind]
	if !ok {
		return errMissing
	}
	if err := valid(data); err != nil {
		return &Status{http.StatusUnprocessableEntity, err.Error()}
	}
	return nil
}

// Keep puts a report into a project, and leaves the work that follows.
func (s *Server) Keep(ctx context.Context, p *store.Project, r *boltseal.Report, who, key string) (*store.Receipt, error) {
	by := &store.Upload{Who: who, Key: key}
	if s.opts.Received != nil {
		by.Then = func(ctx context.Context, tx *store.Tx, receipt *store.Receipt) error {
			return s.opts.Received(ctx, tx, r, receipt)
		}
	}
	return s.opts.DB.Ingest(ctx, p, r, by)
}

// Register adds a part's own metrics.
func (s *Server) Register(c prometheus.Collector) error {
	if err := s.metrics.registry.Register(c); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

// Mux is where routes are kept, for parts that bring a router of their own.
// What is mounted there must ask Authorize itself.
func (s *Server) Mux() *http.ServeMux { return s.mux }

// Handle mounts what everybody may see.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// HandleAuth mounts what needs a right. A path with {project} is about that
// project.
func (s *Server) HandleAuth(pattern string, need Need, h http.Handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if err := s.Authorize(r, need, r.PathValue("project")); err != nil {
			s.refuse(w, r, err)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Handler is all of the server, for tests and for whoever has a listener of
// another kind.
func (s *Server) Handler() http.Handler {
	var h http.Handler = s.mux
	h = s.identify(h)
	h = s.sessions.LoadAndSave(h)
	h = s.limit(h)
	h = s.metrics.watch(h)
	h = s.secure(h)
	return s.recover(h)
}

// grace is how long requests may go on after the server was told to end.
const grace = 20 * time.Second

// Run listens at an address and serves until the context ends. ready is told
// where that is before anybody is answered.
func (s *Server) Run(ctx context.Context, address string, ready func(addr string) error) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := ready(l.Addr().String()); err != nil {
		return errors.Join(err, l.Close())
	}
	return s.Serve(ctx, l)
}

// Serve serves until the context ends, and then answers what it had begun.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       s.opts.Limits.ReadTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		TLSConfig:         s.opts.TLS,
		ErrorLog:          slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	done := make(chan error, 1)
	go func() {
		if s.opts.TLS != nil {
			done <- server.ServeTLS(l, "", "")
			return
		}
		done <- server.Serve(l)
	}()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) { // live pages never end by themselves
		err = server.Close()
	}
	if ended := <-done; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	if err != nil {
		return fmt.Errorf("end serving: %w", err)
	}
	return nil
}
