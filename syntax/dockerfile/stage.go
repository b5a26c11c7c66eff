package dockerfile

import "strings"

// stages groups the instructions under their FROM.
func (f *File) stages() {
	var stage *Stage
	f.named = map[string][]int{}
	for _, in := range f.Instrs {
		if in.Name == "FROM" {
			stage = f.stage(in)
			f.Stages = append(f.Stages, stage)
			f.named[stage.Name] = append(f.named[stage.Name], stage.Index)
		}
		if in.Stage = stage; stage == nil {
			f.Global = append(f.Global, in)
			continue
		}
		if in.Trigger != nil {
			in.Trigger.Stage = stage
		}
		stage.Instrs = append(stage.Instrs, in)
	}
}

func (f *File) stage(in *Instr) *Stage {
	s := &Stage{Index: len(f.Stages), From: in}
	if flag, ok := in.Flag("platform"); ok {
		s.Platform = flag.Value
	}
	switch n := len(in.Words); {
	case n == 1:
		s.Image = in.Words[0]
	case n == 3 && strings.EqualFold(in.Words[1].Text, "AS"):
		s.Image, s.Alias = in.Words[0], in.Words[2]
		s.Name = strings.ToLower(s.Alias.Text)
	default:
		if n > 0 {
			s.Image = in.Words[0]
		}
		f.Errors = append(f.Errors, Error{Span: in.Span, Message: "FROM requires either one or three arguments"})
	}
	s.Base = f.StageNamed(s.Image.Text, s.Index)
	return s
}
