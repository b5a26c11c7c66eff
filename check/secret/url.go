package secret

import (
	"bytes"
	"slices"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Detector{
	Check: kind("database-url", "address of a database with its password", boltseal.High,
		"read and change the database, if they can reach it", "ALTER USER … PASSWORD, or what the database has for it"),
	Keywords: []string{"://"}, Rank: ByName, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		scheme, start, end, ok := h.userinfo()
		return start, end, ok && slices.Contains(databases, scheme)
	},
})

var _ = add(Detector{
	Check: kind("credential-in-url", "address with a password", boltseal.Medium,
		"use what the address leads to", "the service that the address names", "gitleaks:curl-auth-user"),
	Keywords: []string{"://"}, Rank: ByContext, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		scheme, start, end, ok := h.userinfo()
		return start, end, ok && !slices.Contains(databases, scheme)
	},
})

var databases = []string{
	"postgres", "postgresql", "mysql", "mariadb", "mongodb", "mongodb+srv", "redis", "rediss", "valkey", "amqp", "amqps", "mssql", "sqlserver", "oracle", "cockroachdb", "clickhouse", "cassandra", "neo4j", "bolt", "nats", "mqtt", "influxdb", "couchdb", "memcached", "ldap", "ldaps", "kafka",
	"postgresql+psycopg2", "postgresql+asyncpg", "postgresql+psycopg", "mysql+pymysql", "mysql+mysqlconnector", "mysql2",
}

// userinfo reads scheme://user:password@host around the keyword, and gives
// the password's place.
func (h *Hit) userinfo() (scheme string, start, end int, ok bool) {
	colon, at := -1, -1
	for i := h.End; i < len(h.Buf) && i-h.End < 256; i++ {
		c := h.Buf[i]
		if c == '@' {
			at = i
			break
		}
		if c == ':' && colon < 0 {
			colon = i
		}
		if c <= ' ' || c >= 0x7f || strings.IndexByte("/?#\"'`<>\\|(),;", c) >= 0 {
			return "", 0, 0, false
		}
	}
	if colon < 0 || at < colon+4 {
		return "", 0, 0, false
	}
	begin := h.At
	for begin > 0 && h.At-begin < 24 && (wordByte(h.Buf[begin-1]) && h.Buf[begin-1] != '_' || h.Buf[begin-1] == '+') {
		begin--
	}
	scheme = strings.ToLower(string(h.Buf[begin:h.At]))
	user, password := h.Buf[h.End:colon], h.Buf[colon+1:at]
	settings := h.Class&(Config|Home) != 0 && !h.commented()
	if scheme == "" || !h.realPassword(user, password, settings) || !settings && !realHost(h.Buf[at+1:]) {
		return "", 0, 0, false
	}
	return scheme, colon + 1, at, true
}

// commented tells whether the keyword's line is a comment.
func (h *Hit) commented() bool {
	line := h.Buf[bytes.LastIndexByte(h.Buf[:h.At], '\n')+1 : h.At]
	line = bytes.TrimLeft(line, " \t")
	return len(line) > 0 && strings.IndexByte("#;*", line[0]) >= 0 || bytes.HasPrefix(line, []byte("//")) || bytes.HasPrefix(line, []byte("<!--"))
}

// wordsForPassword are what documentation writes in the place of a password.
var wordsForPassword = wordSet(`password passwd pass pwd pw secret user username token key apikey xxx xxxx yyy foo bar baz pass123 userpass
mypassword my_password mypass somepassword some_password thepassword the_password test tester testing none null undefined false true p@ss admin:admin hunter2 s3cret sekrit letmein abc abcd
pa55word passw0rd password123 password1 changeit postgres root guest db_password dbpassword`)

// realPassword tells a password from what stands for one. In settings weak
// words are passwords, too.
func (h *Hit) realPassword(user, password []byte, settings bool) bool {
	lower := strings.ToLower(string(password))
	if !filledIn(password) || bytes.ContainsAny(password, "{}$*[]") || strings.Trim(lower, "x.*-_") == "" || lower == "password" || lower == "passwd" || lower == "pass" && !settings {
		return false
	}
	if strings.HasPrefix(lower, "anon") || bytes.HasPrefix(user, []byte("anon")) {
		return false // what public servers ask for
	}
	if strings.HasPrefix(lower, "your") || strings.Contains(lower, "example") || strings.Contains(lower, "changeme") || strings.Contains(lower, "placeholder") || strings.Contains(lower, "redacted") {
		return false
	}
	if settings {
		return true
	}
	return !wordsForPassword[lower] && !bytes.EqualFold(user, password) && !placeholder(password) && len(password) >= 6
}

// realHost tells whether what follows the @ is an address that is not set
// aside for documentation (RFC 2606).
func realHost(after []byte) bool {
	end := 0
	for end < len(after) && end < 256 && (nameByte(after[end]) || after[end] == '[' || after[end] == '%') {
		end++
	}
	host := strings.ToLower(string(after[:end]))
	if host == "" || strings.HasPrefix(host, ".") {
		return false
	}
	for _, doc := range []string{"example.com", "example.org", "example.net", ".example", ".test", ".invalid", "host", "hostname", "server", "yourhost", "domain.com", "site.com", "foo.com", "bar.com", "myhost", "test.com"} {
		if host == doc || strings.HasPrefix(doc, ".") && strings.HasSuffix(host, doc) || strings.HasPrefix(doc, "example.") && strings.HasSuffix(host, "."+doc) {
			return false
		}
	}
	return true
}
