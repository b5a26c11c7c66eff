curl -k https://x # want `-k`
curl --insecure https://x # want `--insecure`
wget --no-check-certificate https://x # want `switches`
curl -fsSL https://x
kubectl --insecure-skip-tls-verify get pods # want `switches`
git -c http.sslVerify=false clone x # want `switched off`
NODE_TLS_REJECT_UNAUTHORIZED=0 node x # want `NODE_TLS`
podman pull --tls-verify=true x
