package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("google-api-key", "Google API key", boltseal.Medium,
		"use the project's APIs at its cost", "console.cloud.google.com/apis/credentials", "gitleaks:gcp-api-key"),
	Keywords: []string{"AIza"}, Token: `AIza[0-9A-Za-z_-]{35}`,
})

var _ = add(Detector{
	Check: kind("google-oauth-client-secret", "Google OAuth client secret", boltseal.High,
		"pose as the application towards its users", "console.cloud.google.com/apis/credentials"),
	Keywords: []string{"GOCSPX-"}, Token: `GOCSPX-[0-9A-Za-z_-]{28}`,
})

var _ = add(Detector{
	Check: kind("google-oauth-access-token", "Google OAuth access token", boltseal.Medium,
		"act as the user for up to an hour", "myaccount.google.com/connections"),
	Keywords: []string{"ya29."}, Token: `ya29\.[0-9A-Za-z_-]{60,}`,
})

var _ = add(Detector{
	Check: kind("google-oauth-refresh-token", "Google OAuth refresh token", boltseal.High,
		"act as the user until access is taken back", "myaccount.google.com/connections"),
	Keywords: []string{"1//0"}, Token: `1//0[0-9A-Za-z_-]{40,110}`,
})

var _ = add(Detector{
	Check: kind("google-fcm-server-key", "Firebase Cloud Messaging server key", boltseal.Medium,
		"send messages to all of an application's users", "console.firebase.google.com"),
	Keywords: []string{":APA91b"}, Token: `AAAA[0-9A-Za-z_-]{7}:APA91b[0-9A-Za-z_-]{134}`, Lead: 12, Shown: 4,
})
