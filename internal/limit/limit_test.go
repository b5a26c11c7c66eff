package limit_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/boltseal/boltseal/internal/limit"
)

func TestReader(t *testing.T) {
	stop := &limit.Error{What: "layer", Max: 5, Unit: "bytes", Flag: "--max-layer-bytes"}
	for _, c := range []struct {
		text string
		max  int64
		want string
		err  error
	}{
		{"", 5, "", nil},
		{"1234", 5, "1234", nil},
		{"12345", 5, "12345", nil},
		{"123456", 5, "12345", stop},
		{"1234567890", 5, "12345", stop},
		{"1234567890", 0, "1234567890", nil},
	} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "data and error": iotest.DataErrReader,
		} {
			got, err := limit.ReadAll(wrap(strings.NewReader(c.text)), c.max, stop)
			if string(got) != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s of %q, max %d: got %q, %v, want %q, %v", name, c.text, c.max, got, err, c.want, c.err)
			}
		}
	}
	if want := "layer: more than 5 bytes (raise --max-layer-bytes if you trust the input)"; stop.Error() != want {
		t.Errorf("got %q, want %q", stop, want)
	}
}
