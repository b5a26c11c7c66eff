package secret

import (
	"bytes"
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Detector{
	Check: kind("netrc-password", "password in a .netrc file", boltseal.High,
		"log in to the machines that the file names", "the machines' accounts"),
	Keywords: []string{"password"}, Rank: ByName, Only: Home,
	Find: func(h *Hit) (int, int, bool) { return h.inFile(h.spaced, ".netrc", "_netrc") },
})

var _ = add(Detector{
	Check: kind("pypirc-password", "password in a .pypirc file", boltseal.High,
		"publish packages that others install", "pypi.org/manage/account", "gitleaks:pypi-upload-token"),
	Keywords: []string{"password"}, Rank: ByName, Only: Home,
	Find: func(h *Hit) (int, int, bool) { return h.inFile(h.plainValue, ".pypirc") },
})

var _ = add(Detector{
	Check: kind("npmrc-auth", "credential of a registry in an .npmrc file", boltseal.High,
		"read private packages, or publish ones that others install", "the registry's token settings"),
	Keywords: []string{"_authToken", "_auth", "_password"}, Rank: ByName, Only: Home,
	Find: func(h *Hit) (int, int, bool) { return h.inFile(h.plainValue, ".npmrc", ".yarnrc", ".yarnrc.yml") },
})

var _ = add(Detector{
	Check: kind("mysql-password", "password in a MySQL option file", boltseal.High,
		"log in to the database", "ALTER USER"),
	Keywords: []string{"password"}, Rank: ByName, Only: Home,
	Find: func(h *Hit) (int, int, bool) { return h.inFile(h.plainValue, ".my.cnf") },
})

var _ = add(Detector{
	Check: kind("pgpass-password", "password in a .pgpass file", boltseal.High,
		"log in to the database", "ALTER USER"),
	Keywords: []string{":5432:", ":*:"}, Rank: ByName, Only: Home,
	Find: func(h *Hit) (int, int, bool) { return h.inFile(h.lastField, ".pgpass") },
})

var _ = add(Detector{
	Check: kind("shadow-hash", "hash of a login password", boltseal.Medium,
		"guess the password in their own time", "passwd, or passwd --lock for an account that nobody logs in to"),
	Keywords: []string{":$6$", ":$y$", ":$5$", ":$1$", ":$2b$", ":$7$", ":$gy$"}, Rank: ByName, Only: Home | Other,
	Find: func(h *Hit) (int, int, bool) { return h.inFile(h.hash, "etc/shadow", "etc/shadow-", "etc/gshadow") },
})

var _ = add(Detector{
	Check: kind("htpasswd-hash", "hash of a web server's password", boltseal.Medium,
		"guess the password in their own time", "htpasswd"),
	Keywords: []string{":$apr1$", ":$2y$", ":{SHA}"}, Rank: ByContext, weak: true,
	Find: func(h *Hit) (int, int, bool) { return h.hash() },
})

var _ = add(Detector{
	Check: kind("docker-registry-auth", "credential of a container registry", boltseal.High,
		"pull private images, or push ones that others run", "docker logout, and a new password or token", "trivy:dockerconfig-secret"),
	Keywords: []string{`"auth"`, `\"auth\"`}, Rank: ByName, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		start, end, ok := h.plainValue()
		if !ok || end-start < 8 {
			return 0, 0, false
		}
		data, ok := unbase64(h.Buf[start:end])
		user, password, found := bytes.Cut(data, []byte(":"))
		return start, end, ok && found && len(user) > 0 && len(password) > 2 && printable(data)
	}, Proof: "the value decodes to a name and a password",
})

var _ = add(Detector{
	Check: kind("docker-config-secret", "registry credentials in a Kubernetes Secret", boltseal.High,
		"pull private images, or push ones that others run", "a new password or token of the registry", "trivy:dockerconfig-secret"),
	Keywords: []string{".dockerconfigjson", ".dockercfg"}, Rank: ByName, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		start, end, ok := h.plainValue()
		if !ok || end-start < 24 {
			return 0, 0, false
		}
		data, _ := unbase64(h.Buf[start : start+(end-start)/4*4])
		return start, end, bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) && bytes.Contains(data, []byte(`"`))
	}, Proof: "the value decodes to JSON",
})

