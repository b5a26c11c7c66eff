package watch

import _ "embed"

// OwnRulesName is what problems call boltseal's own rules.
const OwnRulesName = "boltseal.rules.yaml"

// OwnRules are the rules that are used when the user names none.
//
//go:embed boltseal.rules.yaml
var OwnRules []byte
