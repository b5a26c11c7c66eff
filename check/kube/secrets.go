package kube

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// secretWords are parts of the names of variables that hold secrets.
var secretWords = names("password passwd passphrase pwd secret token apikey api_key api-key private_key privatekey private-key access_key accesskey access-key credential auth_key encryption_key signing_key")

// plainEnds are the ends of names whose values only speak about a secret.
var plainEnds = names("_file _path _dir _name _enabled _ttl _expiry _expires _expiration _length _len _policy _count _header _type _id _url _uri _endpoint _timeout _ref _mount _field _format _issuer _lifetime _algorithm _secs _seconds _required _regex file path name ttl")

// secretName tells whether a name says that its value is a secret.
func secretName(name string) bool {
	lower := strings.ToLower(name)
	for _, end := range plainEnds {
		if strings.HasSuffix(lower, end) {
			return false
		}
	}
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(lower, word) })
}

// literal tells whether a value is a secret itself, and no placeholder, path,
// address or switch.
func literal(name, value string) bool {
	v := strings.TrimSpace(value)
	lower := strings.ToLower(v)
	switch {
	case v == "", lower == "true", lower == "false", lower == "null", lower == "none", lower == "yes", lower == "no":
		return false
	case strings.HasPrefix(v, "/"), strings.HasPrefix(v, "./"), strings.HasPrefix(v, "<"), strings.Contains(v, "$("), strings.Contains(v, "${"), strings.Contains(v, "{{"),
		strings.HasPrefix(v, "$"), strings.HasPrefix(lower, "vault:"), strings.HasPrefix(lower, "ref+"), strings.HasPrefix(lower, "file:"), strings.HasPrefix(lower, "secretref"),
		strings.Trim(v, "*x.") == "":
		return false
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
		return credentials().MatchString(v)
	}
	lowerName := strings.ToLower(name)
	if strings.Trim(v, "0123456789") == "" && !strings.Contains(lowerName, "pass") && !strings.Contains(lowerName, "pwd") {
		return false // a number of tokens
	}
	return true
}

// tokens are the forms of well-known credentials.
var tokens = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}|\bglpat-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|` +
		`\b[sr]k_live_[A-Za-z0-9]{20,}|\bAIza[A-Za-z0-9_-]{35}|\bnpm_[A-Za-z0-9]{36}|\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}|\bdop_v1_[a-f0-9]{64}|` +
		`-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)
})

// credentials are a password inside of an address.
var credentials = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[a-z][a-z0-9+.-]*://[^\s/:@'"$({<]+:([^\s/:@'"$({<*]+)@`)
})

// settings are lines of a configuration file that give a secret a value.
var settings = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^[ \t]*["']?([\w.-]*(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key)[\w.-]*)["']?[ \t]*[:=][ \t]*["']?([^\s"']+)`)
})

// secretIn says what kind of secret a text holds; empty when it holds none.
func secretIn(text string) string {
	switch {
	case tokens().MatchString(text):
		return "a credential"
	case strings.Contains(text, "://") && credentials().MatchString(text):
		return "an address with a password"
	}
	return ""
}
