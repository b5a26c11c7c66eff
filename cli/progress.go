package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/boltseal/boltseal/advisory"
	"github.com/boltseal/boltseal/scan"
)

// progress draws one line on a terminal's standard error, and nothing at all
// anywhere else.
type progress struct {
	env   *Env
	mu    sync.Mutex
	drawn time.Time
	shown bool
}

// every is how often the line is drawn anew at most.
const every = 100 * time.Millisecond

func (p *progress) update(s scan.Progress) {
	switch {
	case s.Total > 0:
		p.line(fmt.Sprintf("%s %s of %s (%d%%)", s.Phase, size(s.Bytes), size(s.Total), 100*s.Bytes/s.Total))
	case s.Bytes > 0:
		p.line(s.Phase + " " + size(s.Bytes))
	default:
		p.line(s.Phase)
	}
}

// download draws the progress of a database update.
func (p *progress) download(d advisory.Progress) {
	p.line("fetch " + d.What + " " + size(d.Bytes))
}

func (p *progress) line(text string) {
	if !p.env.StderrTTY {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.env.Now()
	if p.shown && now.Sub(p.drawn) < every {
		return
	}
	p.drawn, p.shown = now, true
	fmt.Fprint(p.env.Stderr, "\r\x1b[K"+text)
}

// clear takes the line away again.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.env.Stderr, "\r\x1b[K")
	}
	p.shown = false
}

// size is n bytes as a person reads it.
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, suffix := float64(n), ""
	for _, suffix = range []string{"kB", "MB", "GB", "TB"} {
		if value /= unit; value < unit {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", value, suffix)
}
