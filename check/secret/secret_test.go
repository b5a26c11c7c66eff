package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/check/secret"
)

// Every detector has lines in a file of testdata that it must find, and files
// hold near misses that nobody may:
//
//	id: text            the detector secret/id fires on the text, and no other
//	id@path: text       the same in a file of that path
//	-: text             nothing fires
//
// No file holds anything that looks like a live credential: {b62:36} and its
// like stand for that many random characters, {kw:ghp_} for a text that must
// not stand beside them, and {crc62} for the checksum of what is before it.
// "\n" is a line end.
var field = regexp.MustCompile(`\{([a-z0-9A-Z]+)(?::((?:[^{}]|\{[^{}]*\}|\{.*\})*?))?\}`)

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var alphabets = map[string]string{
	"b62": letters + "0123456789", "b64": letters + "0123456789+/", "b64u": letters + "0123456789-_", "hex": "0123456789abcdef", "HEX": "0123456789ABCDEF",
	"b32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "A36": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "a36": "abcdefghijklmnopqrstuvwxyz0123456789",
	"d": "0123456789", "az": letters, "bech": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}

// expander writes out the fields of a line. It is random and always the same.
type expander struct{ r *rand.Rand }

func (e *expander) random(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[e.r.IntN(len(alphabet))]
		for i > 0 && (b[i]-b[i-1]+1) <= 2 { // no runs and no counting
			b[i] = alphabet[e.r.IntN(len(alphabet))]
		}
	}
	// Both a letter and a digit, as what is random nearly always has.
	if n >= 8 && strings.ContainsAny(alphabet, "7") && strings.ContainsAny(alphabet, "bB") {
		b[1], b[4] = '7', alphabet[strings.IndexAny(alphabet, "bB")]
	}
	return string(b)
}

func (e *expander) bytes(prefix string, n int) string {
	b := []byte(prefix)
	for len(b) < n {
		b = append(b, byte(e.r.UintN(256)))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func (e *expander) pem(label, prefix, header, eol string) string {
	text := e.bytes(prefix, 600)
	var b strings.Builder
	b.WriteString("-----BEGIN " + label + "-----" + eol + header)
	for chunk := range slices.Chunk([]byte(text), 64) {
		b.WriteString(string(chunk) + eol)
	}
	b.WriteString("-----END " + label + "-----" + eol)
	return b.String()
}

const der = "\x30\x82\x02\x5c\x02\x01\x00"

func (e *expander) expand(t testing.TB, line string) string {
	t.Helper()
	line = strings.ReplaceAll(line, `\n`, "\n")
	out := ""
	for {
		m := field.FindStringSubmatchIndex(line)
		if m == nil {
			return out + line
		}
		out += line[:m[0]]
		name, arg := line[m[2]:m[3]], ""
		if m[4] >= 0 {
			arg = line[m[4]:m[5]]
		}
		line = line[m[1]:]
		n, _ := strconv.Atoi(arg)
		switch name {
		case "kw":
			out += arg
		case "uuid":
			out += strings.Join([]string{e.random(alphabets["hex"], 8), e.random(alphabets["hex"], 4), e.random(alphabets["hex"], 4), e.random(alphabets["hex"], 4), e.random(alphabets["hex"], 12)}, "-")
		case "crc62":
			out += digits(crc32.ChecksumIEEE([]byte(out[strings.LastIndexByte(out, '_')+1:])), 62, 6)
		case "crc36":
			out += digits(crc32.ChecksumIEEE([]byte(out[strings.LastIndex(out, "glpat-"):])), 36, 7)
		case "discord":
			out += base64.RawURLEncoding.EncodeToString([]byte("4" + e.random(alphabets["d"], 17)))
		case "pem":
			out += e.pem(arg, der, "", "\n")
		case "pemesc":
			out += e.pem(arg, der, "", `\n`)
		case "pemenc":
			out += e.pem(arg, "", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n", "\n")
		case "encpem":
			out += base64.StdEncoding.EncodeToString([]byte(e.pem(arg, der, "", "\n")))
		case "pgp":
			out += e.pem(arg, "\x95\x05\x86", "Version: x\n\n", "\n")
		case "openssh":
			out += e.pem("OPENSSH PRIVATE KEY", "openssh-key-v1\x00\x00\x00\x00"+string(rune(len(arg)))+arg, "", "\n")
		case "ssh2":
			out += "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY" + " ----\nComment: a\n" + e.bytes("", 300) + "\n"
		case "jwt":
			out += e.jwt(arg)
		case "enc":
			out += base64.StdEncoding.EncodeToString([]byte(arg))
		default:
			if alphabets[name] == "" || arg == "" { // braces of the text itself
				out += "{" + name
				if arg != "" {
					out += ":" + arg
				}
				out += "}"
				continue
			}
			out += e.random(alphabets[name], n)
		}
	}
}

func (e *expander) jwt(who string) string {
	claims := map[string]string{"user": `{"sub":"8a7","exp":1900000000}`, "sa": `{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:a:b"}`, "example": `{"sub":"1234567890","name":"John Doe"}`}[who]
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString([]byte(claims)) + "." + e.random(alphabets["b64u"], 86)
}

// digits writes v in a base with the given number of digits.
func digits(v uint32, base, n int) string {
	alphabet := "0123456789" + strings.ToUpper(letters[:26]) + letters[:26]
	if base == 36 {
		alphabet = "0123456789" + letters[:26]
	}
	b := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		b[i] = alphabet[int(v)%base]
		v /= uint32(base)
	}
	return string(b)
}

type testCase struct{ file, want, path, text string }

// cases reads testdata.
func cases(t testing.TB) []testCase {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata: ", err)
	}
	var out []testCase
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
			want, text, ok := strings.Cut(line, ": ")
			if !ok {
				t.Fatalf("%s:%d: want \"id: text\"", file, i+1)
			}
			want, path, ok := strings.Cut(want, "@")
			if !ok {
				path = "srv/settings.yaml"
			}
			e := &expander{rand.New(rand.NewPCG(uint64(len(line)), uint64(i)))}
			out = append(out, testCase{fmt.Sprintf("%s:%d", file, i+1), want, path, e.expand(t, text)})
		}
	}
	return out
}

