package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("pinecone-api-key", "Pinecone API key", boltseal.High,
		"read and change the indexes", "app.pinecone.io"),
	Keywords: []string{"pcsk_"}, Token: `pcsk_[0-9A-Za-z]{5,6}_[0-9A-Za-z]{63,64}`,
})
