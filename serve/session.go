package serve

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/crypto/argon2"

	"github.com/boltseal/boltseal/store"
)

// The keys of what a session holds.
const (
	sessionAccount = "account"
	sessionCSRF    = "csrf"
)

func (s *Server) newSessions() *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{s.opts.DB}
	m.HashTokenInStore = true
	m.Lifetime = 7 * 24 * time.Hour
	m.IdleTimeout = 24 * time.Hour
	m.Cookie.Name = "boltseal"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = s.opts.TLS != nil || strings.HasPrefix(s.opts.URL, "https://")
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) { s.refuse(w, r, err) }
	return m
}

// sessionStore keeps sessions where everything else is kept, so that any
// server of several knows them.
type sessionStore struct{ db *store.DB }

func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}
func (s sessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.db.EndSession(ctx, token)
}
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	return s.db.Session(ctx, token)
}
func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	return s.db.PutSession(ctx, token, b, expiry)
}

// bySession is who a browser's session belongs to.
func (s *Server) bySession(r *http.Request) (*Principal, error) {
	id := s.sessions.GetInt64(r.Context(), sessionAccount)
	if id == 0 {
		return nil, nil //nolint:nilnil // nobody
	}
	account, err := s.opts.DB.AccountByID(r.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && account.Disabled:
		return nil, nil //nolint:nilnil // nobody any more
	case err != nil:
		return nil, err
	}
	p := &Principal{Name: "user:" + account.Name}
	return p, s.rights(r.Context(), p, account)
}

// CSRF is the token that forms of this session carry as csrf, and scripts as
// the header X-CSRF-Token.
func (s *Server) CSRF(ctx context.Context) string {
	token := s.sessions.GetString(ctx, sessionCSRF)
	if token == "" {
		token = rand.Text()
		s.sessions.Put(ctx, sessionCSRF, token)
	}
	return token
}

// sameOrigin tells whether a request that changes something was made by a
// page of this server: browsers say where it comes from, and the page knows
// the session's token.
func (s *Server) sameOrigin(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return false
		}
	}
	want := s.sessions.GetString(r.Context(), sessionCSRF)
	got := r.Header.Get("X-CSRF-Token")
	if got == "" && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		got = r.PostFormValue("csrf")
	}
	return want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1
}

// ErrLogin says that a name and a password do not belong together. It does
// not say which of the two is wrong.
var ErrLogin = &Status{http.StatusUnauthorized, "the name or the password is wrong"}

// Login begins a session for an account with a password.
func (s *Server) Login(r *http.Request, name, password string) error {
	if wait := max(s.logins.take("ip:"+s.client(r)), s.logins.take("name:"+name)); wait > 0 {
		return &Status{http.StatusTooManyRequests, "too many tries; wait a while"}
	}
	account, err := s.opts.DB.Account(r.Context(), name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	hash := unusableHash
	if err == nil && !account.Disabled && account.Hash != "" {
		hash = account.Hash
	}
	if !CheckPassword(hash, password) || err != nil { // a name that is not there costs the same time
		return ErrLogin
	}
	return s.begin(r.Context(), account)
}

func (s *Server) begin(ctx context.Context, account *store.Account) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	s.sessions.Put(ctx, sessionAccount, account.ID)
	s.sessions.Put(ctx, sessionCSRF, rand.Text())
	return nil
}

// Logout ends the session.
func (s *Server) Logout(r *http.Request) error { return s.sessions.Destroy(r.Context()) }

// The cost of a password's hash (RFC 9106, section 4, second recommended
// option).
const (
	argonTime, argonMemory, argonThreads = 3, 64 << 10, 4
	argonSalt, argonKey                  = 16, 32
)

// HashPassword is what is kept of a password (argon2id).
func HashPassword(password string) (string, error) {
	if len(password) < 10 || len(password) > 1000 {
		return "", &Status{http.StatusUnprocessableEntity, "a password has 10 to 1000 bytes"}
	}
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// unusableHash belongs to no password.
const unusableHash = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// CheckPassword tells whether a hash was made of a password.
func CheckPassword(hash, password string) bool {
	var version, memory, time, threads uint32
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || len(password) > 1000 {
		return false
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &threads); err != nil || version != argon2.Version {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) != argonKey || memory > 1<<20 || time == 0 || time > 20 || threads == 0 || threads > 64 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, uint8(threads), argonKey)
	return subtle.ConstantTimeCompare(got, want) == 1
}
