package serve

// OIDC is an identity provider that people may log in with.
type OIDC struct {
	Issuer, ClientID, ClientSecret string
}
