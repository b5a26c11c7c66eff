package dockerfile

import (
	"sort"

	"github.com/boltseal/boltseal"
)

// Text is text whose pieces stand apart in the source, because continuation
// lines were joined and comments between them left out.
type Text struct {
	Value string
	runs  []run // ascending in both offsets
}

// run says that Value from at on stands in the source from src on, up to the
// next run.
type run struct{ at, src int }

// joiner makes a Text of pieces.
type joiner struct {
	value []byte
	runs  []run
}

// add appends source bytes that begin at offset src.
func (j *joiner) add(value []byte, src int) {
	j.runs = append(j.runs, run{len(j.value), src})
	j.value = append(j.value, value...)
}

func (j *joiner) text() Text { return Text{Value: string(j.value), runs: j.runs} }

// Offset is where the byte of that index stands in the source. The index
// just past the end is the offset behind the last byte.
func (t Text) Offset(i int) int {
	if len(t.runs) == 0 {
		return 0
	}
	at := sort.Search(len(t.runs), func(k int) bool { return t.runs[k].at > i }) - 1
	at = max(at, 0)
	return t.runs[at].src + i - t.runs[at].at
}

// Span is where the bytes from index i up to j stand, with whatever was left
// out between them.
func (t Text) Span(i, j int) boltseal.Span {
	if i >= j {
		at := t.Offset(i)
		return boltseal.Span{Start: at, End: at}
	}
	return boltseal.Span{Start: t.Offset(i), End: t.Offset(j-1) + 1}
}

// Word is the bytes from index i up to j.
func (t Text) Word(i, j int) Word { return Word{Text: t.Value[i:j], Span: t.Span(i, j)} }

// Slice is the text from index i up to j.
func (t Text) Slice(i, j int) Text {
	out := Text{Value: t.Value[i:j]}
	first := max(sort.Search(len(t.runs), func(k int) bool { return t.runs[k].at > i })-1, 0)
	for _, r := range t.runs[min(first, len(t.runs)):] {
		if r.at >= j && r.at > i {
			break
		}
		if r.at < i {
			r = run{i, r.src + i - r.at}
		}
		out.runs = append(out.runs, run{r.at - i, r.src})
	}
	return out
}
