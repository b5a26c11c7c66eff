package serve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/boltseal/boltseal/store"
)

// Role is what somebody may do in a project. Each has the rights of those
// before it.
type Role int

// The roles.
const (
	NoRole    Role = iota
	Viewer         // reads
	Developer      // uploads
	Security       // waives, edits policies
	Admin          // adds people and tokens
)

var roleNames = []string{"", "viewer", "developer", "security", "admin"}

// String is the role's name.
func (r Role) String() string { return roleNames[max(0, min(int(r), len(roleNames)-1))] }

// ParseRole reads a role's name.
func ParseRole(s string) (Role, bool) {
	i := slices.Index(roleNames, s)
	return Role(max(i, 0)), i > 0
}

// The scopes of tokens.
const (
	ScopeRead   = "read"
	ScopeUpload = "upload"
	ScopeAlert  = "alert"
	ScopeWaive  = "waive"
	ScopePolicy = "policy"
	ScopeAdmin  = "admin"
	ScopeGate   = "gate"
)

// Scopes lists all scopes.
func Scopes() []string {
	return []string{ScopeRead, ScopeUpload, ScopeAlert, ScopeWaive, ScopePolicy, ScopeAdmin, ScopeGate}
}

// Need is a right that a request needs.
type Need struct {
	Role   Role
	Scope  string // that a token must have; empty is read
	Global bool   // in all of the server, not in one project
}

// Principal is who asks.
type Principal struct {
	Name    string // "user:anna", "token:ci"
	Account int64
	Token   int64
	Admin   bool            // of everything
	Role    Role            // in every project: a token of everything
	Roles   map[string]Role // by project
	Scopes  []string        // of a token; nil for a person
}

// In is the principal's role in a project.
func (p *Principal) In(project string) Role {
	if p == nil {
		return NoRole
	}
	if p.Admin {
		return Admin
	}
	return max(p.Role, p.Roles[project])
}

// Can tells whether the principal has a role in a project.
func (p *Principal) Can(project string, role Role) bool {
	return p != nil && p.In(project) >= role
}

// May tells whether the principal's token, if it is one, has a scope.
func (p *Principal) May(scope string) bool {
	if scope == "" {
		scope = ScopeRead
	}
	return p != nil && (p.Scopes == nil || slices.Contains(p.Scopes, scope))
}

type principalKey struct{}

// Who is the principal of a request, nil for nobody.
func Who(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}

// Status is an error with the HTTP status that it is answered with.
type Status struct {
	Code int
	Text string
}

// Error implements error.
func (s *Status) Error() string { return s.Text }

var (
	errNobody  = &Status{http.StatusUnauthorized, "log in, or send a token"}
	errRight   = &Status{http.StatusForbidden, "your role does not allow it"}
	errScope   = &Status{http.StatusForbidden, "the token was not made for it"}
	errMissing = &Status{http.StatusNotFound, "not found"}
)

// Authorize tells whether a request has a right. A project that the principal
// has nothing to do with is not found, as if it were not there.
func (s *Server) Authorize(r *http.Request, need Need, project string) error {
	p := Who(r.Context())
	switch {
	case p == nil:
		return errNobody
	case !p.May(need.Scope):
		return errScope
	case need.Global || project == "":
		if need.Role > NoRole && !(p.Admin || p.Role >= need.Role) {
			return errRight
		}
	case p.In(project) == NoRole:
		return errMissing
	case p.In(project) < need.Role:
		return errRight
	}
	if p.Scopes == nil && !s.sameOrigin(r) {
		return &Status{http.StatusForbidden, "the request did not come from a page of this server"}
	}
	return nil
}

// Project is the project that a request's path names, once Authorize has let
// it through.
func (s *Server) Project(ctx context.Context, name string) (*store.Project, error) {
	p, err := s.opts.DB.Project(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errMissing
	}
	return p, err
}

// tokenPrefix lets people and scanners for secrets know what it is.
const tokenPrefix = "bsl_"

// NewToken makes a token and gives its secret, which is shown once.
func NewToken(ctx context.Context, db *store.DB, t store.Token, who string) (secret string, token *store.Token, err error) {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", nil, fmt.Errorf("make a token: %w", err)
	}
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	token, err = db.AddToken(ctx, sha256.Sum256([]byte(secret)), t, who)
	return secret, token, err
}

// identify finds out who asks: by the token in the Authorization header, or
// else by the session of a browser.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := s.principal(r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if p != nil {
			r = r.WithContext(context.WithValue(r.Context(), principalKey{}, p))
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) principal(r *http.Request) (*Principal, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		kind, secret, _ := strings.Cut(header, " ")
		secret = strings.TrimSpace(secret)
		switch {
		case strings.EqualFold(kind, "Bearer"):
		case strings.EqualFold(kind, "Basic"): // for programs that know nothing else: the password is the token
			_, password, ok := r.BasicAuth()
			if !ok {
				return nil, errNobody
			}
			secret = password
		default:
			return nil, errNobody
		}
		if !strings.HasPrefix(secret, tokenPrefix) {
			return nil, nil //nolint:nilnil // it is a token of somebody else, for a part that knows it
		}
		return s.byToken(r.Context(), secret)
	}
	return s.bySession(r)
}

func (s *Server) byToken(ctx context.Context, secret string) (*Principal, error) {
	t, err := s.opts.DB.TokenByHash(ctx, sha256.Sum256([]byte(secret)))
	if errors.Is(err, store.ErrNotFound) {
		return nil, &Status{http.StatusUnauthorized, "there is no such token, or its time is over"}
	}
	if err != nil {
		return nil, err
	}
	if err := s.opts.DB.TouchToken(ctx, t); err != nil {
		s.opts.Log.Warn("note the use of a token", "error", err)
	}
	p := &Principal{Name: "token:" + t.Name, Token: t.ID, Scopes: t.Scopes}
	if p.Scopes == nil {
		p.Scopes = Scopes()
	}
	role, _ := ParseRole(t.Role)
	switch {
	case t.Account != 0:
		account, err := s.opts.DB.AccountByID(ctx, t.Account)
		if err != nil || account.Disabled {
			return nil, errNobody
		}
		if err := s.rights(ctx, p, account); err != nil {
			return nil, err
		}
	case t.Project != "":
		p.Roles = map[string]Role{t.Project: role}
	default:
		p.Role, p.Admin = role, role == Admin
	}
	return p, nil
}

// rights gives a principal what its account may.
func (s *Server) rights(ctx context.Context, p *Principal, account *store.Account) error {
	roles, err := s.opts.DB.Roles(ctx, account.ID)
	if err != nil {
		return err
	}
	p.Account, p.Admin, p.Roles = account.ID, account.Admin, map[string]Role{}
	for project, name := range roles {
		p.Roles[project], _ = ParseRole(name)
	}
	return nil
}
