package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Account is a person.
type Account struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"`
	Email    string    `json:"email,omitempty"`
	Hash     string    `json:"-"`                 // of the password, as package serve writes it; empty: it cannot be used
	Subject  string    `json:"subject,omitempty"` // issuer and subject of an OIDC provider
	Admin    bool      `json:"admin"`             // of everything
	Disabled bool      `json:"disabled"`
	Created  time.Time `json:"created"`
}

const accountColumns = "id, name, email, hash, subject, is_admin, disabled, created"

func scanAccount(scan func(...any) error) (Account, error) {
	var a Account
	var admin, disabled int
	var created int64
	err := scan(&a.ID, &a.Name, &a.Email, &a.Hash, &a.Subject, &admin, &disabled, &created)
	a.Admin, a.Disabled, a.Created = admin != 0, disabled != 0, moment(created)
	return a, err
}

// AddAccount makes an account.
func (d *DB) AddAccount(ctx context.Context, a Account, who string) (*Account, error) {
	if !projectName().MatchString(a.Name) {
		return nil, fmt.Errorf("account %.80q: %w: want up to 63 of a-z, 0-9, dot, dash and underscore", a.Name, ErrInvalid)
	}
	a.Created = d.opts.Now().UTC().Truncate(time.Millisecond)
	err := d.Update(ctx, func(tx *Tx) error {
		var err error
		a.ID, err = tx.Insert(ctx, "INSERT INTO account (name, email, hash, subject, is_admin, disabled, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
			a.Name, clip(a.Email, 300), a.Hash, clip(a.Subject, 500), bit(a.Admin), bit(a.Disabled), a.Created.UnixMilli())
		if err != nil {
			return err
		}
		return tx.Note(ctx, 0, who, "account.add", a.Name, "")
	})
	if taken(err) {
		return nil, fmt.Errorf("account %s: it is there already: %w", a.Name, ErrConflict)
	}
	if err != nil {
		return nil, fmt.Errorf("add account %s: %w", a.Name, err)
	}
	return &a, nil
}

// SetAccount writes an account's e-mail address, password, rights and whether
// it may be used. Whoever may not use it any more is logged out.
func (d *DB) SetAccount(ctx context.Context, a *Account, who string) error {
	err := d.Update(ctx, func(tx *Tx) error {
		n, err := tx.Exec(ctx, "UPDATE account SET email = ?, hash = ?, subject = ?, is_admin = ?, disabled = ? WHERE id = ?",
			clip(a.Email, 300), a.Hash, clip(a.Subject, 500), bit(a.Admin), bit(a.Disabled), a.ID)
		switch {
		case err != nil:
			return err
		case n == 0:
			return ErrNotFound
		}
		return tx.Note(ctx, 0, who, "account.set", a.Name, "")
	})
	if err != nil {
		return fmt.Errorf("account %d: %w", a.ID, err)
	}
	return nil
}

// Account gives the account of a name.
func (d *DB) Account(ctx context.Context, name string) (*Account, error) {
	return d.account(ctx, "name = ?", name)
}

// AccountByID gives an account.
func (d *DB) AccountByID(ctx context.Context, id int64) (*Account, error) {
	return d.account(ctx, "id = ?", id)
}

// AccountBySubject gives the account of somebody whom an OIDC provider knows.
func (d *DB) AccountBySubject(ctx context.Context, subject string) (*Account, error) {
	if subject == "" {
		return nil, ErrNotFound
	}
	return d.account(ctx, "subject = ?", subject)
}

func (d *DB) account(ctx context.Context, where string, arg any) (*Account, error) {
	var list []Account
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			a, err := scanAccount(scan)
			list = append(list, a)
			return err
		}, "SELECT "+accountColumns+" FROM account WHERE "+where, arg)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read account: %w", err)
	case len(list) == 0:
		return nil, fmt.Errorf("account: %w", ErrNotFound)
	}
	return &list[0], nil
}

// Accounts lists all accounts by name.
func (d *DB) Accounts(ctx context.Context) ([]Account, error) {
	list := []Account{}
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			a, err := scanAccount(scan)
			list = append(list, a)
			return err
		}, "SELECT "+accountColumns+" FROM account ORDER BY name")
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}

// SetMember gives an account a role in a project; an empty role takes it.
func (d *DB) SetMember(ctx context.Context, p *Project, account int64, role, who string) error {
	err := d.Update(ctx, func(tx *Tx) error {
		var name string
		if err := tx.Get(ctx, []any{&name}, "SELECT name FROM account WHERE id = ?", account); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM member WHERE account = ? AND project = ?", account, p.ID); err != nil {
			return err
		}
		if role != "" {
			if _, err := tx.Exec(ctx, "INSERT INTO member (account, project, role) VALUES (?, ?, ?)", account, p.ID, role); err != nil {
				return err
			}
		}
		return tx.Note(ctx, p.ID, who, "member.set", name, role)
	})
	if err != nil {
		return fmt.Errorf("member %d of %s: %w", account, p.Name, err)
	}
	return nil
}

// Roles gives an account's role in each project that it has one in.
func (d *DB) Roles(ctx context.Context, account int64) (map[string]string, error) {
	roles := map[string]string{}
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			var project, role string
			err := scan(&project, &role)
			roles[project] = role
			return err
		}, "SELECT project.name, member.role FROM member JOIN project ON project.id = member.project WHERE member.account = ?", account)
	})
	if err != nil {
		return nil, fmt.Errorf("roles of account %d: %w", account, err)
	}
	return roles, nil
}

