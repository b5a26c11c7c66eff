package docker

import (
	"strings"

	"github.com/boltseal/boltseal"
)

var _ = add(Rule{
	Check: boltseal.Check{
		ID: "docker/unsigned-packages", Title: "packages are installed without their signatures", Severity: boltseal.High,
		Controls: []string{"CIS-DI-4.11"},
		Aliases:  []string{"checkov:CKV2_DOCKER_7", "checkov:CKV2_DOCKER_8", "checkov:CKV2_DOCKER_9", "checkov:CKV2_DOCKER_10", "checkov:CKV2_DOCKER_11"},
		Doc: `The signature is what ties a package to those who made it. With it turned off, whoever answers in the repository's place puts a program of
their own into the image, as root. Import the repository's key instead.`,
	},
	Run: func(p *Pass) {
		for _, c := range p.Commands("apt-get", "apt", "apk", "dnf", "yum", "microdnf", "zypper", "rpm", "tdnf") {
			for i, w := range c.Args[1:] {
				text := w.Text
				if (text == "-o" || text == "--setopt") && i+2 < len(c.Args) {
					text = c.Args[i+2].Text
				}
				flag, value, _ := strings.Cut(strings.ToLower(text), "=")
				switch flag {
				case "--allow-unauthenticated", "--force-yes", "--allow-untrusted", "--nogpgcheck", "--no-gpg-checks", "--no-gpg-check", "--nosignature", "--nodigest", "--allow-unsigned-rpm", "--allow-insecure-repositories":
					p.Report(c.Span, c.Name+" "+flag+" installs what nobody signed")
				case "apt::get::allowunauthenticated", "acquire::allowinsecurerepositories", "acquire::alloweakrepositories", "-oapt::get::allowunauthenticated":
					if value != "false" && value != "0" {
						p.Report(c.Span, c.Name+" "+text+" installs what nobody signed")
					}
				case "gpgcheck", "--setopt":
					if strings.HasSuffix(strings.ToLower(text), "gpgcheck=0") || strings.HasSuffix(strings.ToLower(text), "gpgcheck=false") {
						p.Report(c.Span, c.Name+" "+text+" installs what nobody signed")
					}
				default:
					continue
				}
				break
			}
		}
	},
})
