package dockerfile

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/boltseal/boltseal"
)

// Command is one simple command of a RUN, CMD, ENTRYPOINT or HEALTHCHECK
// body: in exec form the whole array, in shell form each call in it.
type Command struct {
	Name   string // base name of the first word: "apt-get"
	Args   []Word // all words, the first included, unquoted where they are constant
	Assign []Pair // assignments in front
	Span   boltseal.Span
	Const  []bool // whether each word of Args is free of expansions
	Sudo   bool   // behind sudo, which is not part of Args
	Piped  bool   // it reads the output of another command
	Pipes  bool   // another command reads its output
	Negate bool   // behind "!"
	Or     bool   // something follows it behind "||"
	Nested bool   // inside a condition, a loop, a substitution or a function
	Writes []Word // targets of ">" and ">>"
}

// Script is a shell body.
type Script struct {
	Commands []Command
	Shell    string // base name of the shell that runs it: "sh", "bash", "" for none known
	Error    *Error // the body is not the language of that shell
	Exec     bool   // it is in exec form: no shell reads it
	Skipped  bool   // it is larger or nested deeper than what is read: commands are missing
}

// Has tells whether one of the words is s.
func (c *Command) Has(s ...string) bool {
	for _, w := range c.Args[min(1, len(c.Args)):] {
		if slices.Contains(s, w.Text) {
			return true
		}
	}
	return false
}

// Sub is the first word behind the name that is no flag: "install" of
// "apt-get -y install curl", and the words behind it.
func (c *Command) Sub() (sub Word, rest []Word) {
	for i, w := range c.Args[min(1, len(c.Args)):] {
		if !strings.HasPrefix(w.Text, "-") {
			return w, c.Args[i+2:]
		}
	}
	return Word{}, nil
}

// Flagged tells whether a short flag letter or one of the long flags is
// given: Flagged('y', "--yes").
func (c *Command) Flagged(short byte, long ...string) bool {
	for _, w := range c.Args[min(1, len(c.Args)):] {
		if strings.HasPrefix(w.Text, "--") {
			if name, _, _ := strings.Cut(w.Text, "="); slices.Contains(long, name) {
				return true
			}
			continue
		}
		if short != 0 && len(w.Text) > 1 && w.Text[0] == '-' && strings.IndexByte(w.Text[1:], short) >= 0 {
			return true
		}
		if slices.Contains(long, w.Text) {
			return true
		}
	}
	return false
}

// Script reads the body of an instruction. shell is what SHELL or the base
// image says runs the shell form.
func (f *File) Script(in *Instr, shell string) *Script {
	if in.IsJSON() {
		return execForm(in)
	}
	t, shell := f.body(in, shell)
	s := &Script{Shell: shell}
	s.read(t)
	return s
}

// body is what a shell is given to run, and the shell.
func (f *File) body(in *Instr, shell string) (Text, string) {
	if len(in.Heredocs) == 1 && in.Heredocs[0].FD == 0 && in.Name == "RUN" {
		h := in.Heredocs[0]
		if rest := strings.TrimSpace(strings.Replace(in.Args.Value, f.Text(h.Marker), "", 1)); isInterpreter(rest) {
			if rest != "" {
				shell = base(strings.Fields(rest)[0])
			}
			return f.heredocText(h), shell
		}
	}
	return in.Args, shell
}

// Body is the whole text of an instruction in shell form, with the
// here-documents that stand below it, and the shell that reads it.
func (f *File) Body(in *Instr, shell string) (Text, string) {
	t, shell := f.body(in, shell)
	if len(in.Heredocs) == 0 || t.Value != in.Args.Value {
		return t, shell
	}
	var all joiner
	all.value, all.runs = append(all.value, t.Value...), slices.Clone(t.runs)
	from := in.Heredocs[0].Body.Start
	all.add([]byte("\n"), from)
	all.add(f.Source[from:max(from, min(in.Heredocs[len(in.Heredocs)-1].End.End, len(f.Source)))], from)
	return all.text(), shell
}

