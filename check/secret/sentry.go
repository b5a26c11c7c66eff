package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("sentry-org-token", "Sentry organization token", boltseal.Medium,
		"upload releases and read settings", "sentry.io/settings/auth-tokens", "gitleaks:sentry-org-token"),
	Keywords: []string{"sntrys_eyJ"}, Token: `sntrys_eyJ[0-9A-Za-z+/=_-]{80,400}`,
})

var _ = add(Detector{
	Check: kind("sentry-user-token", "Sentry user token", boltseal.High,
		"read events, with personal data in them", "sentry.io/settings/account/api/auth-tokens", "gitleaks:sentry-user-token"),
	Keywords: []string{"sntryu_"}, Token: `sntryu_[0-9a-f]{64}`,
})

var _ = add(Detector{
	Check: kind("sentry-legacy-token", "Sentry token of the old form", boltseal.High,
		"read events, with personal data in them", "sentry.io/settings/account/api/auth-tokens", "gitleaks:sentry-access-token"),
	Keywords: []string{"sentry"}, Fold: true,
	Name:  []string{"token"},
	Value: `[0-9a-f]{64}`, Rank: ByName,
})
