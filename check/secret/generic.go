package secret

import (
	"bytes"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Detector{
	Check: kind("password", "password in a setting", boltseal.Medium,
		"log in where it is good", "the service that it is for", "trivy:hardcoded-password"),
	Keywords: []string{"password", "passwd", "passphrase", "_pass", "db_pwd", "pwd"}, Fold: true, Rank: ByContext, Only: Config, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		a, ok := h.named("password", "passwd", "passphrase", "_pass", "pwd")
		value := h.Buf[a.value.start:a.value.end]
		return a.value.start, a.value.end, ok && passwordLike(value)
	},
})

var _ = add(Detector{
	Check: kind("generic", "value that looks like a credential and is called one", boltseal.Medium,
		"use what it opens", "whoever issued it", "gitleaks:generic-api-key"),
	Keywords: []string{"secret", "token", "api_key", "apikey", "api-key", "access_key", "accesskey", "auth_key", "authkey", "private_key", "encryption_key", "signing_key", "credential", "master_key"},
	Fold:     true, Rank: ByContext, Only: Config | Source, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		a, ok := h.named("secret", "token", "key", "credential", "auth")
		value := h.Buf[a.value.start:a.value.end]
		return a.value.start, a.value.end, ok && (a.quoted || h.Class&Config != 0) && randomLike(value)
	},
})

var _ = add(Detector{
	Check: kind("rails-secret-key", "Rails secret key base", boltseal.High,
		"forge sessions and read encrypted cookies", "a new one (bin/rails secret)"),
	Keywords: []string{"secret_key_base", "secret_token"}, Fold: true, Value: `[0-9a-f]{128}`, Rank: ByName,
})

var _ = add(Detector{
	Check: kind("django-secret-key", "Django secret key", boltseal.Medium,
		"forge sessions and password resets", "a new one (get_random_secret_key)"),
	Keywords: []string{"SECRET_KEY"}, Value: `(?:django-insecure-)?[!-~]{50}`, Rank: ByName, Entropy: 4, weak: true,
	Valid: func(v []byte) bool { return bytes.ContainsAny(v, "!@#$%^&*(-_=+)") },
})

var _ = add(Detector{
	Check: kind("laravel-app-key", "Laravel application key", boltseal.High,
		"forge sessions and, with some versions, run code", "a new one (php artisan key:generate)"),
	Keywords: []string{"app_key"}, Fold: true, Value: `base64:[0-9A-Za-z+/]{43}=`, Rank: ByName,
})

var _ = add(Detector{
	Check: kind("wireguard-private-key", "WireGuard private key", boltseal.High,
		"join the network as its owner", "a new key pair"),
	Keywords: []string{"privatekey", "private_key", "presharedkey"}, Fold: true, Value: `[0-9A-Za-z+/]{42}[AEIMQUYcgkosw048]=`, Rank: ByName, Only: Config,
})

var _ = add(Detector{
	Check: kind("connection-string-password", "connection string with its password", boltseal.High,
		"read and change the database, if they can reach it", "ALTER LOGIN, or what the database has for it"),
	Keywords: []string{"password=", "pwd="}, Fold: true, Rank: ByName, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		from := max(0, h.At-200)
		line := h.Buf[from+bytes.LastIndexByte(h.Buf[from:h.At], '\n')+1 : h.At]
		before := h.At > 0 && strings.IndexByte(";&?", h.Buf[h.At-1]) >= 0
		lower := strings.ToLower(string(line))
		known := strings.Contains(lower, "server=") || strings.Contains(lower, "data source=") || strings.Contains(lower, "jdbc:") || strings.Contains(lower, "host=") || strings.Contains(lower, "user id=")
		end := h.End
		for end < len(h.Buf) && end-h.End < 128 && strings.IndexByte(";&\"'` \t\r\n<\\", h.Buf[end]) < 0 {
			end++
		}
		value := h.Buf[h.End:end]
		return h.End, end, before && known && len(value) >= 4 && filledIn(value) && !says(value) && (h.Class&Config != 0 || passwordLike(value))
	},
})

var _ = add(Detector{
	Check: kind("basic-auth-header", "name and password in a request header", boltseal.High,
		"log in to the service", "the service's account", "gitleaks:curl-auth-header"),
	Keywords: []string{"authorization"}, Fold: true, Rank: ByContext, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		start, end, ok := h.scheme("basic ")
		if !ok {
			return 0, 0, false
		}
		data, ok := unbase64(h.Buf[start:end])
		_, password, found := bytes.Cut(data, []byte(":"))
		return start, end, ok && found && printable(data) && len(password) >= 4 && !says(password) && !placeholder(password)
	}, Proof: "the value decodes to a name and a password",
})

var _ = add(Detector{
	Check: kind("bearer-header", "bearer token in a request header", boltseal.Medium,
		"use the service as the token's owner", "whoever issued it", "gitleaks:curl-auth-header"),
	Keywords: []string{"authorization"}, Fold: true, Rank: ByContext, Only: Config | Source, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		start, end, ok := h.scheme("bearer ")
		return start, end, ok && randomLike(h.Buf[start:end])
	},
})