func TestDetectors(t *testing.T) {
	for _, c := range cases(t) {
		var got []string
		for _, m := range secret.Scan(c.path, []byte(c.text)) {
			got = append(got, strings.TrimPrefix(m.Detector.ID, "secret/"))
		}
		want := []string{c.want}
		if c.want == "-" {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s\n%s", c.file, diff, c.text)
		}
	}
}

func TestEveryDetectorHasATest(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range cases(t) {
		tested["secret/"+c.want] = true
	}
	all := secret.Detectors()
	if len(all) < 150 {
		t.Errorf("%d detectors, want at least 150", len(all))
	}
	for i, d := range all {
		if !tested[d.ID] {
			t.Errorf("%s: no line in testdata that it finds", d.ID)
		}
		if len(d.Doc) < 80 || d.Title == "" || strings.HasSuffix(d.Title, ".") || d.Severity == boltseal.Unknown || len(d.Keywords) == 0 {
			t.Errorf("%s: want a title, a text, a severity and keywords", d.ID)
		}
		if i > 0 && all[i-1].ID == d.ID {
			t.Errorf("%s stands twice", d.ID)
		}
	}
}

// Every finding of testdata, with its value spoiled, is none: a changed
// checksum, a placeholder, a variable.
func TestNothingIsShown(t *testing.T) {
	for _, c := range cases(t) {
		matches := secret.Scan(c.path, []byte(c.text))
		for i := range matches {
			m := &matches[i]
			f := m.Finding(c.path)
			value := c.text[m.Span.Start:m.Span.End]
			data, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			for at := range len(value) - 11 {
				if part := value[at : at+12]; !strings.HasPrefix(value, m.Shown) || at+12 > len(m.Shown) && bytes.Contains(data, []byte(part)) {
					t.Errorf("%s: %s shows %q of the value", c.file, data, part)
					break
				}
			}
		}
	}
}

// What is nearly a credential is none: a value that was filled with one
// letter, or cut.
func TestNearMisses(t *testing.T) {
	for _, c := range cases(t) {
		for _, m := range secret.Scan(c.path, []byte(c.text)) {
			if m.Detector.Token == "" && m.Detector.Value == "" || len(m.Detector.Keywords[0]) > 24 {
				continue
			}
			before, value, after := c.text[:m.Span.Start], c.text[m.Span.Start:m.Span.End], c.text[m.Span.End:]
			shown := len(m.Shown)
			filled := value[:shown] + strings.Repeat("x", len(value)-shown)
			short := value[:shown] + value[shown:min(len(value), shown+4)]
			for _, miss := range []string{filled, short} {
				for _, again := range secret.Scan(c.path, []byte(before+miss+after)) {
					if again.Detector.ID == m.Detector.ID && again.Span.Start == m.Span.Start {
						t.Errorf("%s: %q is still taken for %s", c.file, miss, m.Detector.ID)
					}
				}
			}
		}
	}
}