// isInterpreter tells whether what stands beside "<<EOF" only names the
// shell that is to run the document.
func isInterpreter(rest string) bool {
	return rest == "" || len(strings.Fields(rest)) == 1 && isShell(base(rest))
}

func isShell(name string) bool {
	switch name {
	case "sh", "bash", "ash", "dash", "ksh", "mksh", "zsh":
		return true
	}
	return false
}

// heredocText is a here-document's body, with tabs dropped where "<<-" says.
func (f *File) heredocText(h Heredoc) Text {
	var t joiner
	at := h.Body.Start
	for line := range strings.Lines(f.Text(h.Body)) {
		bare := line
		if h.Chomp {
			bare = strings.TrimLeft(line, "\t")
		}
		t.add([]byte(bare), at+len(line)-len(bare))
		at += len(line)
	}
	return t.text()
}

func execForm(in *Instr) *Script {
	s := &Script{Exec: true}
	if len(in.JSON) == 0 {
		return s
	}
	c := Command{Name: base(in.JSON[0].Text), Args: in.JSON, Span: in.Args.Span(0, len(in.Args.Value))}
	for range in.JSON {
		c.Const = append(c.Const, true)
	}
	s.Commands = []Command{c}
	return s
}

func base(path string) string {
	if slash := strings.LastIndexAny(path, `/\`); slash >= 0 {
		path = path[slash+1:]
	}
	return strings.TrimSuffix(path, ".exe")
}

// What is read of a script: more was not written by people, and a parser
// that descends would exhaust the stack.
const (
	maxScript = 256 << 10 // bytes
	maxMarks  = 20_000    // places where a command may begin, end or nest
	maxDepth  = 64        // commands within commands
)

// readable tells whether a script is within the limits.
func readable(s string) bool {
	if len(s) > maxScript {
		return false
	}
	marks := 0
	arithmetic := strings.Contains(s, "((") || strings.Contains(s, "$[") || strings.Contains(s, "let ")
	for i := range len(s) {
		switch s[i] {
		case ';', '&', '|', '(', ')', '{', '`', '!', '\n', '[':
			marks++
		case '+', '-', '*', '/', '%', '~', '?', '<', '>', '=', '^', ',':
			if arithmetic {
				marks++
			}
		}
	}
	if marks > maxMarks {
		return false
	}
	for _, word := range []string{"if", "while", "until", "time", "coproc"} {
		marks += strings.Count(s, word)
	}
	return marks <= maxMarks
}

// read parses t as the shell's language and collects the commands.
func (s *Script) read(t Text) {
	if !readable(t.Value) {
		s.Skipped = true
		s.Error = &Error{Span: t.Span(0, len(t.Value)), Message: "the script is larger than what is checked"}
		return
	}
	lang := syntax.LangBash
	switch s.Shell {
	case "sh", "dash", "ash":
		lang = syntax.LangPOSIX
	case "mksh", "ksh":
		lang = syntax.LangMirBSDKorn
	case "", "bash", "zsh":
	default:
		return
	}
	file, err := syntax.NewParser(syntax.Variant(lang)).Parse(strings.NewReader(t.Value), "")
	if err != nil && lang == syntax.LangPOSIX {
		// What sh cannot read is often meant for bash; the commands in it
		// are worth looking at all the same.
		if other, bashErr := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(t.Value), ""); bashErr == nil {
			file = other
		}
	}
	if err != nil {
		s.Error = &Error{Span: t.Span(0, len(t.Value)), Message: err.Error()}
	}
	if file == nil {
		return
	}
	w := walker{script: s, text: t}
	for _, stmt := range file.Stmts {
		w.stmt(stmt, Command{})
	}
}

// walker goes through statements and knows what surrounds each command.
type walker struct {
	script *Script
	text   Text
	depth  int // commands around
}

