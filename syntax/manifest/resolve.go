package manifest

import (
	"strconv"
	"strings"
)

// resolve is the tag of a plain scalar: the core schema (YAML 1.2.2, section
// 10.3), with the integers that all Go libraries read besides (0644 is octal).
// Legacy adds the booleans of YAML 1.1, which kubectl knows.
func resolve(s string, legacy bool) string {
	if s == "" {
		return "!!null"
	}
	switch c := s[0]; {
	case c == '~' && len(s) == 1:
		return "!!null"
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		return number(s)
	case len(s) > 5:
		return "!!str"
	}
	switch s {
	case "null", "Null", "NULL":
		return "!!null"
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return "!!bool"
	}
	if _, ok := oldBool(s); ok && legacy {
		return "!!bool"
	}
	return "!!str"
}

// oldBool reads a boolean of YAML 1.1, the present ones included.
func oldBool(s string) (value, ok bool) {
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE":
		return true, true
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

func number(s string) string {
	if _, ok := integer(s); ok {
		return "!!int"
	}
	switch strings.TrimLeft(s, "+-") {
	case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN":
		return "!!float"
	}
	if _, ok := float(s); ok {
		return "!!float"
	}
	return "!!str"
}

// integer reads an integer as the Go libraries do and returns it as JSON
// writes it.
func integer(s string) (string, bool) {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" || digits[0] < '0' || digits[0] > '9' {
		return "", false
	}
	plain := strings.ReplaceAll(s, "_", "")
	if n, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return strconv.FormatInt(n, 10), true
	}
	if n, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return strconv.FormatUint(n, 10), true
	}
	return "", false
}

func float(s string) (string, bool) {
	for i := range len(s) {
		if c := s[i]; !(c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E' || c == '_') {
			return "", false
		}
	}
	plain := strings.ReplaceAll(s, "_", "")
	v, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return "", false
	}
	return strconv.FormatFloat(v, 'g', -1, 64), true
}
