package serve

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/store"
)

// health answers as long as the process does.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// ready answers while the database does too.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.opts.DB.Ping(ctx); err != nil {
		s.opts.Log.Warn("not ready", "error", err.Error())
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("the store does not answer\n"))
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// metrics are what Prometheus reads: the five families that the container
// security guides ask for, and how the server itself does.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "boltseal_http_requests_total", Help: "Requests that were answered."}, []string{"method", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "boltseal_http_request_duration_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .15, .25, .5, 1, 2.5, 10}}, []string{"method"}),
	}
	m.registry.MustRegister(m.requests, m.duration, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &projects{server: s})
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second})
}

// watch counts and times requests.
func (m *metrics) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		switch method {
		case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		default:
			method = "other" // a client may call methods what it likes
		}
		begin := time.Now() //nolint:forbidigo // how long it takes, not when
		code := &coded{ResponseWriter: w, code: http.StatusOK}
		defer func() {
			m.requests.WithLabelValues(method, strconv.Itoa(code.code)).Inc()
			m.duration.WithLabelValues(method).Observe(time.Since(begin).Seconds())
		}()
		next.ServeHTTP(code, r)
	})
}

// coded remembers the status that was answered.
type coded struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (c *coded) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController through.
func (c *coded) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("boltseal_"+name, help, append([]string{"project"}, labels...), nil)
}

var (
	vulnerabilities = gauge("vulnerabilities", "Open findings of images that are current or run, by severity.", "severity")
	exploited       = gauge("vulnerabilities_exploited", "Open findings that are known to be exploited (CISA KEV).")
	fixable         = gauge("vulnerabilities_fixable", "Open findings that a newer version fixes.")
	waived          = gauge("vulnerabilities_waived", "Findings that were accepted on purpose.")
	compliance      = gauge("compliance_score", "Mean score of the audits, 0 to 100. Absent without any.")
	alerts          = gauge("runtime_alerts", "Runtime alerts of the last 24 hours, by severity.", "severity")
	ageMean         = gauge("image_age_days", "Mean age of the images whose age is known.")
	ageMax          = gauge("image_age_days_max", "Age of the oldest image.")
	ageOver         = gauge("images_older_than_days", "Images older than so many days.", "days")
	images          = gauge("images", "Images that are current or run.")
	imagesDenied    = gauge("images_denied", "Images that the verdict does not allow.")
	imagesRunning   = gauge("images_running", "Images that run.")
	imagesGaps      = gauge("images_with_gaps", "Images with something that could not be looked at.")
	coverage        = gauge("scan_coverage_ratio", "Share of the running containers whose image was reported. Absent without any.")
	coverageFresh   = gauge("scan_coverage_fresh_ratio", "Share of the images with a report of the last 7 days. Absent without any.")
	storeUp         = prometheus.NewDesc("boltseal_store_up", "Whether the store answered.", nil, nil)
)

// projects reads the numbers of all projects when Prometheus asks, at most
// once in a few seconds.
type projects struct {
	server *Server
	mu     sync.Mutex
	at     time.Time
	list   []projectNumbers
	err    error
}

type projectNumbers struct {
	name string
	store.Overview
}

// Describe implements prometheus.Collector.
func (c *projects) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{vulnerabilities, exploited, fixable, waived, compliance, alerts, ageMean, ageMax, ageOver, images, imagesDenied, imagesRunning, imagesGaps, coverage, coverageFresh, storeUp} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *projects) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.server.Now(); now.Sub(c.at) > 10*time.Second || c.at.IsZero() || c.err != nil {
		c.list, c.err = c.read()
		c.at = now
	}
	up := 1.0
	if c.err != nil {
		c.server.Log().Warn("read the numbers of the projects", "error", c.err.Error())
		up = 0
	}
	ch <- prometheus.MustNewConstMetric(storeUp, prometheus.GaugeValue, up)
	if c.err != nil {
		return // no number is better than an old one
	}
	for i := range c.list {
		c.one(ch, &c.list[i])
	}
}

func (c *projects) read() ([]projectNumbers, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	all, err := c.server.DB().Projects(ctx)
	if err != nil {
		return nil, err
	}
	var list []projectNumbers
	for i := range all {
		o, err := c.server.DB().Overview(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		list = append(list, projectNumbers{all[i].Name, *o})
	}
	return list, nil
}

func (c *projects) one(ch chan<- prometheus.Metric, p *projectNumbers) {
	put := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{p.name}, labels...)...)
	}
	for _, s := range boltseal.Severities() {
		put(vulnerabilities, float64(p.Open.Of(s)), s.String())
		put(alerts, float64(p.Alerts.Of(s)), s.String())
	}
	put(exploited, float64(p.KEV))
	put(fixable, float64(p.Fixable))
	put(waived, float64(p.Waived))
	if p.Scored > 0 {
		put(compliance, float64(p.Score))
	}
	if p.Age.Known > 0 {
		put(ageMean, float64(p.Age.Mean))
		put(ageMax, float64(p.Age.Oldest))
		put(ageOver, float64(p.Age.Over30), "30")
		put(ageOver, float64(p.Age.Over90), "90")
	}
	put(images, float64(p.Images))
	put(imagesDenied, float64(p.Images-p.Allowed))
	put(imagesRunning, float64(p.Running))
	put(imagesGaps, float64(p.Gaps))
	if p.Coverage.Workloads > 0 {
		put(coverage, float64(p.Coverage.Scanned)/float64(p.Coverage.Workloads))
	}
	if p.Images > 0 {
		put(coverageFresh, float64(p.Coverage.Fresh)/float64(p.Images))
	}
}
