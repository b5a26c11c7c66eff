package advisory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"runtime"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// batch is a run of documents that one goroutine decodes, and what came of
// them. Batches are taken in the order in which they were cut, so the
// database does not depend on who was faster.
type batch struct {
	docs   []document
	out    []decoded
	frames [][]byte
	done   chan struct{}
}

// decoded is one record, with the place of its text among the batch's
// blocks; or why there is none.
type decoded struct {
	label     string
	record    *record
	block, at uint64
	err       error
	unread    bool // the error is of the disk or the archive
}

// Batches and blocks end where the hash of an id says so, not after so many
// records: one record more or less in the middle of an archive then changes
// one block, and all others stay the bytes that they were. Deltas live on
// that.
const (
	batchSize  = 512 // on average above the least
	leastBatch = 256
	mostBatch  = 2048
	leastBlock = blockSize / 2
	mostBlock  = 4 * blockSize
)

// endsRun says whether a run ends behind the record of that name, once in about
// every n.
func endsRun(name string, n uint64) bool { return hashKey(0, name)>>32%n == 0 }

// cutBatches gives runs of documents.
func cutBatches(docs []document) iter.Seq[[]document] {
	return func(yield func([]document) bool) {
		for len(docs) > 0 {
			n := 1
			for n < len(docs) && n < mostBatch && (n < leastBatch || !endsRun(docs[n-1].label(), batchSize-leastBatch)) {
				n++
			}
			if !yield(docs[:n]) {
				return
			}
			docs = docs[n:]
		}
	}
}

// decode reads documents of the OSV format and takes what they say of the
// ecosystems that keep wants. An empty feed gives each record the feed of its
// own first package.
func (b *builder) decode(ctx context.Context, feed string, docs []document, keep func(string) bool) error {
	return b.decodeAs(ctx, feed, docs, keep, decodeOSV)
}

// decodeAs is decode for documents of any format.
func (b *builder) decodeAs(ctx context.Context, feed string, docs []document, keep func(string) bool, parse parser) error {
	jobs := b.opts.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	group, ctx := errgroup.WithContext(ctx)
	work := make(chan *batch)
	order := make(chan *batch, 2*jobs) // also how far decoding runs ahead
	group.Go(func() error {
		defer close(work)
		defer close(order)
		for docs := range cutBatches(docs) {
			next := &batch{docs: docs, done: make(chan struct{})}
			select {
			case order <- next:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case work <- next:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range jobs {
		group.Go(func() error {
			w, err := newWorker(keep, parse)
			if err != nil {
				return err
			}
			for next := range work {
				w.run(next)
				close(next.done)
			}
			return nil
		})
	}
	group.Go(func() error {
		for next := range order {
			select {
			case <-next.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := b.collect(feed, next); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// collect takes a finished batch. What cannot be taken is left out by name.
// A file that cannot even be read is the feed's failure: its publisher does
// not serve it like that.
func (b *builder) collect(feed string, done *batch) error {
	first := uint64(len(b.spool.ends))
	for _, frame := range done.frames {
		if _, err := b.spool.add(frame); err != nil {
			return err
		}
	}
	for _, d := range done.out {
		name := feed
		if name == "" {
			name = feedOf(d.record)
		}
		if d.err != nil {
			label := d.label
			if d.record != nil && d.record.ID != "" {
				label = d.record.ID
			}
			b.left(name, clip(label), d.err.Error())
			if d.unread {
				b.feed(name).Error = fmt.Sprintf("read %s: %v", clip(label), d.err)
			}
			continue
		}
		b.take(name, d.record, first+d.block, d.at)
	}
	return nil
}

func feedOf(r *record) string {
	if r != nil && len(r.Affected) > 0 {
		return "osv/" + base(r.Affected[0].Ecosystem)
	}
	return "osv"
}

// parser reads one document. What it gives beside an error is only for the
// id in it.
type parser func(data []byte) (*record, error)

// worker decodes batches.
type worker struct {
	parse   parser
	keep    func(string) bool
	encoder *zstd.Encoder
	buf     []byte
	text    []byte // of the block that is being filled
}

func newWorker(keep func(string) bool, parse parser) (*worker, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return &worker{parse: parse, keep: keep, encoder: encoder}, nil
}

func (w *worker) run(next *batch) {
	for _, doc := range next.docs {
		data, err := doc.read(w.buf[:0])
		if err != nil {
			next.out = append(next.out, decoded{label: doc.label(), err: err, unread: true})
			continue
		}
		w.buf = data
		w.document(next, doc.label(), data)
	}
	w.flush(next)
	if cap(w.buf) > maxRecordBytes/4 {
		w.buf = nil
	}
}

// document takes a file apart that holds one record, or a list of them.
func (w *worker) document(next *batch, label string, data []byte) {
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '[' {
		w.record(next, label, data)
		return
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		next.out = append(next.out, decoded{label: label, err: err})
		return
	}
	for _, one := range list {
		w.record(next, label, one)
	}
}

func (w *worker) record(next *batch, label string, data []byte) {
	r, err := w.parse(data)
	if err != nil {
		next.out = append(next.out, decoded{label: label, record: r, err: err})
		return
	}
	if r != nil {
		w.put(next, label, r)
	}
}

// put adds a record to the batch, and its text to the block at hand.
func (w *worker) put(next *batch, label string, r *record) {
	w.restrict(r)
	d := decoded{label: label, record: r, block: uint64(len(next.frames)), at: uint64(len(w.text))}
	if r.Withdrawn.IsZero() && (r.bare || len(r.Affected) > 0) {
		w.text = appendText(w.text, &r.Advisory)
		w.close(next, r.ID)
	}
	next.out = append(next.out, d)
}

// close ends the block at hand if it is to end behind the record of that id.
func (w *worker) close(next *batch, id string) {
	if n := len(w.text); n >= mostBlock || n >= leastBlock && endsRun(id, 4) {
		w.flush(next)
	}
}

// restrict drops the packages of other ecosystems.
func (w *worker) restrict(r *record) {
	kept := 0
	for i := range r.Affected {
		if w.keep(r.Affected[i].Ecosystem) {
			r.Affected[kept], r.modules[kept] = r.Affected[i], r.modules[i]
			kept++
		}
	}
	clear(r.Affected[kept:])
	r.Affected, r.modules = r.Affected[:kept], r.modules[:kept]
}

// taker takes records one by one from a feed whose files are read from end to
// end.
type taker struct {
	b    *builder
	feed string
	w    *worker
	next batch
}

func (b *builder) taker(feed string) (*taker, error) {
	w, err := newWorker(func(string) bool { return true }, nil)
	if err != nil {
		return nil, err
	}
	return &taker{b: b, feed: feed, w: w}, nil
}

func (t *taker) add(r *record) error {
	t.w.put(&t.next, r.ID, r)
	if n := len(t.next.out); n < leastBatch || n < mostBatch && !endsRun(r.ID, batchSize-leastBatch) {
		return nil
	}
	return t.flush()
}

func (t *taker) flush() error {
	t.w.flush(&t.next)
	err := t.b.collect(t.feed, &t.next)
	t.next = batch{}
	return err
}

func (w *worker) flush(next *batch) {
	if len(w.text) > 0 {
		next.frames = append(next.frames, w.encoder.EncodeAll(w.text, nil))
		w.text = w.text[:0]
	}
}
