cosign sign x/y@sha256:00 # want `nobody answers`
cosign sign --yes x/y@sha256:00
cosign sign --key k x/y@sha256:00
cosign verify x