// Token is a key for programs. It acts for its account, or has a role of its
// own in its project, or - with neither - in all of them.
type Token struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Account int64     `json:"account,omitempty"`
	Project string    `json:"project,omitempty"`
	Role    string    `json:"role,omitempty"`
	Scopes  []string  `json:"scopes,omitempty"` // what it may be used for; empty: all that its role may
	Who     string    `json:"who"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Used    time.Time `json:"used,omitzero"` // last, to the hour
}

// keyColumns are a token's; none of them is secret.
const keyColumns = "token.id, token.name, token.account, COALESCE(project.name, ''), token.role, token.scopes, token.who, token.created, token.expires, token.used"

func scanToken(scan func(...any) error) (Token, error) {
	var t Token
	var scopes string
	var created, expires, used int64
	if err := scan(&t.ID, &t.Name, &t.Account, &t.Project, &t.Role, &scopes, &t.Who, &created, &expires, &used); err != nil {
		return t, err
	}
	t.Created, t.Expires, t.Used = moment(created), moment(expires), moment(used)
	return t, json.Unmarshal([]byte(scopes), &t.Scopes)
}

// AddToken keeps a token by the sha256 of its secret, which is not kept.
func (d *DB) AddToken(ctx context.Context, sum [32]byte, t Token, who string) (*Token, error) {
	t.Name = clip(strings.TrimSpace(t.Name), 100)
	if t.Name == "" {
		return nil, fmt.Errorf("token: %w: it must have a name", ErrInvalid)
	}
	var project int64
	if t.Project != "" {
		p, err := d.Project(ctx, t.Project)
		if err != nil {
			return nil, err
		}
		project = p.ID
	}
	scopes, err := json.Marshal(t.Scopes)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", t.Name, err)
	}
	t.Who, t.Created = who, d.opts.Now().UTC().Truncate(time.Millisecond)
	err = d.Update(ctx, func(tx *Tx) error {
		var err error
		t.ID, err = tx.Insert(ctx, "INSERT INTO token (hash, name, account, project, role, scopes, who, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			sum[:], t.Name, t.Account, project, t.Role, string(scopes), clip(who, 200), t.Created.UnixMilli(), stamp(t.Expires))
		if err != nil {
			return err
		}
		return tx.Note(ctx, project, who, "token.add", t.Name, strings.Join(append([]string{t.Role}, t.Scopes...), " "))
	})
	if err != nil {
		return nil, fmt.Errorf("add token %s: %w", t.Name, err)
	}
	return &t, nil
}

// TokenByHash gives the token whose secret has this sha256. One that has
// expired is not found.
func (d *DB) TokenByHash(ctx context.Context, sum [32]byte) (*Token, error) {
	var list []Token
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			t, err := scanToken(scan)
			list = append(list, t)
			return err
		}, "SELECT "+keyColumns+" FROM token LEFT JOIN project ON project.id = token.project WHERE token.hash = ?", sum[:])
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read token: %w", err)
	case len(list) == 0, !list[0].Expires.IsZero() && !list[0].Expires.After(d.opts.Now()):
		return nil, fmt.Errorf("token: %w", ErrNotFound)
	}
	return &list[0], nil
}

// TouchToken notes that a token was used, once an hour.
func (d *DB) TouchToken(ctx context.Context, t *Token) error {
	now := d.opts.Now()
	if now.Sub(t.Used) < time.Hour {
		return nil
	}
	return d.Update(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, "UPDATE token SET used = ? WHERE id = ?", now.UnixMilli(), t.ID)
		return err
	})
}

// Tokens lists a project's tokens; of a nil project, those of accounts and of
// everything.
func (d *DB) Tokens(ctx context.Context, p *Project) ([]Token, error) {
	list := []Token{}
	var project int64
	if p != nil {
		project = p.ID
	}
	err := d.View(ctx, func(tx *Tx) error {
		return tx.Each(ctx, func(scan func(...any) error) error {
			t, err := scanToken(scan)
			list = append(list, t)
			return err
		}, "SELECT "+keyColumns+" FROM token LEFT JOIN project ON project.id = token.project WHERE token.project = ? ORDER BY token.id", project)
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return list, nil
}

// RevokeToken ends a token of a project; of a nil project, one of an account
// or of everything.
func (d *DB) RevokeToken(ctx context.Context, p *Project, id int64, who string) error {
	var project int64
	if p != nil {
		project = p.ID
	}
	err := d.Update(ctx, func(tx *Tx) error {
		var name string
		if err := tx.Get(ctx, []any{&name}, "DELETE FROM token WHERE id = ? AND project = ? RETURNING name", id, project); err != nil {
			return err
		}
		return tx.Note(ctx, project, who, "token.revoke", name, "")
	})
	if err != nil {
		return fmt.Errorf("token %d: %w", id, err)
	}
	return nil
}

// Session reads what a browser's session holds.
func (d *DB) Session(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = d.View(ctx, func(tx *Tx) error {
		return tx.Get(ctx, []any{&data}, "SELECT data FROM session WHERE token = ? AND expires > ?", token, d.now())
	})
	if err != nil {
		return nil, false, ignoreMissing(err)
	}
	return data, true, nil
}

// PutSession writes a session.
func (d *DB) PutSession(ctx context.Context, token string, data []byte, expires time.Time) error {
	return d.Update(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO session (token, data, expires) VALUES (?, ?, ?) ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires", token, data, expires.UnixMilli())
		return err
	})
}

// EndSession removes a session.
func (d *DB) EndSession(ctx context.Context, token string) error {
	return d.Update(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM session WHERE token = ?", token)
		return err
	})
}
