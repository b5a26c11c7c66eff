package watch

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync/atomic"
	"time"
)

// limiter lets so many alerts of a second through and counts the others by
// their rules.
type limiter struct {
	rate   int
	second int64
	sent   int
	over   map[string]any // rule → how many, as int64
	total  int64
	told   time.Time
}

// tellHeld is how often it is told that alerts were held back.
const tellHeld = 10 * time.Second

// maxHeldRules bounds the rules that are told by name.
const maxHeldRules = 100

func newLimiter(rate int) *limiter { return &limiter{rate: rate, over: map[string]any{}} }

func (l *limiter) allow(a *Alert) bool {
	if l.rate <= 0 {
		return true
	}
	if now := a.Time.Unix(); now != l.second {
		l.second, l.sent = now, 0
	}
	if l.sent++; l.sent <= l.rate {
		return true
	}
	l.total++
	name := a.Rule
	if _, ok := l.over[name]; !ok && len(l.over) >= maxHeldRules {
		name = "others"
	}
	n, _ := l.over[name].(int64)
	l.over[name] = n + 1
	return false
}

// held takes what was counted, when it is time to tell it.
func (l *limiter) held(now time.Time, all bool) (int64, map[string]any) {
	if l.total == 0 || !all && now.Sub(l.told) < tellHeld {
		return 0, nil
	}
	total, over := l.total, l.over
	l.total, l.over, l.told = 0, map[string]any{}, now
	return total, over
}

// idMaker names alerts: a random word for the run, and a number.
type idMaker struct {
	run string
	n   *atomic.Uint64
}

func newID() idMaker {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return idMaker{run: hex.EncodeToString(b[:]), n: &atomic.Uint64{}}
}

func (m idMaker) next() string { return m.run + "-" + strconv.FormatUint(m.n.Add(1), 10) }
