docker run -d --name clair -p 6060:6060 quay.io/projectclair/clair:latest # want `pushed last`
docker pull aquasec/trivy # want `aquasec/trivy is`
docker pull alpine:3.22
docker run --rm -v a:/b x/y:1 z/w
docker run "$IMAGE"
docker run myimage
docker pull x/y@sha256:00
