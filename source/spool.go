package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/boltseal/boltseal/internal/limit"
)

// archive is a run of bytes with random access.
type archive struct {
	io.ReaderAt
	size int64
}

func (a archive) section() *io.SectionReader { return io.NewSectionReader(a, 0, a.size) }

// spool keeps what r gives in a file without a name: the operating system
// removes it when the process ends, however it ends. Where a file cannot be
// without a name, Close removes it.
func (o *opener) spool(ctx context.Context, r io.Reader, what string) (archive, error) {
	f, err := os.CreateTemp(o.TempDir, "boltseal-*")
	if err != nil {
		return archive{}, fmt.Errorf("spool %s: %w", what, err)
	}
	o.keep(closeAndRemove{f, os.Remove(f.Name()) == nil})
	n, err := io.Copy(f, &counted{ctx: ctx, r: r, o: o, what: what})
	if err != nil {
		return archive{}, fmt.Errorf("spool %s: %w", what, err)
	}
	return archive{f, n}, nil
}

type closeAndRemove struct {
	*os.File
	removed bool
}

func (c closeAndRemove) Close() error {
	err := c.File.Close()
	if !c.removed {
		err = errors.Join(err, os.Remove(c.Name()))
	}
	return err
}

// counted ends a stream that breaks the quota or is no longer wanted.
type counted struct {
	ctx  context.Context // of the one copy that it is made for
	r    io.Reader
	o    *opener
	what string
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.o.mu.Lock()
	c.o.spooled += int64(n)
	over := c.o.Limits.Spool > 0 && c.o.spooled > c.o.Limits.Spool
	c.o.mu.Unlock()
	if over {
		return 0, &limit.Error{What: c.what, Max: c.o.Limits.Spool, Unit: "bytes in temporary files", Flag: "--max-spool-bytes"}
	}
	return n, err
}
