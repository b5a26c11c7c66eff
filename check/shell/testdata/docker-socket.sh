docker run -v /var/run/docker.sock:/var/run/docker.sock aquasec/trivy:1 image x # want `aquasec/trivy:1 gets root`
docker run -v "$PWD":/src x
docker run --mount type=bind,source=/var/run/docker.sock,target=/x y # want `y gets root`
