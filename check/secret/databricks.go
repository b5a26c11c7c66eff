package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("databricks-token", "Databricks personal access token", boltseal.High,
		"run jobs and read data in the workspace", "the workspace, User settings", "gitleaks:databricks-api-token"),
	Keywords: []string{"dapi"}, Token: `dapi[0-9a-f]{32}(?:-[0-9])?`,
})
