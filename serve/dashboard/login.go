package dashboard

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/serve"
	"github.com/boltseal/boltseal/store"
)

// entrance is the page that people log in on.
type entrance struct {
	Next, Name, Problem string
	First               bool // there is no account yet: the token of an administrator makes one
}

func (d *dashboard) loginPage(w http.ResponseWriter, r *http.Request) {
	d.enter(w, r, http.StatusOK, entrance{Next: inside(r.URL.Query().Get("next"))})
}

func (d *dashboard) enter(w http.ResponseWriter, r *http.Request, code int, e entrance) {
	v := &visit{dashboard: d, w: w, r: r}
	w.Header().Set("Cache-Control", "no-store")
	accounts, err := d.DB().Accounts(r.Context())
	if err == nil {
		e.First = len(accounts) == 0
		err = v.show(code, "login", "Log in", e)
	}
	if err != nil {
		d.Refuse(w, r, err)
	}
}

// inside makes sure that a login leads to a page of this server.
func inside(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

// form reads a form that somebody sends who is not logged in: there is no
// session yet that would know a token, so the browser must say where the
// form stood.
func (d *dashboard) form(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return &serve.Status{Code: http.StatusForbidden, Text: "the form did not stand on a page of this server"}
	}
	if err := r.ParseForm(); err != nil {
		return &serve.Status{Code: http.StatusBadRequest, Text: "the form cannot be read"}
	}
	return nil
}

func (d *dashboard) login(w http.ResponseWriter, r *http.Request) {
	if err := d.form(w, r); err != nil {
		(&visit{dashboard: d, w: w, r: r}).refuse(err)
		return
	}
	d.begin(w, r)
}

func (d *dashboard) begin(w http.ResponseWriter, r *http.Request) {
	e := entrance{Next: inside(r.PostForm.Get("next")), Name: r.PostForm.Get("name")}
	if err := d.Login(r, e.Name, r.PostForm.Get("password")); err != nil {
		var code int
		code, e.Problem = d.StatusOf(r, err)
		d.enter(w, r, code, e)
		return
	}
	http.Redirect(w, r, e.Next, http.StatusSeeOther)
}

// setup makes the first account, for whoever has the token that the server
// printed when it began.
func (d *dashboard) setup(w http.ResponseWriter, r *http.Request) {
	if err := d.form(w, r); err != nil {
		(&visit{dashboard: d, w: w, r: r}).refuse(err)
		return
	}
	if err := d.firstAccount(r); err != nil {
		e := entrance{Next: "/", Name: r.PostForm.Get("name")}
		var code int
		code, e.Problem = d.StatusOf(r, err)
		d.enter(w, r, code, e)
		return
	}
	d.begin(w, r)
}

func (d *dashboard) firstAccount(r *http.Request) error {
	ctx := r.Context()
	no := &serve.Status{Code: http.StatusForbidden, Text: "that is not the token of an administrator"}
	t, err := d.DB().TokenByHash(ctx, sha256.Sum256([]byte(strings.TrimSpace(r.PostForm.Get("token")))))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return no
	case err != nil:
		return err
	case t.Role != serve.Admin.String() || t.Project != "" || t.Account != 0 || t.Scopes != nil && !slices.Contains(t.Scopes, serve.ScopeAdmin):
		return no
	}
	accounts, err := d.DB().Accounts(ctx)
	if err != nil {
		return err
	}
	if len(accounts) > 0 {
		return &serve.Status{Code: http.StatusConflict, Text: "there is an account already; an administrator can add more"}
	}
	hash, err := serve.HashPassword(r.PostForm.Get("password"))
	if err != nil {
		return err
	}
	_, err = d.DB().AddAccount(ctx, store.Account{Name: r.PostForm.Get("name"), Hash: hash, Admin: true}, "token:"+t.Name)
	return err
}

func (d *dashboard) logout(v *visit) error {
	if err := d.Logout(v.r); err != nil {
		return err
	}
	return v.back("/login")
}
