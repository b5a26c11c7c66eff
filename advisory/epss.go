package advisory

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/boltseal/boltseal/internal/limit"
)

var _ = add(Feed{
	Name:  "epss",
	Title: "FIRST Exploit Prediction Scoring System",
	Base:  "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
	Terms: "free to use with attribution: https://www.first.org/epss",
	read:  readEPSS,
	fetch: fetchFile,
})

type epssScore struct{ score, percentile float64 }

func readEPSS(_ context.Context, b *builder, s Source) error {
	f, err := os.Open(s.At)
	if err != nil {
		return fmt.Errorf("read EPSS: %w", err)
	}
	defer f.Close()
	return decodeEPSS(f, b, "epss")
}

var errNoHeader = errors.New("no line cve,epss,percentile")

// decodeEPSS adds the scores of a CSV file, plain or gzip: a comment with
// the date, a header line and a line for every CVE.
func decodeEPSS(r io.Reader, b *builder, feed string) error {
	in := bufio.NewReader(r)
	if head, _ := in.Peek(2); string(head) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("read EPSS: %w", err)
		}
		in = bufio.NewReader(z)
	}
	most := limit.Default().JSONBytes
	in = bufio.NewReader(limit.Reader(in, most, tooLong("EPSS scores", most)))
	if err := epssLines(in, b, feed); err != nil {
		return fmt.Errorf("read EPSS: %w", err)
	}
	return nil
}

func epssLines(in *bufio.Reader, b *builder, feed string) error {
	f := b.feed(feed)
	if head, _ := in.Peek(1); string(head) == "#" {
		comment, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if date := epssDate(comment); date.After(b.epssDate) {
			b.epssDate = date
		}
		f.Modified = b.epssDate
	}
	lines := csv.NewReader(in)
	lines.FieldsPerRecord = -1
	lines.ReuseRecord = true
	head, err := lines.Read()
	if err != nil || len(head) < 3 || head[0] != "cve" || head[1] != "epss" || head[2] != "percentile" {
		return errors.Join(errNoHeader, err)
	}
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(line) < 3 || !isCVE(line[0]) {
			b.left(feed, clip(line[0]), "not a line of EPSS")
			continue
		}
		score, percentile := probability(line[1]), probability(line[2])
		if score < 0 || percentile < 0 {
			b.left(feed, clip(line[0]), "not a probability")
			continue
		}
		b.epss[strings.Clone(line[0])] = epssScore{score, percentile}
		f.Records++
	}
	if f.Records == 0 {
		return errNoEntries
	}
	return nil
}

// epssDate finds the day in "#model_version:v2025.03.14,score_date:…".
func epssDate(comment string) time.Time {
	_, date, ok := strings.Cut(comment, "score_date:")
	if !ok || len(date) < len(time.DateOnly) {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, date[:len(time.DateOnly)])
	if err != nil {
		return time.Time{}
	}
	return t
}

// probability is a number from 0 to 1, or -1.
func probability(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
		return -1
	}
	return v
}
