package watch_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/boltseal/boltseal/watch"
)

func zipped(t testing.TB, text string) io.Reader {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

const recordedText = `{"schema":"boltseal-events/1","hostname":"node","start":"2026-11-01T00:00:00Z","fields":["evt.type","proc.name","fd.name","proc.aname[2]","evt.rawres"]}
{"t":1793491200000000000,"s":"syscall","n":"execve","v":[["0","execve"],["1","sh"],["3","nginx"],["4","0"]]}
{"t":1793491201000000000,"s":"syscall","n":"execve","v":[["0","execve"],["1","sh"],["3","nginx"],["4","-2"]]}
{"t":1793491290000000000,"s":"syscall","n":"openat","v":[["0","openat"],["1","\u0000\"a\\xff\""],["2","/etc/shadow"],["4","3"]]}
`

const replayRules = `
- rule: shell
  desc: d
  condition: evt.type = execve and proc.name = sh and proc.aname[2] = nginx and evt.rawres >= 0
  output: shell of %proc.aname[2]
  priority: WARNING
- rule: odd
  desc: d
  condition: evt.type = openat and fd.name = /etc/shadow and proc.name startswith a
  output: read by %proc.name (%fd.sport %evt.arg.flags)
  priority: ERROR
`

func TestReplay(t *testing.T) {
	play := func() string {
		r, err := watch.OpenRecording(zipped(t, recordedText))
		if err != nil {
			t.Fatal(err)
		}
		set := compile(t, replayRules)
		if got := strings.Join(r.NotRecorded(set), " "); !strings.Contains(got, "evt.arg.flags") || strings.Contains(got, "fd.name") {
			t.Errorf("not recorded: %s", got)
		}
		var out bytes.Buffer
		s, err := watch.Replay(&watch.Options{Rules: set, Outputs: []watch.Output{watch.JSON(&out)}, Window: time.Minute, Rate: 10, Hostname: r.Hostname}, r.Events)
		if err != nil || s.Events != 3 || s.Alerts != 2 {
			t.Fatalf("%+v, %v", s, err)
		}
		return out.String()
	}
	one := play()
	for _, want := range []string{`"output":"00:00:00.000000000: Warning shell of nginx"`, `read by a\\xff (\u003cNA\u003e`, `"uuid":"replay-1"`, `"hostname":"node"`} {
		if !strings.Contains(one, want) {
			t.Errorf("no %s in %s", want, one)
		}
	}
	if two := play(); two != one {
		t.Errorf("the same recording gives other alerts:\n%s\n%s", one, two)
	}
}

func TestRecordingThatWasCutOff(t *testing.T) {
	var b bytes.Buffer
	if _, err := io.Copy(&b, zipped(t, recordedText)); err != nil {
		t.Fatal(err)
	}
	r, err := watch.OpenRecording(bytes.NewReader(b.Bytes()[:b.Len()-12]))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Events(func(watch.Event) {}); err == nil {
		t.Error("a recording that was cut off is taken for whole")
	}
	if _, err := watch.OpenRecording(zipped(t, `{"schema":"other"}`+"\n")); err == nil {
		t.Error("another schema was taken")
	}
}

func FuzzRecording(f *testing.F) {
	f.Add([]byte(recordedText))
	f.Add([]byte(`{"schema":"boltseal-events/1","fields":["nonesuch"]}` + "\n" + `{"v":[["0","x"],["9","y"],[]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := watch.OpenRecording(zipped(t, string(data)))
		if err != nil {
			return
		}
		set := compile(t, replayRules)
		_, _ = watch.Replay(&watch.Options{Rules: set, Outputs: []watch.Output{watch.Text(io.Discard)}}, r.Events)
	})
}
