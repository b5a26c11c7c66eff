package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal/watch"
)

// syslogger speaks RFC 5424, over a datagram socket (RFC 5426, or the local
// /dev/log) or a stream with counted octets (RFC 6587, RFC 5425).
type syslogger struct {
	network, address string
	config           *tls.Config
	pid              string
	now              func() time.Time

	mu   sync.Mutex
	conn net.Conn
}

const dialTimeout = 10 * time.Second

func openSyslog(dest string, o *Options) (Sink, error) {
	if dest == "" {
		dest = "unix:///dev/log"
	}
	u, err := url.Parse(dest)
	if err != nil {
		return nil, errors.New("want unix:///PATH, udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT")
	}
	s := &syslogger{network: u.Scheme, address: u.Host, pid: strconv.Itoa(os.Getpid()), now: o.Now}
	port := "514"
	switch u.Scheme {
	case "unix":
		s.network, s.address, port = "unixgram", u.Path, ""
	case "udp":
	case "tcp":
		port = "601"
	case "tls":
		port = "6514"
		s.config = o.TLS.Clone()
		if s.config == nil {
			s.config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		s.config.ServerName = u.Hostname()
	default:
		return nil, fmt.Errorf("%s: want unix, udp, tcp or tls", u.Scheme)
	}
	if s.address == "" {
		return nil, fmt.Errorf("%s has no address", dest)
	}
	if port != "" && u.Port() == "" {
		s.address = net.JoinHostPort(u.Hostname(), port)
	}
	spool, err := o.spool("syslog", dest)
	if err != nil {
		return nil, err
	}
	q := newQueue("syslog "+u.Scheme+"://"+u.Host+u.Path, 100, spool, o, s.send)
	q.hangUp = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conn != nil {
			_ = s.conn.Close()
		}
	}
	return q, nil
}

func (s *syslogger) send(ctx context.Context, batch []*watch.Alert) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		conn, err := s.dial(ctx)
		if err != nil {
			return err
		}
		s.conn = conn
	}
	for _, a := range batch {
		if err := s.conn.SetWriteDeadline(s.now().Add(dialTimeout)); err != nil {
			return s.drop(err)
		}
		if _, err := s.conn.Write(s.frame(message(a, s.pid))); err != nil {
			return s.drop(err)
		}
	}
	return nil
}

func (s *syslogger) drop(err error) error {
	_ = s.conn.Close()
	s.conn = nil
	return fmt.Errorf("write: %w", err)
}

func (s *syslogger) dial(ctx context.Context) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout}
	if s.network == "tls" {
		return (&tls.Dialer{NetDialer: d, Config: s.config}).DialContext(ctx, "tcp", s.address)
	}
	conn, err := d.DialContext(ctx, s.network, s.address)
	if err != nil && s.network == "unixgram" { // some daemons listen on a stream
		if stream, streamErr := d.DialContext(ctx, "unix", s.address); streamErr == nil {
			return stream, nil
		}
	}
	return conn, err
}

// frame counts the octets of a message on a stream of TCP, where nothing else
// tells where it ends. Datagrams are cut where receivers must take them no
// longer (RFC 5424, section 6.1); the local daemon's stream ends with a zero.
func (s *syslogger) frame(m []byte) []byte {
	switch {
	case s.network == "tcp" || s.network == "tls":
		return append(strconv.AppendInt(nil, int64(len(m)), 10), append([]byte(" "), m...)...)
	case s.conn.RemoteAddr().Network() == "unix":
		return append(m, 0)
	}
	const most = 8192
	return m[:min(len(m), most)]
}

// message is an alert as RFC 5424 has it: facility "security/authorization
// messages (private)" and the rule's priority, which is syslog's severity.
func message(a *watch.Alert, pid string) []byte {
	const facility = 10
	host := clean(a.Hostname, 255)
	data := fmt.Sprintf("[boltseal@32473 id=\"%s\" rule=\"%s\" priority=\"%s\" source=\"%s\" count=\"%d\"]",
		param(a.ID), param(a.Rule), a.Priority, param(a.Source), max(a.Count, 1))
	return fmt.Appendf(nil, "<%d>1 %s %s boltseal %s alert %s %s", facility*8+int(a.Priority),
		a.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), host, pid, data, strings.ReplaceAll(a.Output, "\n", " "))
}

// clean makes a header's word of a text: printable ASCII without blanks.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= 32 || r >= 127 {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

var paramEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`, "\n", " ")

func param(s string) string { return paramEscapes.Replace(s) }
