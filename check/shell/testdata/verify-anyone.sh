cosign verify user/image:tag # want `whose signature counts`
cosign verify --key cosign.pub user/image:tag
cosign verify --certificate-identity=me@example.com --certificate-oidc-issuer=https://accounts.example.com x/y@sha256:00
cosign verify-blob --bundle a.json a.tar # want `whose signature counts`
cosign verify
