docker run --rm --privileged x # want `--privileged`
docker run --cap-add=SYS_ADMIN x # want `SYS_ADMIN`
docker run --security-opt seccomp=unconfined x # want `unconfined`
docker run --cap-add NET_BIND_SERVICE x
docker run x --privileged
docker ps
