package sink

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/boltseal/boltseal/internal/atomicfile"
)

// Spool keeps records on disk in the order in which they came, until they are
// taken. What Append has returned from is on the disk: neither kill -9 nor a
// power cut loses it. A record is at most half of what the spool may hold.
//
// It is a folder of segments, each a row of records (length, checksum, bytes),
// and a file that says where the reader is. A segment that was read is removed.
type Spool struct {
	dir string
	max int64

	mu       sync.Mutex
	segments []uint64 // that exist, oldest first; the last one is written to
	sizes    map[uint64]int64
	out      *os.File
	at       place
	pending  int64
	damaged  int64 // records whose checksum did not hold, and what stood behind them
}

// place is where a reader is.
type place struct {
	Segment uint64 `json:"segment"`
	Offset  int64  `json:"offset"`
}

// ErrFull says that a spool holds as much as it may.
var ErrFull = errors.New("the spool is full")

const (
	segmentBytes = 1 << 20
	recordHead   = 8
	maxRecord    = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenSpool opens a folder, or makes it. What a crash left half written at the
// end is cut off.
func OpenSpool(dir string, most int64) (*Spool, error) {
	if most <= 0 {
		most = defaultSpool
	}
	s := &Spool{dir: dir, max: most, sizes: map[uint64]int64{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	for _, e := range entries {
		if number, ok := strings.CutSuffix(e.Name(), ".seg"); ok {
			if n, err := strconv.ParseUint(number, 10, 64); err == nil {
				s.segments = append(s.segments, n)
			}
		}
	}
	slices.Sort(s.segments)
	data, err := os.ReadFile(filepath.Join(dir, "reader"))
	if err == nil && json.Unmarshal(data, &s.at) != nil {
		s.at = place{} // everything is offered again: at least once, not at most
	}
	if err := s.measure(); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	return s, nil
}

// measure counts what is there, removes what was read and cuts what is half
// written.
func (s *Spool) measure() error {
	keep := s.segments[:0]
	for i, n := range s.segments {
		if n < s.at.Segment {
			_ = os.Remove(s.name(n))
			continue
		}
		from := int64(0)
		if n == s.at.Segment {
			from = s.at.Offset
		}
		count, end, size, err := s.count(n, from)
		if err != nil {
			return err
		}
		if end < size {
			if i == len(s.segments)-1 {
				if err := os.Truncate(s.name(n), end); err != nil {
					return err
				}
			} else {
				s.damaged++
			}
		}
		s.pending += count
		s.sizes[n] = end
		keep = append(keep, n)
	}
	s.segments = keep
	if len(keep) > 0 && s.at.Segment < keep[0] {
		s.at = place{Segment: keep[0]}
	}
	return nil
}

func (s *Spool) name(n uint64) string { return filepath.Join(s.dir, fmt.Sprintf("%016d.seg", n)) }

// count counts the whole records of a segment behind an offset.
func (s *Spool) count(n uint64, from int64) (count, end, size int64, err error) {
	f, err := os.Open(s.name(n))
	if err != nil {
		return 0, 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, 0, err
	}
	if from > info.Size() {
		from = 0
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return 0, 0, 0, err
	}
	r := bufio.NewReader(f)
	end = from
	for {
		data, err := readRecord(r)
		if err != nil {
			return count, end, info.Size(), nil // the end, or what a crash left there
		}
		count++
		end += recordHead + int64(len(data))
	}
}

var errDamaged = errors.New("a record's checksum does not hold")

func readRecord(r io.Reader) ([]byte, error) {
	var head [recordHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n > maxRecord {
		return nil, errDamaged
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	if crc32.Checksum(data, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errDamaged
	}
	return data, nil
}

// Append adds a record. With an error the record is not in the spool.
func (s *Spool) Append(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(data) == 0 || len(data) > maxRecord {
		return fmt.Errorf("spool an alert of %d bytes: more than %d", len(data), maxRecord)
	}
	size := int64(recordHead + len(data))
	used := size
	for _, n := range s.sizes {
		used += n
	}
	if used > s.max {
		return ErrFull
	}
	if err := s.writer(); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	n := s.segments[len(s.segments)-1]
	buf := make([]byte, recordHead, size)
	binary.LittleEndian.PutUint32(buf, uint32(len(data)))
	binary.LittleEndian.PutUint32(buf[4:], crc32.Checksum(data, castagnoli))
	_, err := s.out.Write(append(buf, data...))
	if err == nil {
		err = s.out.Sync()
	}
	if err != nil {
		// A half record would hide those behind it.
		_ = s.out.Truncate(s.sizes[n])
		_ = s.out.Close()
		s.out = nil
		return fmt.Errorf("spool: %w", err)
	}
	s.sizes[n] += size
	s.pending++
	return nil
}

// writer opens the segment that is written to.
func (s *Spool) writer() error {
	last := uint64(0)
	if len(s.segments) > 0 {
		last = s.segments[len(s.segments)-1]
	}
	if s.out != nil && s.sizes[last] < min(segmentBytes, s.max/4) {
		return nil
	}
	if s.out != nil {
		_ = s.out.Close()
		s.out = nil
	}
	next := max(last, s.at.Segment) + 1
	f, err := os.OpenFile(s.name(next), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, filePerm)
	if err != nil {
		return err
	}
	if dir, err := os.Open(s.dir); err == nil { // the name must outlive a power cut too
		_ = dir.Sync()
		_ = dir.Close()
	}
	s.out = f
	s.segments = append(s.segments, next)
	s.sizes[next] = 0
	if s.at.Segment == 0 {
		s.at = place{Segment: next}
	}
	return nil
}

// Peek gives the oldest records, at most most of them, and what to hand to
// Done when they were taken.
func (s *Spool) Peek(most int) (records [][]byte, until Mark, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.at
	for _, n := range s.segments {
		if n < at.Segment || len(records) >= most {
			continue
		}
		if n > at.Segment {
			at = place{Segment: n}
		}
		if at.Offset >= s.sizes[n] {
			continue
		}
		if at, records, err = s.read(at, records, most); err != nil {
			return nil, Mark{}, fmt.Errorf("read spool: %w", err)
		}
	}
	return records, Mark{at: at, records: int64(len(records))}, nil
}

func (s *Spool) read(at place, records [][]byte, most int) (place, [][]byte, error) {
	f, err := os.Open(s.name(at.Segment))
	if err != nil {
		return at, nil, err
	}
	defer f.Close()
	if _, err := f.Seek(at.Offset, io.SeekStart); err != nil {
		return at, nil, err
	}
	r := bufio.NewReader(f)
	for len(records) < most && at.Offset < s.sizes[at.Segment] {
		data, err := readRecord(r)
		if err != nil { // the disk lost it: go on behind this segment
			s.damaged++
			at.Offset = s.sizes[at.Segment]
			break
		}
		records = append(records, data)
		at.Offset += recordHead + int64(len(data))
	}
	return at, records, nil
}

// Mark is a place in a spool behind records that were peeked at.
type Mark struct {
	at      place
	records int64
}

// Done says that everything before a mark was taken.
func (s *Spool) Done(m Mark) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = m.at
	s.pending -= m.records
	data, err := json.Marshal(s.at)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	// Without room for the mark the segments that were read still go, which
	// makes room: what is offered again has its id.
	writeErr := atomicfile.WriteBytes(filepath.Join(s.dir, "reader"), filePerm, data)
	for len(s.segments) > 1 && (s.segments[0] < s.at.Segment || s.segments[0] == s.at.Segment && s.at.Offset >= s.sizes[s.segments[0]]) {
		n := s.segments[0]
		if err := os.Remove(s.name(n)); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		s.segments = s.segments[1:]
		delete(s.sizes, n)
	}
	if writeErr != nil {
		return fmt.Errorf("spool: %w", writeErr)
	}
	return nil
}

// Pending is how many records wait, and Damaged how often the disk gave back
// something else than was written.
func (s *Spool) Pending() (pending, damaged int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending, s.damaged
}

// Close closes the spool. What waits in it stays.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		return nil
	}
	return s.out.Close()
}
