package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("mongodb-service-account-secret", "MongoDB Atlas service account secret", boltseal.High,
		"change the projects of the organization", "cloud.mongodb.com"),
	Keywords: []string{"mdb_sa_sk_"}, Token: `mdb_sa_sk_[0-9A-Za-z_-]{40}`,
})
