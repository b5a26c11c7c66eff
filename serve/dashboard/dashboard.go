// Package dashboard is the server's pages for people: the five numbers and
// panels that the container security guides ask for, images, findings with
// their waivers, alerts, workloads, policies, jobs. [Mount] puts them on a
// server.
//
// Pages are made here and read without JavaScript; htmx and uPlot, which lie
// in static/, only make them quicker and draw the trends. Nothing is loaded
// from elsewhere, and no script or style stands in a page, so that a strict
// content security policy holds. Every name from outside is text.
package dashboard

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

type dashboard struct {
	*serve.Server
	pages map[string]*template.Template
	files map[string]file
}

// Mount puts the pages on a server.
func Mount(s *serve.Server) {
	d := &dashboard{Server: s, files: readStatic()}
	d.pages = d.parse()
	d.Handle("GET /static/{file}", http.HandlerFunc(d.static))
	d.Handle("GET /login", http.HandlerFunc(d.loginPage))
	d.Handle("POST /login", http.HandlerFunc(d.login))
	d.Handle("POST /setup", http.HandlerFunc(d.setup))

	anybody := serve.Need{}
	d.page("POST /logout", anybody, d.logout)
	d.page("GET /{$}", anybody, d.projects)
	system := serve.Need{Role: serve.Admin, Scope: serve.ScopeAdmin, Global: true}
	d.page("GET /system", system, d.system)
	d.page("POST /system/jobs/{id}/{act}", system, d.jobAct)

	const in = "/projects/{project}"
	view := serve.Need{Role: serve.Viewer}
	d.page("GET "+in+"/{$}", view, d.overview)
	d.page("GET "+in+"/images", view, d.images)
	d.page("GET "+in+"/images/{id}", view, d.image)
	d.page("GET "+in+"/images/{id}/sbom", view, d.sbom)
	d.page("GET "+in+"/findings", view, d.findings)
	d.page("GET "+in+"/findings/{id}", view, d.finding)
	d.page("GET "+in+"/alerts", view, d.alerts)
	d.page("GET "+in+"/workloads", view, d.workloads)
	d.page("GET "+in+"/policies", view, d.policies)
	d.page("GET "+in+"/waivers", view, d.waivers)
	d.page("GET "+in+"/export/{file}", view, d.export)
	waive := serve.Need{Role: serve.Security, Scope: serve.ScopeWaive}
	d.page("POST "+in+"/waivers", waive, d.waive)
	d.page("POST "+in+"/waivers/{id}/end", waive, d.unwaive)
	d.page("POST "+in+"/policies/{name}", serve.Need{Role: serve.Security, Scope: serve.ScopePolicy}, d.putPolicy)
}

// visit is one request for a page, of somebody who may see it.
type visit struct {
	*dashboard
	w http.ResponseWriter
	r *http.Request
	p *store.Project // of the path; nil where it names none
}

// page mounts what needs a right, and shows people what they were refused.
func (d *dashboard) page(pattern string, need serve.Need, show func(*visit) error) {
	d.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-cache")
		v := &visit{dashboard: d, w: w, r: r}
		err := v.enter(need)
		if err == nil {
			err = show(v)
		}
		if err != nil {
			v.refuse(err)
		}
	}))
}

func (v *visit) enter(need serve.Need) error {
	name := v.r.PathValue("project")
	if v.r.Method == http.MethodPost {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	}
	if err := v.Authorize(v.r, need, name); err != nil || name == "" {
		return err
	}
	var err error
	v.p, err = v.Project(v.r.Context(), name)
	return err
}

// maxForm bounds a form, a policy among them.
const maxForm = 1 << 20

func (v *visit) refuse(err error) {
	code, text := v.StatusOf(v.r, err)
	if !strings.Contains(v.r.Header.Get("Accept"), "text/html") || code == http.StatusUnauthorized && v.r.Method == http.MethodGet {
		v.Refuse(v.w, v.r, err)
		return
	}
	v.p = nil // it may be one that nobody may know of
	data := struct {
		Code int
		Text string
	}{code, text}
	if err := v.show(code, "error", http.StatusText(code), data); err != nil {
		v.Refuse(v.w, v.r, err)
	}
}

// frame is what every page is given.
type frame struct {
	Title    string
	Page     string // the template's name: where one is in the navigation
	Project  string
	Who      string
	Admin    bool // of everything
	Security bool // may waive and edit policies
	CSRF     string
	Version  string
	Path     string
	Query    url.Values
	Now      time.Time
	Data     any
}

// In is the address of a page of the project.
func (f *frame) In(parts ...string) string {
	return "/projects/" + url.PathEscape(f.Project) + "/" + strings.Join(parts, "")
}

// With is this page's address with one part of the question changed. The
// page of a list belongs to the question it was asked with.
func (f *frame) With(key, value string) string {
	q := url.Values{}
	for k, list := range f.Query {
		for _, s := range list {
			if s != "" && k != "after" && k != key {
				q.Add(k, s)
			}
		}
	}
	if value != "" {
		q.Set(key, value)
	}
	if len(q) == 0 {
		return f.Path
	}
	return f.Path + "?" + q.Encode()
}

// Export is the address of all of a list as a file.
func (f *frame) Export(name string) string {
	q := url.Values{}
	for k, list := range f.Query {
		if k != "after" && k != "limit" {
			q[k] = list
		}
	}
	return f.In("export/", name, "?", q.Encode())
}

// Has tells whether the question has this word.
func (f *frame) Has(key, value string) bool { return slices.Contains(f.Query[key], value) }

func (v *visit) show(code int, name, title string, data any) error {
	f := &frame{Title: title, Page: name, Version: v.Version(), Path: v.r.URL.EscapedPath(), Query: v.r.URL.Query(), Now: v.Now(), Data: data}
	if who := serve.Who(v.r.Context()); who != nil {
		f.Who, f.Admin = who.Name, who.Admin || who.Role == serve.Admin
		if v.p != nil {
			f.Security = who.Can(v.p.Name, serve.Security)
		}
		if who.Token == 0 {
			f.CSRF = v.CSRF(v.r.Context())
		}
	}
	if v.p != nil {
		f.Project = v.p.Name
	}
	var page bytes.Buffer // so that what goes wrong is an error and not half a page
	if err := v.pages[name].ExecuteTemplate(&page, "layout", f); err != nil {
		return fmt.Errorf("show %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(code)
	_, _ = v.w.Write(page.Bytes())
	return nil
}

// back leads from a form to the page that it belongs to.
func (v *visit) back(address string) error {
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

func (v *visit) in(parts ...string) string {
	return (&frame{Project: v.p.Name}).In(parts...)
}
