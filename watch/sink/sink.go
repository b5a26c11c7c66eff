// Package sink is where alerts go: files, syslog, and receivers that are
// spoken to over HTTP. [Open] reads what a user writes behind -o and gives a
// [Sink].
//
// A receiver may be away. What it has not taken waits, in memory or in a
// [Spool] on disk, is offered again and again, and is taken at least once:
// every alert has an id, and who gets one twice can tell. Nothing is lost
// without being counted.
package sink

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/boltseal/boltseal/watch"
)

// Sink takes alerts.
type Sink interface {
	watch.Output
	// Close waits for what is still to be delivered until the context ends,
	// and says what was not.
	Close(ctx context.Context) error
}

// Options are the optional parameters of [Open].
type Options struct {
	Stdout     io.Writer
	Spool      string // folder for what receivers have not taken; memory alone when empty
	SpoolBytes int64  // of each receiver; 0 is 64 MiB
	TLS        *tls.Config
	UserAgent  string
	Errors     func(error)      // what goes wrong while alerts are delivered, told once for each stretch of failures
	Now        func() time.Time // for deadlines
	Retry      time.Duration    // the first pause after a failure; it doubles up to a minute; 0 is a second
}

const defaultSpool = 64 << 20

// formats are the forms of alerts, in the order in which help lists them.
var formats = []struct {
	name, help string
	open       func(dest string, o *Options) (Sink, error)
}{
	{"text", "a line each, to standard output or a file", func(dest string, o *Options) (Sink, error) { return openLines(dest, watch.TextLine, o) }},
	{"json", "an object a line, to standard output or a file", func(dest string, o *Options) (Sink, error) { return openLines(dest, watch.JSONLine, o) }},
	{"syslog", "RFC 5424, to unix:///dev/log, udp://HOST:514, tcp://HOST:601 or tls://HOST:6514", openSyslog},
	{"webhook", "a POST of the JSON object each, as Falcosidekick takes it", httpSink(webhook)},
	{"alertmanager", "Alertmanager's API v2", httpSink(alertmanager)},
	{"slack", "an incoming webhook of Slack, Mattermost or Rocket.Chat", httpSink(slack)},
	{"teams", "a workflow webhook of Microsoft Teams", httpSink(teams)},
	{"discord", "a webhook of Discord", httpSink(discord)},
	{"server", "a boltseal server", httpSink(server)},
}

// Formats lists what [Open] knows, a line each.
func Formats() []string {
	var out []string
	for _, f := range formats {
		out = append(out, fmt.Sprintf("%-12s  %s", f.name, f.help))
	}
	return out
}

// Open reads FORMAT or FORMAT=DESTINATION. For receivers over HTTP the
// destination is a URL, or @FILE: a file with the URL on its first line and
// headers on those that follow, so that secrets do not stand in the list of
// processes.
func Open(value string, o *Options) (Sink, error) {
	name, dest, _ := strings.Cut(value, "=")
	for _, f := range formats {
		if f.name == name {
			s, err := f.open(dest, o)
			if err != nil {
				return nil, fmt.Errorf("open %s: %w", name, err)
			}
			return s, nil
		}
	}
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return nil, fmt.Errorf("%q: no such format; there are %s", name, strings.Join(names, ", "))
}

func (o *Options) tell(err error) {
	if o.Errors != nil {
		o.Errors(err)
	}
}

func openLines(dest string, line func(*watch.Alert) ([]byte, error), o *Options) (Sink, error) {
	if dest == "" || dest == "-" {
		return &stream{w: o.Stdout, line: line}, nil
	}
	f := &file{name: dest, line: line}
	return f, f.reopen()
}

// stream writes lines to what somebody else opened.
type stream struct {
	w    io.Writer
	line func(*watch.Alert) ([]byte, error)

	mu sync.Mutex
}

// Alert implements [watch.Output].
func (s *stream) Alert(a *watch.Alert) error {
	line, err := s.line(a)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write alert: %w", err)
	}
	return nil
}

// Close has nothing to close.
func (s *stream) Close(context.Context) error { return nil }

// filePerm keeps alerts, which hold command lines, from other users.
const filePerm os.FileMode = 0o600
