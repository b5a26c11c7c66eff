package serve

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// buckets let each client do so much a second and a little more at once.
type buckets struct {
	rate  float64
	burst float64
	now   func() time.Time
	mu    sync.Mutex
	byKey map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// maxBuckets bounds how many clients are told apart at once.
const maxBuckets = 20_000

func newBuckets(rate float64, burst int, now func() time.Time) *buckets {
	return &buckets{rate: rate, burst: float64(burst), now: now, byKey: map[string]*bucket{}}
}

// take takes one, or tells how long to wait for it.
func (b *buckets) take(key string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	k := b.byKey[key]
	if k == nil {
		if len(b.byKey) >= maxBuckets {
			b.forget(now)
		}
		k = &bucket{left: b.burst, at: now}
		b.byKey[key] = k
	}
	k.left = math.Min(b.burst, k.left+b.rate*now.Sub(k.at).Seconds())
	k.at = now
	if k.left < 1 {
		return time.Duration((1 - k.left) / b.rate * float64(time.Second))
	}
	k.left--
	return 0
}

// forget drops the clients that have all of theirs again; where that is
// nobody, anybody: rather too much is let through than memory grows.
func (b *buckets) forget(now time.Time) {
	for key, k := range b.byKey {
		if k.left+b.rate*now.Sub(k.at).Seconds() >= b.burst {
			delete(b.byKey, key)
		}
	}
	for key := range b.byKey {
		if len(b.byKey) < maxBuckets {
			return
		}
		delete(b.byKey, key)
	}
}

// budget bounds the bytes of all uploads at once.
type budget struct {
	all  *semaphore.Weighted
	size int64
}

func newBudget(size int64) *budget { return &budget{semaphore.NewWeighted(size), size} }

// Reserve waits until n bytes of an upload may be in memory. The caller calls
// done when they are not any more.
func (s *Server) Reserve(ctx context.Context, n int64) (done func(), err error) {
	n = max(1, min(n, s.memory.size))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.memory.all.Acquire(ctx, n); err != nil {
		return nil, &Status{http.StatusServiceUnavailable, "too many uploads at once; try again"}
	}
	return func() { s.memory.all.Release(n) }, nil
}

// client is the address that a request comes from. What a proxy says of it
// is believed of known proxies only.
func (s *Server) client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
	for i := len(hops) - 1; i >= 0 && s.proxy(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next
	}
	return addr.Unmap().String()
}

func (s *Server) proxy(addr netip.Addr) bool {
	for _, p := range s.opts.Proxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// limit refuses a client that asks too often.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait := s.clients.take(s.client(r)); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
			s.refuse(w, r, &Status{http.StatusTooManyRequests, "too many requests; wait a moment"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// secure sets the headers that keep browsers from being used against people.
func (s *Server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if s.opts.TLS != nil || strings.HasPrefix(s.opts.URL, "https://") {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// recover answers for a part that panics, and says so in the log.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			switch {
			case p == nil:
			case p == http.ErrAbortHandler: //nolint:errorlint // it is that very value
				panic(p)
			default:
				s.opts.Log.Error("a handler panicked", "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				s.refuse(w, r, fmt.Errorf("panic: %v", p))
			}
		}()
		next.ServeHTTP(w, r)
	})
}
