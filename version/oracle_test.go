package version_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/boltseal/boltseal/version"
)

// An oracle is an ecosystem's own tool, asked about many pairs at once.
type oracle struct {
	scheme string
	tool   string   // what must be installed
	needs  []string // files that must be there as well
	pairs  int
	ask    func(t *testing.T, pairs [][2]string) []string // "-1", "0", "1", or anything else for a refusal

	// except says that the tool's answer is not followed, for the reason
	// that the scheme's own comment gives.
	except func(a, b string) bool
}

const (
	composerAutoload = "/usr/share/php/Composer/Semver/autoload.php"
	mavenJar         = "/usr/share/java/maven3-artifact.jar"
	npmSemver        = "/usr/lib/node_modules/npm/node_modules/semver/package.json"
)

var oracles = []oracle{
	{scheme: "deb", tool: "dpkg", pairs: 200, ask: askDpkg},
	{scheme: "rpm", tool: "rpm", pairs: 20000, ask: askRPM},
	{scheme: "alpm", tool: "vercmp", pairs: 400, ask: askVercmp,
		except: func(a, b string) bool {
			return strings.Contains(a, "-") != strings.Contains(b, "-") || danglingSeparator.MatchString(a) || danglingSeparator.MatchString(b)
		}},
	{scheme: "gem", tool: "ruby", pairs: 20000, ask: askLines("ruby", "-e", `
$stdin.each_line(chomp: true) { |l| a, b = l.split("\t", -1)
  puts((Gem::Version.correct?(a) && Gem::Version.correct?(b)) ? (Gem::Version.new(a) <=> Gem::Version.new(b)).to_s : "?") }`)},
	{scheme: "pep440", tool: "python3", pairs: 20000, ask: askLines("python3", "-c", `
import sys
try: from packaging.version import Version
except ImportError: from pip._vendor.packaging.version import Version
for l in sys.stdin:
    a, b = l.rstrip("\n").split("\t")
    try: a, b = Version(a), Version(b)
    except Exception: print("?"); continue
    print((a > b) - (a < b))`)},
	{scheme: "semver", tool: "node", needs: []string{npmSemver}, pairs: 20000, ask: askLines("node", "-e", `
const semver = require("`+strings.TrimSuffix(npmSemver, "/package.json")+`")
for (const l of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
  const [a, b] = l.split("\t").map(v => semver.parse(v, {loose: true}))
  console.log(a && b ? a.compare(b) : "?") }`),
		// npm's loose reading makes "1.1.03.6" the pre-release "3.6" of 1.1.0.
		except: func(a, b string) bool { return fourNumbers.MatchString(a) || fourNumbers.MatchString(b) }},
	{scheme: "composer", tool: "php", needs: []string{composerAutoload}, pairs: 20000, ask: askLines("php", "-r", `
require "`+composerAutoload+`";
$p = new Composer\Semver\VersionParser;
while (($l = fgets(STDIN)) !== false) { [$a, $b] = explode("\t", rtrim($l, "\n"));
  try { $a = $p->normalize($a); $b = $p->normalize($b); } catch (Exception $e) { echo "?\n"; continue; }
  echo Composer\Semver\Comparator::lessThan($a, $b) ? "-1\n" : (Composer\Semver\Comparator::greaterThan($a, $b) ? "1\n" : "0\n"); }`),
		except: func(a, b string) bool {
			return strings.Contains(a, "dev-") || strings.Contains(b, "dev-") || danglingSeparator.MatchString(a) || danglingSeparator.MatchString(b)
		}},
	{scheme: "maven", tool: "java", needs: []string{mavenJar}, pairs: 4000, ask: askMaven, except: mavenDiffers},
}

var (
	danglingSeparator = regexp.MustCompile(`[^0-9A-Za-z](-|$)`)
	fourNumbers       = regexp.MustCompile(`^[v=]?\d+\.\d+\.\d+\.\d`)
	dottedQualifier   = regexp.MustCompile(`\.[^0-9.-]+[.-]|^[^0-9]|[.-][.-]|final[0-9.]|-0`)
)

func TestOracles(t *testing.T) {
	for _, o := range oracles {
		t.Run(o.scheme, func(t *testing.T) {
			if _, err := exec.LookPath(o.tool); err != nil {
				t.Skipf("%s is not installed: its order was not checked", o.tool)
			}
			for _, file := range o.needs {
				if _, err := os.Stat(file); err != nil {
					t.Skipf("%s is not installed: its order was not checked", file)
				}
			}
			s, _ := version.Lookup(o.scheme)
			pairs := somePairs(corpus(t, o.scheme), o.pairs)
			answers := o.ask(t, pairs)
			if len(answers) != len(pairs) {
				t.Fatalf("%d answers to %d questions", len(answers), len(pairs))
			}
			compared := 0
			for i, p := range pairs {
				want, err := strconv.Atoi(answers[i])
				if err != nil || o.except != nil && o.except(p[0], p[1]) {
					continue
				}
				compared++
				if got := sign(s.Compare(p[0], p[1])); got != sign(want) {
					t.Errorf("Compare(%q, %q) = %d, %s says %d", p[0], p[1], got, o.tool, want)
				}
			}
			t.Logf("%d of %d pairs compared", compared, len(pairs))
			if compared < len(pairs)/5 {
				t.Errorf("%s answered only %d of %d questions", o.tool, compared, len(pairs))
			}
		})
	}
}

