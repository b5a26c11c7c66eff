syft packages docker:nginx # want `syft scan`
trivy k8s cluster --report summary # want `trivy k8s --report`
trivy k8s --report summary
docker scan x # want `is gone`
syft scan x
