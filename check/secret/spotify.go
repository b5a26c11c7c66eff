package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("spotify-secret", "Spotify client secret", boltseal.Medium,
		"pose as the application", "developer.spotify.com"),
	Keywords: []string{"spotify"}, Fold: true,
	Name:  []string{"secret"},
	Value: `[0-9a-f]{32}`, Rank: ByName,
})
