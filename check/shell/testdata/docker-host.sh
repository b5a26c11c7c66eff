docker run --net=host x # want `opens the host`
docker run --pid host x # want `opens`
docker run -v /:/host x # want `opens`
docker run -v /data:/data -p 80:80 --network mine x
