package admission_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/policy"
	"github.com/boltseal/boltseal/serve/admission"
)

func clock() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) }

const digest = "sha256:ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a"

// good keeps to the restricted level, and privileged takes it all back.
const good = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"app","namespace":"shop"},"spec":{"automountServiceAccountToken":false,
"securityContext":{"runAsNonRoot":true,"runAsUser":10001,"seccompProfile":{"type":"RuntimeDefault"}},
"containers":[{"name":"app","image":"registry.example.com/app@` + digest + `",
"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}},
"resources":{"limits":{"memory":"64Mi","cpu":"1"},"requests":{"memory":"64Mi","cpu":"100m"}}}]}}`

var privileged = strings.Replace(good, `"allowPrivilegeEscalation":false`, `"privileged":true`, 1)

func handler(t testing.TB, text string, images admission.Images) *admission.Handler {
	t.Helper()
	p, err := policy.Load("boltseal.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	h, err := admission.New(&admission.Options{Policy: p, Now: clock, Images: images})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type request struct {
	operation, namespace, group, kind, sub, object, old string
}

func (q request) review() []byte {
	if q.operation == "" {
		q.operation = "CREATE"
	}
	if q.namespace == "" {
		q.namespace = "shop"
	}
	if q.kind == "" {
		q.kind = "Pod"
	}
	all := map[string]any{"uid": "u-1", "kind": map[string]string{"group": q.group, "version": "v1", "kind": q.kind}, "operation": q.operation,
		"namespace": q.namespace, "name": "app", "subResource": q.sub, "userInfo": map[string]string{"username": "dev"}, "newInLaterServers": true}
	if q.object != "" {
		all["object"] = json.RawMessage(q.object)
	}
	if q.old != "" {
		all["oldObject"] = json.RawMessage(q.old)
	}
	data, err := json.Marshal(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": all})
	if err != nil {
		panic(err)
	}
	return data
}

func send(t testing.TB, h http.Handler, body []byte, query string) *admissionv1.AdmissionResponse {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/validate"+query, bytes.NewReader(body)))
	var out admissionv1.AdmissionReview
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if out.Kind != "AdmissionReview" || out.APIVersion != "admission.k8s.io/v1" || out.Response == nil || out.Response.UID != "u-1" {
		t.Fatalf("%s", w.Body)
	}
	return out.Response
}

func template(kind, pod string) string {
	_, spec, _ := strings.Cut(pod, `"spec":`)
	spec = strings.TrimSuffix(spec, "}")
	if kind == "CronJob" {
		spec = `{"schedule":"0 1 * * *","concurrencyPolicy":"Forbid","jobTemplate":{"spec":{"template":{"metadata":{"labels":{"app":"app"}},"spec":` + strings.Replace(spec, "{", `{"restartPolicy":"Never",`, 1) + `}}}}`
	} else {
		spec = `{"selector":{"matchLabels":{"app":"app"}},"template":{"metadata":{"labels":{"app":"app"}},"spec":` + spec + `}}`
	}
	group := map[string]string{"ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}[kind]
	if group == "" {
		group = "apps/v1"
	}
	return `{"apiVersion":"` + group + `","kind":"` + kind + `","metadata":{"name":"app","namespace":"shop"},"spec":` + spec + `}`
}

func TestVerdicts(t *testing.T) {
	ephemeral := strings.Replace(good, `"containers":`, `"ephemeralContainers":[{"name":"debug","image":"busybox@`+digest+`","securityContext":{"privileged":true}}],"containers":`, 1)
	annotated := strings.Replace(privileged, `"name":"app","namespace"`, `"annotations":{"kube-linter.io/ignore-all":"mine"},"name":"app","namespace"`, 1)
	for name, test := range map[string]struct {
		policy string
		request
		allowed bool
		verdict string // of the audit annotations
		says    string // in the message or the warnings
	}{
		"good":                 {"", request{object: good}, true, "allowed", ""},
		"privileged":           {"", request{object: privileged}, false, "denied", "[kube/privileged]"},
		"says how to fix":      {"", request{object: privileged}, false, "denied", "(fix: "},
		"warn":                 {"admission: {mode: warn}", request{object: privileged}, true, "would-deny", "boltseal: [kube/privileged]"},
		"audit":                {"admission: {mode: audit}", request{object: privileged}, true, "would-deny", ""},
		"by namespace":         {"admission: {namespaces: [{name: 'sh*', mode: warn}]}", request{object: privileged}, true, "would-deny", "kube/privileged"},
		"exempt":               {"admission: {exempt: [shop]}", request{object: privileged}, true, "not-judged", ""},
		"kube-system":          {"", request{object: privileged, namespace: "kube-system"}, true, "not-judged", ""},
		"kube-system, told":    {"admission: {include: [kube-system]}", request{object: privileged, namespace: "kube-system"}, false, "denied", "privileged"},
		"own namespace":        {"admission: {namespace: guard}", request{object: privileged, namespace: "guard"}, true, "not-judged", ""},
		"delete":               {"", request{operation: "DELETE", old: privileged}, true, "not-judged", ""},
		"status":               {"", request{operation: "UPDATE", sub: "status", object: privileged}, true, "not-judged", ""},
		"other kind":           {"", request{kind: "ConfigMap", object: `{"apiVersion":"v1","kind":"ConfigMap"}`}, true, "not-judged", ""},
		"ephemeral":            {"", request{operation: "UPDATE", sub: "ephemeralcontainers", object: ephemeral, old: good}, false, "denied", "debug"},
		"nothing that runs":    {"", request{operation: "UPDATE", object: strings.Replace(privileged, `"name":"app","names`, `"labels":{"a":"b"},"name":"app","names`, 1), old: privileged}, true, "allowed", ""},
		"made worse":           {"", request{operation: "UPDATE", object: template("Deployment", privileged), old: template("Deployment", good), group: "apps", kind: "Deployment"}, false, "denied", "privileged"},
		"scaled":               {"", request{operation: "UPDATE", object: strings.Replace(template("Deployment", privileged), `{"selector"`, `{"replicas":4,"selector"`, 1), old: template("Deployment", privileged), group: "apps", kind: "Deployment"}, true, "allowed", ""},
		"deployment":           {"", request{object: template("Deployment", privileged), group: "apps", kind: "Deployment"}, false, "denied", "privileged"},
		"good deployment":      {"", request{object: template("Deployment", good), group: "apps", kind: "Deployment"}, true, "allowed", ""},
		"daemon set":           {"", request{object: template("DaemonSet", privileged), group: "apps", kind: "DaemonSet"}, false, "denied", "privileged"},
		"replica set":          {"", request{object: template("ReplicaSet", privileged), group: "apps", kind: "ReplicaSet"}, false, "denied", "privileged"},
		"stateful set":         {"", request{object: template("StatefulSet", privileged), group: "apps", kind: "StatefulSet"}, false, "denied", "privileged"},
		"controller":           {"", request{object: template("ReplicationController", privileged), kind: "ReplicationController"}, false, "denied", "privileged"},
		"job":                  {"", request{object: template("Job", privileged), group: "batch", kind: "Job"}, false, "denied", "privileged"},
		"cron job":             {"", request{object: template("CronJob", privileged), group: "batch", kind: "CronJob"}, false, "denied", "privileged"},
		"good cron job":        {"", request{object: template("CronJob", good), group: "batch", kind: "CronJob"}, true, "allowed", ""},
		"open namespace":       {"", request{object: `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"app"}}`, kind: "Namespace"}, false, "denied", "[kube/pss-not-enforced]"},
		"namespace":            {"", request{object: `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"app","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`, kind: "Namespace"}, true, "allowed", ""},
		"accepts itself":       {"", request{object: annotated}, false, "denied", "privileged"},
		"standard":             {"admission: {fail-on: none}", request{object: privileged}, true, "allowed", ""},
		"restricted":           {"admission: {pod-security: restricted, fail-on: critical}", request{object: strings.Replace(good, `"runAsNonRoot":true,`, "", 1)}, false, "denied", "[admission/pod-security] restricted refuses the pods"},
		"waived":               {"waivers: [{id: 'kube/*', path: shop/Pod/app, reason: r, owner: o, expires: 2027-01-01}]\nadmission: {pod-security: privileged}", request{object: privileged}, true, "allowed", ""},
		"waived till now":      {"waivers: [{id: 'kube/*', path: shop/Pod/app, reason: r, owner: o, expires: 2026-01-01}]\nadmission: {pod-security: privileged}", request{object: privileged}, false, "denied", "privileged"},
		"no object":            {"", request{}, false, "denied", "could not look"},
		"no object, let in":    {"admission: {on-error: allow}", request{}, true, "unseen", "could not look"},
		"not what it is":       {"", request{object: `["Pod"]`}, false, "denied", "could not look"},
		"no kind":              {"", request{object: `{"spec":{"containers":[{"securityContext":{"privileged":true}}]}}`}, false, "denied", "could not look"},
		"another kind in it":   {"", request{object: template("Deployment", privileged)}, false, "denied", "not of the kind"},
		"from another kind":    {"", request{object: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}`}, false, "denied", "could not look"},
		"other registry":       {"registries: [ghcr.io]\nadmission: {fail-on: medium}", request{object: good}, false, "denied", "kube/image-registry"},
		"allowed in the first": {"admission: {mode: enforce, namespaces: [{name: shop, mode: audit}, {name: shop, mode: enforce}]}", request{object: privileged}, true, "would-deny", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, handler(t, test.policy, nil), test.review(), "?timeout=10s")
			said := strings.Join(got.Warnings, "\n")
			if got.Result != nil {
				said += got.Result.Message
			}
			if got.Allowed != test.allowed || got.AuditAnnotations["verdict"] != test.verdict || !strings.Contains(said, test.says) || test.allowed && test.says == "" && said != "" {
				t.Errorf("allowed %v, %v, want %v, %s, %q:\n%s", got.Allowed, got.AuditAnnotations, test.allowed, test.verdict, test.says, said)
			}
			if !got.Allowed && (got.Result.Code != 403 || got.Result.Reason != "Forbidden") {
				t.Errorf("%+v", got.Result)
			}
			for _, w := range got.Warnings {
				if len(w) > 256 {
					t.Errorf("the server cuts it off: %s", w)
				}
			}
		})
	}
}

// registry answers about images, and counts how often it is asked.
type registry struct {
	refuses         bool
	err             error
	hangs           chan struct{}
	resolved, asked atomic.Int32
}

func (r *registry) Resolve(context.Context, string) (boltseal.Digest, error) {
	r.resolved.Add(1)
	return digest, r.err
}

func (r *registry) Check(_ context.Context, image string, d boltseal.Digest) (*boltseal.Report, error) {
	r.asked.Add(1)
	if r.hangs != nil {
		<-r.hangs
	}
	report := &boltseal.Report{Artifact: boltseal.Artifact{Kind: boltseal.KindImage, Name: image, Digest: d}}
	if r.refuses {
		f := boltseal.Finding{Check: "trust/unsigned", Severity: boltseal.Critical, Message: "nobody signed it", Subject: boltseal.Subject{Name: image, Digest: d}}
		f.Seal()
		report.Findings = append(report.Findings, f)
	}
	return report, r.err
}

const signed = "images: [{image: 'registry.example.com/**', signed-by: [{key: k.pub}]}]\n"

func TestImages(t *testing.T) {
	body := request{object: good}.review()
	tagged := request{object: strings.Replace(good, "@"+digest, ":1", 1)}.review()
	t.Run("signed", func(t *testing.T) {
		r := &registry{}
		h := handler(t, signed, r)
		for range 3 {
			got := send(t, h, body, "")
			if !got.Allowed || !strings.Contains(got.AuditAnnotations["images"], digest) {
				t.Fatalf("%+v", got)
			}
		}
		for range 3 {
			if !send(t, h, tagged, "").Allowed {
				t.Fatal("refused by its tag")
			}
		}
		if r.asked.Load() != 1 || r.resolved.Load() != 1 {
			t.Errorf("asked %d times, resolved %d times, want one each", r.asked.Load(), r.resolved.Load())
		}
	})
	t.Run("unsigned", func(t *testing.T) {
		h := handler(t, signed, &registry{refuses: true})
		got := send(t, h, body, "")
		if got.Allowed || !strings.Contains(got.Result.Message, "[trust/unsigned] nobody signed it") {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("down", func(t *testing.T) {
		r := &registry{err: errors.New("connection refused")}
		h := handler(t, signed, r)
		got := send(t, h, body, "")
		if got.Allowed || !strings.Contains(got.Result.Message, "connection refused") {
			t.Fatalf("%+v", got)
		}
		r.err = nil // and nothing was remembered
		if !send(t, h, body, "").Allowed {
			t.Error("the failure was kept")
		}
		open := handler(t, signed+"admission: {on-error: allow}", &registry{err: errors.New("connection refused")})
		if got := send(t, open, body, ""); !got.Allowed || len(got.Warnings) == 0 || got.AuditAnnotations["verdict"] != "unseen" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("slow", func(t *testing.T) {
		r := &registry{hangs: make(chan struct{})}
		h := handler(t, signed, r)
		start := time.Now()
		got := send(t, h, body, "?timeout=200ms")
		if took := time.Since(start); got.Allowed || took > 2*time.Second || !strings.Contains(got.Result.Message, "no answer in time") {
			t.Fatalf("after %v: %+v", took, got)
		}
		close(r.hangs) // the question goes on, and the next finds its answer
		if !send(t, h, body, "").Allowed || r.asked.Load() != 1 {
			t.Errorf("asked %d times", r.asked.Load())
		}
	})
	t.Run("by name alone", func(t *testing.T) {
		for text, want := range map[string]string{
			"images: [{image: 'registry.example.com/**', unsigned: true}]":  "",
			"images: [{image: 'registry.example.com/**', deny: not these}]": "[trust/denied] not these",
			"images: [{image: 'ghcr.io/**', unsigned: true}]":               "[trust/not-named]",
		} {
			r := &registry{}
			got := send(t, handler(t, text, r), tagged, "")
			if got.Allowed != (want == "") || want != "" && !strings.Contains(got.Result.Message, want) || r.asked.Load()+r.resolved.Load() != 0 {
				t.Errorf("%s: %+v, asked %d times", text, got, r.asked.Load()+r.resolved.Load())
			}
		}
	})
	t.Run("nobody to ask", func(t *testing.T) {
		p, err := policy.Load("p", []byte(signed))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := admission.New(&admission.Options{Policy: p, Now: clock}); err == nil {
			t.Error("want an error")
		}
	})
}

func TestBadRequests(t *testing.T) {
	h := handler(t, "", nil)
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"empty":     {"", 400},
		"no review": {`{"kind":"Pod"}`, 400},
		"no uid":    {`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}`, 400},
		"old":       {`{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1"}}`, 400},
		"twice":     {`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","uid":"2"}}`, 400},
		"trailing":  {string(request{object: good}.review()) + "{}", 400},
		"large":     {`{"x":"` + strings.Repeat("a", 9<<20) + `"}`, 413},
		"deep":      {strings.Repeat("[", 1<<20), 400},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/validate", strings.NewReader(test.body)))
		if w.Code != test.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/validate", nil))
	if w.Code != 405 {
		t.Errorf("GET: %d", w.Code)
	}
}

func TestCertificates(t *testing.T) {
	ca, caKey, err := admission.NewAuthority(clock())
	if err != nil {
		t.Fatal(err)
	}
	hosts := []string{"boltseal.boltseal.svc", "127.0.0.1"}
	cert, key, err := admission.NewCertificate(ca, caKey, hosts, clock())
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := admission.NewAuthority(clock())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ca    []byte
		hosts []string
		after time.Duration
		want  bool
	}{
		"now":         {ca, hosts, 0, true},
		"another CA":  {other, hosts, 0, false},
		"other name":  {ca, []string{"localhost"}, 0, false},
		"runs out":    {ca, hosts, 340 * 24 * time.Hour, false},
		"half a year": {ca, hosts, 180 * 24 * time.Hour, true},
	} {
		if got := admission.Serves(test.ca, cert, key, test.hosts, clock().Add(test.after)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzHandler(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(privileged))
	f.Add([]byte(template("CronJob", privileged)))
	f.Add([]byte(`{"kind":"Pod","metadata":[],"spec":{"containers":null}}`))
	h := handler(f, "admission: {pod-security: restricted}", nil)
	f.Fuzz(func(t *testing.T, object []byte) {
		if !json.Valid(object) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", "/validate", bytes.NewReader(object)))
			if w.Code == 200 {
				t.Fatalf("answered %q", object)
			}
			return
		}
		for kind, group := range map[string]string{"Pod": "", "CronJob": "batch", "Namespace": ""} {
			got := send(t, h, request{object: string(object), old: good, kind: kind, group: group, operation: "UPDATE"}.review(), "")
			if !got.Allowed && (got.Result == nil || got.Result.Message == "" || len(got.Result.Message) > 4096) {
				t.Fatalf("refused without a word: %+v", got)
			}
		}
	})
}

func BenchmarkPod(b *testing.B) {
	h := handler(b, signed, &registry{})
	body := request{object: good}.review()
	for b.Loop() {
		if !send(b, h, body, "").Allowed {
			b.Fatal("refused")
		}
	}
}