var _ = add(Detector{
	Check: kind("azure-sas-token", "Azure shared access signature", boltseal.Medium,
		"read or change what it was made for, until it ends", "a new account key"),
	Keywords: []string{"sig="}, Rank: ByName, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		around := h.Buf[max(0, h.At-300):min(len(h.Buf), h.End+200)]
		end := h.End
		for end < len(h.Buf) && end-h.End < 120 && (base64Byte(h.Buf[end]) || h.Buf[end] == '%') {
			end++
		}
		value := h.Buf[h.End:end]
		return h.End, end, len(value) >= 43 && bytes.Contains(around, []byte("sv=20")) && bytes.Contains(around, []byte("se=20")) && !placeholder(value)
	},
})

var _ = add(Detector{
	Check: kind("sshpass-password", "password on a command line", boltseal.Medium,
		"log in to the machine", "passwd on that machine"),
	Keywords: []string{"sshpass -p"}, Rank: ByName, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		inner := *h
		if inner.End < len(h.Buf) && h.Buf[inner.End] != ' ' {
			return 0, 0, false
		}
		start, end, ok := inner.spaced()
		value := bytes.Trim(h.Buf[start:end], `"'`)
		return start, end, ok && filledIn(value) && value != nil && !says(value) && bytes.IndexByte(value, '$') < 0
	},
})

// named reads the assignment around the keyword if the name ends in one of
// the words, so that "token_url" and "secretName" are something else.
func (h *Hit) named(words ...string) (assignment, bool) {
	a, ok := assigned(h.Buf, h.At, h.End)
	if !ok || a.value.end-a.value.start < 6 {
		return assignment{}, false
	}
	value := h.Buf[a.value.start:a.value.end]
	name := strings.ToLower(string(h.Buf[a.name.start:a.name.end]))
	for _, w := range words {
		if !strings.HasSuffix(name, w) {
			continue
		}
		for _, not := range []string{"public", "primary_key", "foreign_key", "sort_key", "cache_key", "keyboard", "partition", "csrf", "next_token", "page_token", "pagetoken", "nexttoken", "tokenizer"} {
			if strings.Contains(name, not) {
				return assignment{}, false
			}
		}
		return a, filledIn(value) && !says(value)
	}
	return assignment{}, false
}

// scheme is the credential behind the keyword of a header and a scheme.
func (h *Hit) scheme(word string) (int, int, bool) {
	after := h.Buf[h.End:min(len(h.Buf), h.End+16+len(word))]
	i := strings.Index(strings.ToLower(string(after)), word)
	if i < 0 || bytes.IndexByte(after[:i], '\n') >= 0 {
		return 0, 0, false
	}
	start := h.End + i + len(word)
	end := start
	for end < len(h.Buf) && end-start < 2000 && (base64Byte(h.Buf[end]) || nameByte(h.Buf[end]) || h.Buf[end] == '~') {
		end++
	}
	return start, end, end-start >= 12
}

// passwordLike tells whether a value that is called a password is one, and no
// word, path, address, expression or other setting.
func passwordLike(v []byte) bool {
	if len(v) < 8 || len(v) > 128 || placeholder(v) || !filledIn(v) || bytes.ContainsAny(v, " \t(){}<>") || bytes.Contains(v, []byte("://")) {
		return false
	}
	if v[0] == '/' || v[0] == '.' || v[0] == '~' || v[0] == '-' || v[0] == '$' || wordsForPassword[strings.ToLower(string(v))] || bytes.HasPrefix(v, []byte("ENC[")) || bytes.HasPrefix(v, []byte("vault:")) || bytes.HasPrefix(v, []byte("arn:")) {
		return false
	}
	return mixed(v) && entropy(v) >= 2.5 && !dotted(v)
}

// randomLike tells whether a value is as random as a key.
func randomLike(v []byte) bool {
	if len(v) < 20 || len(v) > 512 || placeholder(v) || !mixed(v) || entropy(v) < 3.5 {
		return false
	}
	word := 0 // small letters in a row: names of things have more than chance gives
	for _, c := range v {
		if word++; c < 'a' || c > 'z' {
			word = 0
		}
		if word >= 7 {
			return false
		}
		if !base64Byte(c) && c != '-' && c != '_' && c != '.' && c != '~' && c != ':' {
			return false
		}
	}
	return !bytes.HasPrefix(v, []byte("eyJ")) && v[0] != '/' && v[0] != '.' && !bytes.Contains(v, []byte("://")) && !dotted(v) && !bytes.HasPrefix(v, []byte("arn:")) && !bytes.HasPrefix(v, []byte("sha"))
}

// dotted tells whether v is a name of a program's thing, a version or a path:
// "settings.DB2_PASSWORD", "a/b/c1".
func dotted(v []byte) bool {
	parts := bytes.FieldsFunc(v, func(r rune) bool { return r == '.' || r == '/' || r == '-' || r == '_' || r == ':' })
	if len(parts) < 2 {
		return false
	}
	for _, p := range parts {
		if len(p) > 12 && mixed(p) {
			return false
		}
	}
	return len(parts) >= 3 || bytes.IndexByte(v, '.') >= 0 || bytes.IndexByte(v, '/') >= 0
}
