cosign sign --key cosign.key user/image:tag # want `user/image:tag may be`
cosign sign --yes x/y@sha256:00
cosign sign --yes "$IMAGE_DIGEST"
cosign attest --predicate p.json --type slsaprovenance x/y:1 # want `may be another`
cosign verify x/y:1
