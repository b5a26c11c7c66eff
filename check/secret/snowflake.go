package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("snowflake-password", "Snowflake password", boltseal.High,
		"read and change the warehouse", "the account, Users"),
	Keywords: []string{"snowflake", "snowsql"}, Fold: true,
	Name:  []string{"pwd", "password", "passwd"},
	Value: `[!-~]{8,}`, Rank: ByName, weak: true,
})