// somePairs draws n pairs, neighbours in the order first: they are the hard
// ones.
func somePairs(versions []string, n int) [][2]string {
	random := rand.New(rand.NewPCG(1, 2))
	pairs := make([][2]string, 0, n)
	for len(pairs) < n {
		i := random.IntN(len(versions))
		j := random.IntN(len(versions))
		if len(pairs)%3 != 0 {
			j = (i + 1 + random.IntN(5)) % len(versions)
		}
		pairs = append(pairs, [2]string{versions[i], versions[j]})
	}
	return pairs
}

// corpus is what a scheme is asked about: its ordered list, the versions of
// the advisory mirror when it is there, and small changes to both.
func corpus(tb testing.TB, scheme string) []string {
	tb.Helper()
	seeds := append(flat(tb, scheme), mirrorVersions(tb, scheme)...)
	random := rand.New(rand.NewPCG(3, 4))
	all := slices.Clone(seeds)
	for range len(seeds)/2 + 2000 {
		all = append(all, mutate(random, seeds[random.IntN(len(seeds))]))
	}
	all = slices.DeleteFunc(all, func(v string) bool { return v == "" || strings.ContainsAny(v, "\t\n\r\"\\'") })
	s, _ := version.Lookup(scheme)
	slices.SortFunc(all, s.Compare)
	return slices.Compact(all)
}

func mutate(random *rand.Rand, v string) string {
	parts := []string{"0", "1", "00", "10", "9", ".", "-", "~", "+", "_", "a", "b", "rc", "beta", "p", "dev", "post", "^", "r", ".0", "-1", "alpha", "sp", "final"}
	b := []byte(v)
	for range 1 + random.IntN(2) {
		at := random.IntN(len(b) + 1)
		switch random.IntN(3) {
		case 0:
			b = slices.Insert(b, at, []byte(parts[random.IntN(len(parts))])...)
		case 1:
			if at < len(b) {
				b = slices.Delete(b, at, at+1)
			}
		case 2:
			if at < len(b) {
				b[at] = "0123456789.-~+_abrp"[random.IntN(19)]
			}
		}
	}
	return string(b)
}

// askLines runs a script that answers each line of two versions with a line.
func askLines(name string, args ...string) func(*testing.T, [][2]string) []string {
	return func(t *testing.T, pairs [][2]string) []string {
		t.Helper()
		var in bytes.Buffer
		for _, p := range pairs {
			fmt.Fprintf(&in, "%s\t%s\n", p[0], p[1])
		}
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Stdin = &in
		return output(t, cmd)
	}
}

func output(t *testing.T, cmd *exec.Cmd) []string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.Bytes())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func askDpkg(t *testing.T, pairs [][2]string) []string {
	t.Helper()
	answers := make([]string, len(pairs))
	for i, p := range pairs {
		for _, relation := range [][2]string{{"lt", "-1"}, {"eq", "0"}, {"gt", "1"}} {
			cmd := exec.CommandContext(t.Context(), "dpkg", "--compare-versions", "--", p[0], relation[0], p[1])
			if out, err := cmd.CombinedOutput(); bytes.Contains(out, []byte("bad syntax")) {
				answers[i] = "?"
			} else if err == nil {
				answers[i] = relation[1]
			}
		}
	}
	return answers
}

func askVercmp(t *testing.T, pairs [][2]string) []string {
	t.Helper()
	answers := make([]string, len(pairs))
	for i, p := range pairs {
		answers[i] = output(t, exec.CommandContext(t.Context(), "vercmp", p[0], p[1]))[0]
	}
	return answers
}

// askRPM asks rpm's own comparison through its macro language. What rpm's
// parser of versions would take for something else is left out.
func askRPM(t *testing.T, pairs [][2]string) []string {
	t.Helper()
	s, _ := version.Lookup("rpm")
	answers := make([]string, len(pairs))
	var script strings.Builder
	var asked []int
	flush := func() {
		if len(asked) == 0 {
			return
		}
		for i, answer := range output(t, exec.CommandContext(t.Context(), "rpm", "--eval", "%{lua:"+script.String()+"}")) {
			if i < len(asked) {
				answers[asked[i]] = answer
			}
		}
		asked = asked[:0]
		script.Reset()
	}
	for i, p := range pairs {
		if !s.Valid(p[0]) || !s.Valid(p[1]) {
			continue
		}
		fmt.Fprintf(&script, "print(rpm.vercmp(%q,%q)..'\\n');", p[0], p[1])
		if asked = append(asked, i); len(asked) == 500 {
			flush()
		}
	}
	flush()
	return answers
}

// askMaven runs the class that Maven itself orders versions with. Its main
// prints each argument's relation to the one before it.
func askMaven(t *testing.T, pairs [][2]string) []string {
	t.Helper()
	var args []string
	for _, p := range pairs {
		args = append(args, p[0], p[1])
	}
	args = append([]string{"-cp", mavenJar + ":/usr/share/java/commons-lang3.jar",
		"org.apache.maven.artifact.versioning.ComparableVersion"}, args...)
	answers := make([]string, 0, len(pairs))
	for _, line := range output(t, exec.CommandContext(t.Context(), "java", args...)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] == "Display" || !slices.Contains([]string{"<", "==", ">"}, fields[1]) {
			continue
		}
		answers = append(answers, map[string]string{"<": "-1", "==": "0", ">": "1"}[fields[1]])
	}
	// Every other relation is that of two neighbouring pairs.
	own := make([]string, 0, len(pairs))
	for i := 0; i < len(answers); i += 2 {
		own = append(own, answers[i])
	}
	return own
}

// mavenDiffers leaves out where Maven 3.8 is known not to follow the
// specification that later releases do: a qualifier behind a dot that is not
// at the end, and empty tokens.
func mavenDiffers(a, b string) bool {
	return dottedQualifier.MatchString(a) || dottedQualifier.MatchString(b)
}