var _ = add(Detector{
	Check: kind("kubeconfig-client-key", "client key in a kubeconfig", boltseal.Critical,
		"act in the cluster as the user", "a new certificate, and no role for the old name"),
	Keywords: []string{"client-key-data:"}, Rank: ByForm, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		start, end, ok := h.plainValueAt(h.End - 1)
		if !ok || end-start < 64 {
			return 0, 0, false
		}
		data, _ := unbase64(h.Buf[start : start+64])
		return start, end, bytes.HasPrefix(data, []byte("-----BEGIN "))
	}, Proof: "the value decodes to a private key",
})

var _ = add(Detector{
	Check: kind("google-service-account-key", "Google Cloud service account key", boltseal.Critical,
		"act in the project as the service account", "gcloud iam service-accounts keys delete", "gitleaks:gcp-service-account", "trivy:gcp-service-account"),
	Keywords: []string{`"private_key_id"`, `\"private_key_id\"`}, Rank: ByForm, weak: true,
	Find: func(h *Hit) (int, int, bool) {
		after := h.Buf[h.End:min(len(h.Buf), h.End+reach-512)]
		key := bytes.Index(after, []byte("-----BEGIN PRIVATE KEY-----"))
		if key < 0 {
			return 0, 0, false
		}
		inner := *h
		inner.At = h.End + key
		inner.End = inner.At + len("-----BEGIN PRIVATE KEY-----")
		_, end, ok := inner.pem(plainDER)
		h.doubtful = inner.doubtful
		return h.At, end, ok
	}, Proof: "the key is DER",
})

// inFile asks find in files of these names only.
func (h *Hit) inFile(find func() (int, int, bool), names ...string) (int, int, bool) {
	for _, name := range names {
		if h.Path == name || strings.HasSuffix(h.Path, "/"+name) {
			return find()
		}
	}
	return 0, 0, false
}

// plainValue is the value that a name with the keyword is set to.
func (h *Hit) plainValue() (int, int, bool) {
	a, ok := assigned(h.Buf, h.At, h.End)
	if !ok || !filledIn(h.Buf[a.value.start:a.value.end]) {
		return 0, 0, false
	}
	value := h.Buf[a.value.start:a.value.end]
	return a.value.start, a.value.end, len(value) >= 3 && !says(value)
}

// plainValueAt is the same for a name that ends before its operator.
func (h *Hit) plainValueAt(end int) (int, int, bool) {
	inner := *h
	inner.End = end
	return inner.plainValue()
}

// spaced is the word after the keyword.
func (h *Hit) spaced() (int, int, bool) {
	start := h.End
	for start < len(h.Buf) && (h.Buf[start] == ' ' || h.Buf[start] == '\t' || h.Buf[start] == '\n') {
		start++
	}
	end := start
	for end < len(h.Buf) && h.Buf[end] > ' ' {
		end++
	}
	value := h.Buf[start:end]
	return start, end, start > h.End && len(value) >= 3 && filledIn(value) && !says(value)
}

// lastField is what stands behind the last colon of the line.
func (h *Hit) lastField() (int, int, bool) {
	end := len(h.Buf)
	if i := bytes.IndexByte(h.Buf[h.End:], '\n'); i >= 0 {
		end = h.End + i
	}
	start := h.End + bytes.LastIndexByte(h.Buf[h.End:end], ':') + 1
	return start, end, start > h.End && end-start >= 3
}

// hash is a password's hash behind a name at the start of a line.
func (h *Hit) hash() (int, int, bool) {
	begin := h.At
	for begin > 0 && h.At-begin < 64 && (nameByte(h.Buf[begin-1]) || h.Buf[begin-1] == '@') {
		begin--
	}
	if begin == h.At || begin > 0 && h.Buf[begin-1] != '\n' {
		return 0, 0, false
	}
	end := h.End
	for end < len(h.Buf) && (base64Byte(h.Buf[end]) || h.Buf[end] == '$' || h.Buf[end] == '.') {
		end++
	}
	return h.At + 1, end, end-h.End >= 20
}

// says tells whether a value says itself that it is none.
func says(value []byte) bool {
	lower := strings.ToLower(string(value))
	for _, word := range []string{"example", "changeme", "change_me", "change-me", "placeholder", "redacted", "your_", "your-", "xxxx", "****", "dummy", "insert"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	switch lower {
	case "none", "null", "nil", "true", "false", "undefined", "password", "passwd", "secret", "token", "yes", "no", "string", "str":
		return true
	}
	return false
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