func (w *walker) stmt(stmt *syntax.Stmt, around Command) {
	if stmt == nil {
		return
	}
	around.Negate = around.Negate || stmt.Negated
	for _, r := range stmt.Redirs {
		if r.Op == syntax.RdrOut || r.Op == syntax.AppOut || r.Op == syntax.RdrAll {
			if r.Word != nil {
				around.Writes = append(around.Writes, w.word(r.Word))
			}
		}
	}
	switch cmd := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		w.call(cmd, around)
	case *syntax.BinaryCmd:
		left, right := around, around
		switch cmd.Op {
		case syntax.Pipe, syntax.PipeAll:
			left.Pipes, right.Piped = true, true
		case syntax.OrStmt:
			left.Or = true
		default:
		}
		w.stmt(cmd.X, left)
		w.stmt(cmd.Y, right)
	case *syntax.Block:
		for _, inner := range cmd.Stmts {
			w.stmt(inner, around)
		}
	case *syntax.Subshell:
		for _, inner := range cmd.Stmts {
			w.stmt(inner, around)
		}
	case nil:
	default:
		w.nested(cmd, around)
	}
}

// nested collects the commands inside compound commands.
func (w *walker) nested(node syntax.Node, around Command) {
	if w.depth >= maxDepth {
		w.script.Skipped = true
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	around.Nested = true
	syntax.Walk(node, func(n syntax.Node) bool {
		if stmt, ok := n.(*syntax.Stmt); ok && n != node {
			w.stmt(stmt, around)
			return false
		}
		return true
	})
}

func (w *walker) call(call *syntax.CallExpr, c Command) {
	c.Span = w.text.Span(int(call.Pos().Offset()), int(call.End().Offset()))
	for _, a := range call.Assigns {
		if a.Name == nil {
			continue
		}
		pair := Pair{Key: w.node(a.Name), Set: a.Value != nil}
		if a.Value != nil {
			pair.Value = w.word(a.Value)
			w.nested(a.Value, c)
		}
		c.Assign = append(c.Assign, pair)
	}
	for _, arg := range call.Args {
		c.Args = append(c.Args, w.word(arg))
		_, constant := literal(arg)
		c.Const = append(c.Const, constant)
		w.nested(arg, Command{})
	}
	c.unwrap()
	if len(c.Args) > 0 {
		c.Name = base(c.Args[0].Text)
	}
	if len(c.Args) > 0 || len(c.Assign) > 0 {
		w.script.Commands = append(w.script.Commands, c)
	}
}

// unwrap takes away what only starts another command: sudo, env, time, exec,
// command, nice, and a shell with -c whose script is one word is left as it is.
func (c *Command) unwrap() {
	for len(c.Args) > 1 {
		n := 1
		switch base(c.Args[0].Text) {
		case "sudo":
			c.Sudo = true
			for n < len(c.Args) && strings.HasPrefix(c.Args[n].Text, "-") {
				n++
			}
		case "env", "exec", "command", "nice", "ionice", "time", "nohup", "eatmydata":
			for n < len(c.Args) && (strings.HasPrefix(c.Args[n].Text, "-") || strings.Contains(c.Args[n].Text, "=")) {
				n++
			}
		default:
			return
		}
		if n >= len(c.Args) {
			return
		}
		c.Args, c.Const = c.Args[n:], c.Const[n:]
	}
}

func (w *walker) node(n syntax.Node) Word {
	return w.text.Word(int(n.Pos().Offset()), int(n.End().Offset()))
}

// word is a shell word, unquoted if it holds nothing to expand and as it
// stands otherwise.
func (w *walker) word(word *syntax.Word) Word {
	out := w.node(word)
	if text, ok := literal(word); ok {
		out.Text = text
	}
	return out
}

// literal is the text of a word that has no expansions.
func literal(word *syntax.Word) (string, bool) {
	var b strings.Builder
	for _, part := range word.Parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(unescapeLit(p.Value))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, inner := range p.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return "", false
				}
				b.WriteString(unescapeLit(lit.Value))
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

func unescapeLit(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
