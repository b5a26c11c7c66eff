package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("aws-access-key-id", "AWS access key id", boltseal.High,
		"tell the account and, with the secret key that seldom is far, act in it", "the IAM console", "gitleaks:aws-access-token", "trivy:aws-access-key-id"),
	Keywords: []string{"AKIA", "ASIA", "ABIA", "ACCA"}, Token: `(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}`, Entropy: 2.8,
})

var _ = add(Detector{
	Check: kind("aws-secret-access-key", "AWS secret access key", boltseal.Critical,
		"act in the AWS account as the user that it belongs to", "the IAM console", "trivy:aws-secret-access-key"),
	Keywords: []string{"aws_secret", "aws-secret", "awssecret", "secretaccesskey", "secret_access_key", "secret-access-key", "secretkey"}, Fold: true,
	Value: `[0-9A-Za-z/+]{40}`, Rank: ByName, Entropy: 4,
})

var _ = add(Detector{
	Check: kind("aws-session-token", "AWS session token", boltseal.High,
		"act in the AWS account until the session ends", "the IAM console"),
	Keywords: []string{"aws_session_token", "aws_security_token", "sessiontoken"}, Fold: true,
	Value: `[0-9A-Za-z/+]{100,}={0,2}`, Rank: ByName, Entropy: 4,
})

var _ = add(Detector{
	Check: kind("aws-bedrock-api-key", "Amazon Bedrock API key", boltseal.High,
		"run models on the account, at its cost", "the IAM console", "gitleaks:aws-amazon-bedrock-api-key-long-lived"),
	Keywords: []string{"ABSK"}, Token: `ABSK[0-9A-Za-z+/]{109,269}={0,2}`,
})

var _ = add(Detector{
	Check: kind("aws-mws-token", "Amazon Marketplace token", boltseal.High,
		"read a seller's orders and listings", "Seller Central", "trivy:mws"),
	Keywords: []string{"amzn.mws."}, Token: `amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
})
