package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("atlassian-api-token", "Atlassian API token", boltseal.High,
		"act as the user in Jira, Confluence and others", "id.atlassian.com/manage-profile/security/api-tokens", "gitleaks:atlassian-api-token"),
	Keywords: []string{"ATATT3"}, Token: `ATATT3[0-9A-Za-z_=-]{150,220}`,
})

var _ = add(Detector{
	Check: kind("atlassian-legacy-token", "Atlassian API token of the old form", boltseal.High,
		"act as the user in Jira, Confluence and others", "id.atlassian.com/manage-profile/security/api-tokens", "trivy:atlassian-api-token"),
	Keywords: []string{"atlassian", "jira_", "confluence_"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9A-Za-z]{24}`, Rank: ByName,
})
