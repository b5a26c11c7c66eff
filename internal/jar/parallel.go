package jar

import (
	"slices"
	"sync"
	"sync/atomic"
)

// parallel reads the archives in an outermost one side by side, as far as
// there are goroutines to spare, and says whether it did. What it finds is in
// the order of the directory, as if they were read one after the other. If
// anything went past a ceiling it forgets all and says no: which archive a
// ceiling hits must not depend on who was first.
func (rd *reading) parallel(z *zipFile, entries []entry, inner string, parent, depth int) bool {
	if rd.opts.Spare == nil || depth > 0 || len(entries) < 2 || rd.left.over.Load() {
		return false
	}
	inflated, walked := rd.left.inflated.Load(), rd.left.entries.Load()
	c := &crew{rd: rd, z: z, entries: entries, inner: inner, depth: depth + 1, found: make([]findings, len(entries))}
	c.work(rd.tools)
	c.others.Wait()
	if c.panicked != nil {
		panic(c.panicked)
	}
	total := len(rd.artifacts)
	for i := range c.found {
		total += len(c.found[i].artifacts)
	}
	if rd.left.over.Load() || total > maxFound || rd.ctx.Err() != nil {
		rd.left.inflated.Store(inflated)
		rd.left.entries.Store(walked)
		rd.left.over.Store(false)
		return false
	}
	for i := range c.found {
		rd.adopt(&c.found[i], parent)
	}
	return true
}

// adopt adds what was found in an archive that the artifact parent holds.
func (rd *reading) adopt(f *findings, parent int) {
	first := len(rd.artifacts)
	rd.artifacts = slices.Grow(rd.artifacts, len(f.artifacts))
	for _, a := range f.artifacts {
		if a.Parent < 0 {
			a.Parent = parent
		} else {
			a.Parent += first
		}
		rd.artifacts = append(rd.artifacts, a)
	}
	for _, err := range f.errs {
		rd.note(err)
	}
}

// crew is the goroutines that read the archives in one archive.
type crew struct {
	rd       *reading
	z        *zipFile
	entries  []entry
	inner    string
	depth    int
	found    []findings
	next     atomic.Int64
	others   sync.WaitGroup
	mu       sync.Mutex
	panicked any
}

// findings are what one archive gave.
type findings struct {
	artifacts []Artifact
	errs      []error
}

// work takes one archive after the other, and asks for help while there is
// more to do.
func (c *crew) work(t *tools) {
	z := *c.z
	z.tools = t
	for {
		i := c.next.Add(1) - 1
		if i >= int64(len(c.entries)) || c.rd.ctx.Err() != nil || c.rd.left.over.Load() {
			return
		}
		if i+1 < int64(len(c.entries)) {
			c.recruit()
		}
		rd := &reading{ctx: c.rd.ctx, opts: c.rd.opts, limits: c.rd.limits, left: c.rd.left, tools: t}
		rd.note(rd.nested(&z, c.entries[i], c.inner, -1, c.depth))
		c.found[i] = findings{rd.artifacts, rd.errs}
	}
}

// recruit lets another goroutine work, too, if there is one. A panic in it is
// one of the caller's.
func (c *crew) recruit() {
	c.others.Add(1)
	taken := c.rd.opts.Spare(func() {
		defer c.others.Done()
		defer func() {
			if p := recover(); p != nil {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.panicked = p
			}
		}()
		t := c.rd.opts.Tools.get()
		defer c.rd.opts.Tools.put(t)
		c.work(t)
	})
	if !taken {
		c.others.Done()
	}
}
