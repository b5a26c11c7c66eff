package inventory

import "sync"

// shared holds what several files' readers need of one further file, such as
// the lock file that a thousand installed manifests are looked up in, so that
// it is parsed once in one run of [Read].
type shared struct {
	mu     sync.Mutex
	values map[string]*sharedValue
}

type sharedValue struct {
	once  sync.Once
	value any
}

// once returns what build returns, which is called once for each key. Without
// a run around it, as in a reader's own test, every call builds.
func (in *Input) once(key string, build func() any) any {
	s := in.shared
	if s == nil {
		return build()
	}
	s.mu.Lock()
	if s.values == nil {
		s.values = map[string]*sharedValue{}
	}
	v := s.values[key]
	if v == nil {
		v = &sharedValue{}
		s.values[key] = v
	}
	s.mu.Unlock()
	v.once.Do(func() { v.value = build() })
	return v.value
}
