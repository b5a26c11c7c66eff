package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("shopify-access-token", "Shopify access token", boltseal.High,
		"read and change the shop's orders and customers", "the shop, App development", "gitleaks:shopify-access-token", "trivy:shopify-token"),
	Keywords: []string{"shpat_", "shpca_", "shppa_"}, Token: `shp(?:at|ca|pa)_[0-9A-Fa-f]{32}`,
})

var _ = add(Detector{
	Check: kind("shopify-shared-secret", "Shopify shared secret", boltseal.High,
		"forge requests of the shop", "partners.shopify.com", "gitleaks:shopify-shared-secret"),
	Keywords: []string{"shpss_"}, Token: `shpss_[0-9A-Fa-f]{32}`,
})
