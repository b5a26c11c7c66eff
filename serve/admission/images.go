package admission

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/boltseal/boltseal"
)

// Answers are kept by digest. What a tag means is believed for less, and a
// refusal too, so that an image that is signed after all gets in soon. What
// could not be asked is not kept.
const (
	tagTTL     = 15 * time.Second
	refusalTTL = 30 * time.Second
	maxKept    = 20_000
	asking     = 30 * time.Second // one question, whoever waits for it
	mostAsking = 64
)

// images asks about images, once for all who ask at a time, and remembers.
type images struct {
	from  Images
	ttl   time.Duration
	now   func() time.Time
	group singleflight.Group
	slots chan struct{}

	mu    sync.Mutex
	tags  map[string]kept[boltseal.Digest]
	known map[string]kept[*boltseal.Report]
}

type kept[T any] struct {
	value T
	until time.Time
}

func newImages(from Images, ttl time.Duration, now func() time.Time) *images {
	return &images{from: from, ttl: ttl, now: now, slots: make(chan struct{}, mostAsking), tags: map[string]kept[boltseal.Digest]{}, known: map[string]kept[*boltseal.Report]{}}
}

// ask is what the policy says of an image. A question goes on when nobody
// waits any more: the next who asks finds its answer.
func (im *images) ask(ctx context.Context, image string) (*boltseal.Report, error) {
	if r := im.remembered(image); r != nil {
		return r, nil
	}
	answer := im.group.DoChan(image, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), asking)
		defer cancel()
		select {
		case im.slots <- struct{}{}:
			defer func() { <-im.slots }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return im.look(ctx, image)
	})
	select {
	case got := <-answer:
		if got.Err != nil {
			return nil, got.Err
		}
		return got.Val.(*boltseal.Report), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// remembered is an answer that still holds; nil when there is none.
func (im *images) remembered(image string) *boltseal.Report {
	now := im.now()
	im.mu.Lock()
	defer im.mu.Unlock()
	digest, ok := pinned(image)
	if !ok {
		tag := im.tags[image]
		if !now.Before(tag.until) {
			return nil
		}
		digest = tag.value
	}
	if k := im.known[key(image, digest)]; now.Before(k.until) {
		return k.value
	}
	return nil
}

// look asks the registry, and keeps what it says.
func (im *images) look(ctx context.Context, image string) (*boltseal.Report, error) {
	digest, ok := pinned(image)
	if !ok {
		var err error
		if digest, err = im.from.Resolve(ctx, image); err != nil {
			return nil, err
		}
		im.mu.Lock()
		keep(im.tags, image, digest, im.now(), tagTTL)
		im.mu.Unlock()
		if r := im.remembered(image); r != nil {
			return r, nil
		}
	}
	r, err := im.from.Check(ctx, image, digest)
	if err != nil {
		return nil, err
	}
	if r.Artifact.Digest != digest {
		return nil, fmt.Errorf("asked about %s, and the answer is about %s", digest, r.Artifact.Digest)
	}
	if len(r.Gaps) > 0 {
		return r, nil
	}
	ttl := im.ttl
	if len(r.Findings) > 0 {
		ttl = min(ttl, refusalTTL)
	}
	im.mu.Lock()
	defer im.mu.Unlock()
	keep(im.known, key(image, digest), r, im.now(), ttl)
	return r, nil
}

// keep remembers something, and forgets what no longer holds, or else
// anything, when there is too much.
func keep[T any](m map[string]kept[T], key string, value T, now time.Time, ttl time.Duration) {
	if len(m) >= maxKept {
		for k, v := range m {
			if !now.Before(v.until) {
				delete(m, k)
			}
		}
		for k := range m {
			if len(m) < maxKept {
				break
			}
			delete(m, k)
		}
	}
	m[key] = kept[T]{value, now.Add(ttl)}
}

// pinned is the digest that an image's name holds.
func pinned(image string) (boltseal.Digest, bool) {
	_, digest, ok := strings.Cut(image, "@")
	return boltseal.Digest(digest), ok
}

// key names the bytes in their repository: a policy may ask more of one
// repository than of another.
func key(image string, digest boltseal.Digest) string {
	name, _, _ := strings.Cut(image, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return name + "@" + string(digest)
}
