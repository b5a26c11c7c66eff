package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("azure-client-secret", "Microsoft Entra client secret", boltseal.Critical,
		"act as the application in the tenant", "portal.azure.com, App registrations", "gitleaks:azure-ad-client-secret"),
	Keywords: []string{"Q~"}, Token: `[0-9A-Za-z_~.-]{3}[0-9]Q~[0-9A-Za-z_~.-]{31,34}`, Lead: 4,
})

var _ = add(Detector{
	Check: kind("azure-storage-key", "Azure account key", boltseal.Critical,
		"read and change everything in the storage or database account", "portal.azure.com, Access keys"),
	Keywords: []string{"AccountKey="}, Token: `AccountKey=[0-9A-Za-z+/]{86}==`,
})

var _ = add(Detector{
	Check: kind("azure-shared-access-key", "Azure shared access key", boltseal.High,
		"send and receive on the bus, hub or device registry", "portal.azure.com, Shared access policies"),
	Keywords: []string{"SharedAccessKey="}, Token: `SharedAccessKey=[0-9A-Za-z+/]{43}=`,
})

var _ = add(Detector{
	Check: kind("azure-devops-token", "Azure DevOps personal access token", boltseal.Critical,
		"read and change code, builds and releases", "dev.azure.com, Personal access tokens"),
	Keywords: []string{"AZDO"}, Token: `[0-9A-Za-z]{76}AZDO[0-9A-Za-z]{4}`, Lead: 76,
})

var _ = add(Detector{
	Check: kind("azure-function-key", "Azure Functions key", boltseal.Medium,
		"call the functions", "portal.azure.com, Function keys"),
	Keywords: []string{"AzFu"}, Token: `[0-9A-Za-z_-]{44}AzFu[0-9A-Za-z_-]{5}[AQgw]==`, Lead: 44,
})

var _ = add(Detector{
	Check: kind("azure-search-key", "Azure AI Search admin key", boltseal.High,
		"read and change the search service", "portal.azure.com, Keys"),
	Keywords: []string{"AzSe"}, Token: `[0-9A-Za-z]{42}AzSe[0-9A-D][0-9A-Za-z]{5}`, Lead: 42,
})

var _ = add(Detector{
	Check: kind("azure-container-registry-key", "Azure container registry password", boltseal.Critical,
		"push and pull images", "portal.azure.com, Access keys"),
	Keywords: []string{"+ACR"}, Token: `[0-9A-Za-z/+]{42}\+ACR[A-D][0-9A-Za-z]{5}`, Lead: 42,
})

var _ = add(Detector{
	Check: kind("azure-cognitive-key", "Azure AI services key", boltseal.High,
		"run models on the account, at its cost", "portal.azure.com, Keys and endpoint"),
	Keywords: []string{"JQQJ9"}, Token: `[0-9A-Za-z]{52}JQQJ9[9D][0-9A-Za-z]{24,28}`, Lead: 52,
})

var _ = add(Detector{
	Check: kind("azure-cache-key", "Azure Cache for Redis key", boltseal.High,
		"read and change the cache", "portal.azure.com, Authentication"),
	Keywords: []string{"AzCa"}, Token: `[0-9A-Za-z]{33}AzCa[A-P][0-9A-Za-z]{5}=`, Lead: 33,
})
