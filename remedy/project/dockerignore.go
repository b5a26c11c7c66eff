package project

import "strings"

// neverInContext are files that no build needs and no image may hold: the
// history, credentials, and what describes the build itself.
const neverInContext = `# What is named here never reaches the builder.
.git
.github
.gitignore
.dockerignore
.editorconfig
.vscode/
.idea/
.DS_Store
Dockerfile*
compose*.y*ml
docker-compose*.y*ml
deploy/
docs/
boltseal.yaml
*.md
*.log

# Credentials.
.env
.env.*
!.env.example
.npmrc
.netrc
.pypirc
.aws/
.ssh/
.docker/
.kube/
*.pem
*.key
*.p12
*.pfx
id_rsa*
id_ecdsa*
id_ed25519*
*credentials*.json
*.tfstate
`

func (p *Project) dockerignore() string {
	var b strings.Builder
	b.WriteString(neverInContext)
	if len(p.ignore) > 0 {
		b.WriteString("\n# What the build makes itself.\n")
	}
	for _, line := range p.ignore {
		b.WriteString(line + "\n")
	}
	return b.String()
}
