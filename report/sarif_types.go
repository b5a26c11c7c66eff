package report

// The part of SARIF 2.1.0 (OASIS Standard, 2020) that is written here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  *sarifAutomation  `json:"automationDetails,omitempty"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
		Taxonomies  []sarifTaxonomy   `json:"taxonomies,omitempty"`
		Properties  map[string]any    `json:"properties,omitempty"`
	}
	sarifTaxonomy struct {
		Name string       `json:"name"`
		Full sarifText    `json:"fullDescription"`
		Taxa []sarifTaxon `json:"taxa"`
	}
	sarifTaxon struct {
		ID         string         `json:"id"`
		Short      sarifText      `json:"shortDescription"`
		Properties map[string]any `json:"properties"`
	}
	sarifRelation struct {
		Target sarifReference `json:"target"`
		Kinds  []string       `json:"kinds"`
	}
	sarifReference struct {
		ID        string            `json:"id"`
		Component sarifComponentRef `json:"toolComponent"`
	}
	sarifComponentRef struct {
		Name string `json:"name"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules,omitempty"`
	}
	sarifRule struct {
		ID         string              `json:"id"`
		Name       string              `json:"name,omitempty"`
		Short      sarifText           `json:"shortDescription"`
		Full       sarifText           `json:"fullDescription"`
		Help       sarifMultiformat    `json:"help"`
		HelpURI    string              `json:"helpUri,omitempty"`
		Defaults   sarifConfiguration  `json:"defaultConfiguration"`
		Relations  []sarifRelation     `json:"relationships,omitempty"`
		Properties sarifRuleProperties `json:"properties"`
	}
	sarifRuleProperties struct {
		Tags      []string `json:"tags"`
		Precision string   `json:"precision"`
		Severity  string   `json:"security-severity"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifMultiformat struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful      bool                `json:"executionSuccessful"`
		ExitCode        int                 `json:"exitCode"`
		ExitDescription string              `json:"exitCodeDescription,omitempty"`
		End             string              `json:"endTimeUtc,omitempty"`
		Notifications   []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Descriptor sarifDescriptor `json:"descriptor"`
		Level      string          `json:"level"`
		Message    sarifText       `json:"message"`
	}
	sarifDescriptor struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifRelated     `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]any     `json:"properties,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifRelated struct {
		ID int `json:"id"`
		sarifLocation
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		Name     string `json:"name"`
		FullName string `json:"fullyQualifiedName"`
		Kind     string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)
