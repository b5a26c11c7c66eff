package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
	"github.com/boltseal/boltseal/syntax/dockerfile"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/uid-gid-taken", Title: "a user or group id that the base image has given away", Severity: boltseal.Medium,
		Doc: `Many images bring a user of their own: node has 1000, nginx 101, postgres 999 or 70. Adding another with the same number or name ends the
build with "gid '1000' in use". Use the user that is there, or a number of your own above 10000.`,
	},
	Run: func(p *Pass) {
		for step := range p.All("RUN") {
			base := step.In.BaseImage()
			if !base.Found || editsUsers(step) {
				continue
			}
			for i := range step.Script.Commands {
				c := &step.Script.Commands[i]
				users := base.Users
				switch c.Name {
				case "addgroup", "groupadd":
					users = base.Groups
				case "adduser", "useradd":
				default:
					continue
				}
				id, name := account(c)
				if c.Flagged('o', "--non-unique") || c.Or {
					continue
				}
				for other, taken := range users {
					if taken == id.Text && id.Text != "" || other == name.Text && other != "" {
						p.Report(c.Span, c.Name+" "+name.Text+": "+step.In.Root.Image.Raw+" has "+other+" with the id "+taken+" already", p.otherID(id, name.Text == other)...)
						break
					}
				}
			}
		}
	},
})

// account is the id and the name that a command gives a new user or group.
func account(c *dockerfile.Command) (id, name dockerfile.Word) {
	group := c.Name == "addgroup" || c.Name == "groupadd"
	valued := " -u --uid -g --gid -G --groups --ingroup -h -d --home --home-dir -s --shell -c --comment --gecos -k --skel -K --key -b --base-dir -e -f "
	if c.Name == "adduser" || c.Name == "addgroup" {
		valued = strings.Replace(valued, " -c ", " ", 1)
	}
	for i := 1; i < len(c.Args); i++ {
		w := c.Args[i]
		flag, value, set := strings.Cut(w.Text, "=")
		switch {
		case !strings.HasPrefix(w.Text, "-"):
			if name.Text == "" {
				name = w
			}
		case !group && (flag == "-u" || flag == "--uid") || group && (flag == "-g" || flag == "--gid"):
			if set {
				id = dockerfile.Word{Text: value, Span: w.Span}
			} else if i+1 < len(c.Args) {
				i++
				id = c.Args[i]
			}
		case gluedID(flag, group) != "":
			id = dockerfile.Word{Text: gluedID(flag, group), Span: w.Span}
		case len(flag) > 2 && flag[1] != '-' && strings.HasSuffix(flag, map[bool]string{true: "g", false: "u"}[group]) && !set && i+1 < len(c.Args):
			i++
			id = c.Args[i]
		case strings.Contains(valued, " "+flag+" ") && !set:
			i++
		}
	}
	return id, name
}

// gluedID is the number of a flag like -u1000.
func gluedID(flag string, group bool) string {
	letter := "-u"
	if group {
		letter = "-g"
	}
	id, ok := strings.CutPrefix(flag, letter)
	if _, isNumber := number(id); !ok || !isNumber {
		return ""
	}
	return id
}

// editsUsers tells whether something up to a step changes the users that the
// base image brought.
func editsUsers(at *Step) bool {
	if at.State.past.accounts {
		return true
	}
	for i := range at.Script.Commands {
		if changesAccounts(&at.Script.Commands[i]) {
			return true
		}
	}
	return false
}

// otherID is the fix that takes a number which no image gives away; a name
// that is taken needs a person.
func (p *Pass) otherID(id dockerfile.Word, name bool) []boltseal.Fix {
	if name || id.Text == "" || p.File.Text(id.Span) != id.Text || strings.Contains(string(p.File.Source), "10001") {
		return nil
	}
	return []boltseal.Fix{p.Replace("take an id that nobody has", false, id.Span, "10001")}
}
