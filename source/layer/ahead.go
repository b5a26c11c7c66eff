package layer

import (
	"errors"
	"io"
	"sync"
)

const (
	bufferSize = 128 << 10
	buffers    = 4 // of each stage
)

// errStopped is what a stage gives after it was told to stop.
var errStopped = errors.New("stopped")

// ahead reads from an io.Reader in a goroutine of its own, so that fetching,
// inflating and hashing one layer overlap where a core is idle. Its user gets
// the bytes buffer by buffer, without copying, or as from any reader.
type ahead struct {
	full chan []byte
	free chan []byte
	quit chan struct{}
	once sync.Once
	done sync.WaitGroup
	err  error // why full was closed

	held []byte // given out last
	cur  []byte // the part of it that is to be given again
}

// newAhead starts reading r. each, when it is not nil, sees every buffer, in
// the goroutine that reads.
func newAhead(r io.Reader, pool *sync.Pool, each func([]byte)) *ahead {
	a := &ahead{
		full: make(chan []byte, buffers),
		free: make(chan []byte, buffers),
		quit: make(chan struct{}),
	}
	a.done.Go(func() { a.run(r, pool, each) })
	return a
}

func (a *ahead) run(r io.Reader, pool *sync.Pool, each func([]byte)) {
	defer close(a.full)
	taken := 0
	for {
		var buf []byte
		select {
		case buf = <-a.free:
		case <-a.quit:
			a.err = errStopped
			return
		default:
			if taken < buffers {
				taken++
				buf = *pool.Get().(*[]byte)
				break
			}
			select {
			case buf = <-a.free:
			case <-a.quit:
				a.err = errStopped
				return
			}
		}
		n, err := fill(r, buf[:bufferSize])
		if n > 0 {
			if each != nil {
				each(buf[:n])
			}
			select {
			case a.full <- buf[:n]:
			case <-a.quit:
				a.err = errStopped
				return
			}
		}
		if err != nil {
			a.err = err
			return
		}
	}
}

// fill reads until p is full or there is an error.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = r.Read(p[n:])
		n += k
	}
	return n, err
}

// next gives the next buffer, valid until the call after.
func (a *ahead) next() ([]byte, error) {
	if len(a.cur) > 0 {
		b := a.cur
		a.cur = nil
		return b, nil
	}
	if a.held != nil {
		a.free <- a.held[:bufferSize]
		a.held = nil
	}
	buf, ok := <-a.full
	if !ok {
		return nil, a.err
	}
	a.held = buf
	return buf, nil
}

// Read reads as from the reader underneath.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.cur) == 0 {
		buf, err := a.next()
		if err != nil {
			return 0, err
		}
		a.cur = buf
	}
	n := copy(p, a.cur)
	a.cur = a.cur[n:]
	return n, nil
}

// stop makes the goroutine end. Whoever waits for it must see to it that a
// read in progress ends as well.
func (a *ahead) stop() { a.once.Do(func() { close(a.quit) }) }

// wait waits for the goroutine and puts the buffers back.
func (a *ahead) wait(pool *sync.Pool) {
	a.done.Wait()
	if a.held != nil {
		a.free <- a.held[:bufferSize]
		a.held = nil
	}
	for buf := range a.full {
		pool.Put(&buf)
	}
	for {
		select {
		case buf := <-a.free:
			pool.Put(&buf)
		default:
			return
		}
	}
}
