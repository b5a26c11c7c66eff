package project

import (
	"cmp"
	"strconv"
)

const kubernetesText = `
apiVersion: v1
kind: Namespace
metadata:
  name: {{namespace}}
  labels:
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/enforce-version: v1.34
    pod-security.kubernetes.io/audit: restricted
    pod-security.kubernetes.io/audit-version: latest
    pod-security.kubernetes.io/warn: restricted
    pod-security.kubernetes.io/warn-version: latest
---
# What the namespace may take of the cluster, and what a container that says nothing gets.
apiVersion: v1
kind: ResourceQuota
metadata:
  name: {{name}}
  namespace: {{namespace}}
spec:
  hard:
    pods: "20"
    requests.cpu: "4"
    requests.memory: 4Gi
    limits.cpu: "16"
    limits.memory: 8Gi
---
apiVersion: v1
kind: LimitRange
metadata:
  name: {{name}}
  namespace: {{namespace}}
spec:
  limits:
    - type: Container
      defaultRequest:
        cpu: 100m
        memory: 128Mi
      default:
        cpu: 500m
        memory: 256Mi
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{name}}
  namespace: {{namespace}}
  labels:
    app.kubernetes.io/name: {{name}}
automountServiceAccountToken: false
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{name}}
  namespace: {{namespace}}
  labels:
    app.kubernetes.io/name: {{name}}
spec:
  replicas: 2
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app.kubernetes.io/name: {{name}}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{name}}
    spec:
      serviceAccountName: {{name}}
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: {{user}}
        runAsGroup: {{user}}
        fsGroup: {{user}}
        seccompProfile:
          type: RuntimeDefault
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    app.kubernetes.io/name: {{name}}
      containers:
        - name: {{name}}
          image: {{image}}
          imagePullPolicy: Always
          ports:
            - name: {{portname}}
              containerPort: {{port}}
              protocol: TCP
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
              ephemeral-storage: 64Mi
            limits:
              cpu: "1"
              memory: 256Mi
              ephemeral-storage: 256Mi
          startupProbe:
            tcpSocket:
              port: {{portname}}
            periodSeconds: 2
            failureThreshold: 30
          readinessProbe:
            tcpSocket:
              port: {{portname}}
            periodSeconds: 5
          livenessProbe:
            tcpSocket:
              port: {{portname}}
            periodSeconds: 20
            failureThreshold: 3
          volumeMounts:
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
---
apiVersion: v1
kind: Service
metadata:
  name: {{name}}
  namespace: {{namespace}}
  labels:
    app.kubernetes.io/name: {{name}}
spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/name: {{name}}
  ports:
    - name: {{portname}}
      port: {{serviceport}}
      targetPort: {{portname}}
      protocol: TCP
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{name}}
  namespace: {{namespace}}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {{name}}
---
# Nothing in the namespace reaches or is reached, but for what follows.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: {{namespace}}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
# Names are asked of the cluster's own resolver, over UDP and, for long answers, TCP.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: allow-dns
  namespace: {{namespace}}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - protocol: UDP
          port: 53
        - protocol: TCP
          port: 53
---
# Requests come from the ingress controller. Put its namespace and labels here.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{name}}-from-ingress
  namespace: {{namespace}}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {{name}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: ingress-nginx
          podSelector:
            matchLabels:
              app.kubernetes.io/name: ingress-nginx
      ports:
        - protocol: TCP
          port: {{portname}}
`

func (p *Project) kubernetes(o *Options) string {
	portName, servicePort := "http", 80
	if p.Kind == "php" {
		portName, servicePort = "fastcgi", p.Port
	}
	return fill(kubernetesText, "name", p.Name, "namespace", cmp.Or(o.Namespace, p.Name), "image", p.image(o),
		"user", "65532", "port", strconv.Itoa(p.Port), "portname", portName, "serviceport", strconv.Itoa(servicePort))
}

// image is the reference that is deployed. A digest is known only when the
// image was pushed.
func (p *Project) image(o *Options) string {
	return cmp.Or(o.Image, "registry.example.com/"+p.Name+":0.1.0")
}
