package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("supabase-token", "Supabase access token", boltseal.Critical,
		"change projects and read their databases", "supabase.com/dashboard/account/tokens"),
	Keywords: []string{"sbp_"}, Token: `sbp_[0-9a-f]{40}`,
})

var _ = add(Detector{
	Check: kind("supabase-secret-key", "Supabase secret key", boltseal.Critical,
		"read and change the database, past its row security", "supabase.com/dashboard"),
	Keywords: []string{"sb_secret_"}, Token: `sb_secret_[0-9A-Za-z_-]{31}`,
})
