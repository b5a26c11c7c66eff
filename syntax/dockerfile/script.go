package dockerfile

// ParseScript reads a shell script that stands by itself. Spans are offsets
// in the text.
func ParseScript(text, shell string) *Script {
	s := &Script{Shell: shell}
	var t joiner
	t.add([]byte(text), 0)
	s.read(t.text())
	return s
}
