package scan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/internal/testimage"
	"github.com/boltseal/boltseal/scan"
)

// Tokens are put together here, so that none stands in the source.
var (
	stripeKey = "sk_live" + "_51HvR3kT8wQz1Lr5Tn7Yb3Xc"
	awsID     = "AKIA" + "Q3EGRT7XVZ2MN4KB"
	slackBot  = "xoxb" + "-264013892471-3190248371965-Kx8vQz1Lr5Tn7Yb3Xc7Md9Pf"
)

func leakyImage(t testing.TB) *testimage.Image {
	return testimage.Parse(t, `-- CONFIG --
{"config": {"Env": ["PATH=/bin", "STRIPE=`+stripeKey+`"], "Labels": {"note": "`+awsID+`"}}}
-- LAYER: COPY . / --
-- srv/a.env --
A=1
STRIPE=`+stripeKey+`
-- srv/b.env --
SLACK=`+slackBot+`
-- srv/c.bin (base64) --
AAECAwQFBgcICQ==
-- EMPTY: CMD ["x"] --
-- LAYER plain: RUN rm /srv/a.env && echo > /srv/b.env --
-- srv/.wh.a.env --
-- srv/b.env --
empty now
-- EMPTY: ENV KEY=`+awsID+` --
`)
}

func secretsOf(r *boltseal.Report) []string {
	var out []string
	for _, f := range r.Findings {
		if kind, ok := strings.CutPrefix(f.Check, "secret/"); ok {
			out = append(out, kind+" "+f.Location.File+" "+f.Message[strings.LastIndex(f.Message, ";")+1:])
		}
	}
	slices.Sort(out)
	return out
}

func TestSecretsOfEveryLayerAndTheConfiguration(t *testing.T) {
	want := []string{
		"aws-access-key-id config: Labels  in the label note",
		"aws-access-key-id config: history  in line 4 of the history",
		"slack-bot-token srv/b.env  a later layer replaces the file, and layer 1 of the image still holds it",
		"stripe-secret-key config: Env  in the environment variable STRIPE",
		"stripe-secret-key srv/a.env  a later layer deletes the file, and layer 1 of the image still holds it",
	}
	im := leakyImage(t)
	layout := t.TempDir()
	testimage.NewLayout(im).Write(t, layout)
	cache := &memory{}
	for _, target := range []string{
		"docker-archive:" + write(t, "app.tar", testimage.DockerArchive(t, testimage.Legacy, im)),
		"oci:" + layout, "oci:" + layout,
	} {
		r := run(t, target, &scan.Options{Families: []string{"secret"}, Cache: cache})
		if diff := cmp.Diff(want, secretsOf(r)); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", target, diff)
		}
		keys := map[string]bool{}
		for _, f := range r.Findings {
			if f.Key == "" || keys[f.Key] || f.Subject.Name == "" {
				t.Errorf("%s: key %q stands twice or is empty", f.Message, f.Key)
			}
			keys[f.Key] = true
			if strings.HasPrefix(f.Location.File, "srv/") && (f.Location.Layer == "" || f.CreatedBy == "" || f.Origin != boltseal.OriginBase) {
				t.Errorf("%+v: want layer, history line and origin", f)
			}
		}
		if out := encode(t, r); strings.Contains(out, stripeKey[12:]) || strings.Contains(out, awsID[8:]) || strings.Contains(out, slackBot[12:]) {
			// The history and labels of the artifact are the image's own words.
			for _, f := range r.Findings {
				if strings.Contains(f.Message, awsID[8:]) || strings.Contains(f.Message, slackBot[12:]) {
					t.Errorf("a value is shown: %s", f.Message)
				}
			}
		}
	}
	if cache.hits == 0 {
		t.Error("the cache was not asked")
	}
	r := run(t, "oci:"+layout, &scan.Options{Families: []string{"vuln"}, Cache: cache})
	if got := secretsOf(r); got != nil {
		t.Errorf("got %v although nobody asked", got)
	}
}

func TestSecretsOfADirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		".env": "SLACK=" + slackBot, "node_modules/x/.env": "SLACK=" + slackBot, "test/a.env": "SLACK=" + slackBot, "x.png": "SLACK=" + slackBot, "big.txt": strings.Repeat("nothing\n", 100_000) + slackBot + "\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, "dir:"+dir, &scan.Options{Families: []string{"secret"}})
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Severity.String()+" "+f.Location.File)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"high .env", "high big.txt", "low test/a.env"}, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestFamilies(t *testing.T) {
	got, err := scan.ParseFamilies([]string{"secrets", "vuln", "secret"})
	if diff := cmp.Diff([]string{"secret", "vuln"}, got); diff != "" || err != nil {
		t.Errorf("want (-), got (+):\n%s%v", diff, err)
	}
	if _, err := scan.ParseFamilies([]string{"secret", "virus"}); err == nil {
		t.Error("want an error for a family that does not exist")
	}
}

func TestLintFindsSecrets(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Dockerfile": "FROM scratch\nRUN curl -H 'X-Key: " + stripeKey + "' https://a\nUSER 1\n",
		"pod.yaml":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  slack: " + slackBot + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := scan.Lint(t.Context(), []string{dir}, &scan.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		if strings.HasPrefix(f.Check, "secret/") {
			got = append(got, filepath.Base(f.Location.File)+" "+f.Check)
			if f.Location.Line == 0 || f.Key == "" || f.Subject.Name != f.Location.File {
				t.Errorf("got %+v", f)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"Dockerfile secret/stripe-secret-key", "pod.yaml secret/slack-bot-token"}, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}
