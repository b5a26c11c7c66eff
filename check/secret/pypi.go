package secret

import "github.com/boltseal/boltseal"

var _ = add(Detector{
	Check: kind("pypi-token", "PyPI upload token", boltseal.Critical,
		"publish packages that others install", "pypi.org/manage/account/token", "gitleaks:pypi-upload-token", "trivy:pypi-upload-token"),
	Keywords: []string{"pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"}, Token: `pypi-AgE[0-9A-Za-z_-]{60,500}`, Shown: 5,
	Valid: pypiToken, Proof: "the macaroon names the index",
})
