package project

import (
	"errors"
	"path"
	"strconv"
	"strings"
)

const rustDockerfile = `
# syntax=docker/dockerfile:1

FROM rust:1-trixie AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked && mkdir /out && cp target/release/{{binary}} /out/app

FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /out/app /app
USER 65532:65532
EXPOSE {{port}}
# The image has no shell and no tools: Kubernetes asks the port itself.
HEALTHCHECK NONE
ENTRYPOINT ["/app"]
`

func rustProject(f *folder, p *Project) error {
	p.Kind, p.Tool = "rust", "cargo"
	if !f.has("Cargo.lock") {
		return errors.New("there is no Cargo.lock beside Cargo.toml: commit it, so that the image gets what was tested")
	}
	binary := tomlName(f.read("Cargo.toml"))
	if !f.has("src/main.rs") || !plain(binary) {
		return errors.New("neither Cargo.toml nor src/main.rs names one program: a library needs no image")
	}
	p.Name = label(binary)
	p.ignore = []string{"target/"}
	p.dockerfile = fill(rustDockerfile, "binary", binary, "port", strconv.Itoa(p.Port))
	p.note("port %d is a guess: nothing in a crate says which one it serves (--port)", p.Port)
	return nil
}

// tomlName is the name in the table [package].
func tomlName(text string) string {
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inside = line == "[package]"
		}
		if key, value, ok := strings.Cut(line, "="); ok && inside && strings.TrimSpace(key) == "name" {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return ""
}

const dotnetDockerfile = `
# syntax=docker/dockerfile:1

FROM mcr.microsoft.com/dotnet/sdk:{{version}} AS build
WORKDIR /src
COPY {{project}} ./
RUN --mount=type=cache,target=/root/.nuget/packages dotnet restore {{project}}
COPY . .
RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish {{project}} -c Release -o /out --no-restore

FROM mcr.microsoft.com/dotnet/aspnet:{{version}}
ENV ASPNETCORE_HTTP_PORTS={{port}} DOTNET_EnableDiagnostics=0
WORKDIR /app
COPY --from=build /out ./
USER 65532:65532
EXPOSE {{port}}
# The image has no tool to ask with: Kubernetes asks the port itself.
HEALTHCHECK NONE
ENTRYPOINT ["dotnet", "{{assembly}}.dll"]
`

func dotnetProject(f *folder, p *Project) error {
	p.Kind, p.Tool = "dotnet", "dotnet"
	found := f.glob("*.csproj")
	if len(found) > 1 {
		return errors.New("several projects are here (" + strings.Join(found, ", ") + "): run init in the folder of the one that makes the application")
	}
	name := found[0]
	text := f.read(name)
	version := strings.TrimPrefix(between(text, "<TargetFramework>", "</"), "net")
	switch version {
	case "8.0", "9.0", "10.0":
	default:
		return errors.New(name + " names no TargetFramework that is still cared for: net8.0, net9.0 or net10.0")
	}
	assembly := strings.TrimSuffix(name, ".csproj")
	if own := between(text, "<AssemblyName>", "</"); own != "" {
		assembly = own
	}
	if !plain(name) || !plain(assembly) {
		return errors.New("the name of " + name + " does not go into a Dockerfile as it is")
	}
	p.Name = label(assembly)
	p.ignore = []string{"bin/", "obj/", ".vs/", "*.user"}
	p.dockerfile = fill(dotnetDockerfile, "version", version, "project", name, "assembly", assembly, "port", strconv.Itoa(p.Port))
	return nil
}

const rubyDockerfile = `
# syntax=docker/dockerfile:1

FROM ruby:3.4-trixie AS build
WORKDIR /app
ENV BUNDLE_DEPLOYMENT=1 BUNDLE_PATH=/usr/local/bundle BUNDLE_WITHOUT=development:test
COPY Gemfile Gemfile.lock ./
RUN bundle install

FROM ruby:3.4-slim-trixie
ENV BUNDLE_DEPLOYMENT=1 BUNDLE_PATH=/usr/local/bundle BUNDLE_WITHOUT=development:test RACK_ENV=production PORT={{port}}
WORKDIR /app
COPY --from=build /usr/local/bundle /usr/local/bundle
COPY . .
USER 65532:65532
EXPOSE {{port}}
HEALTHCHECK --start-period=20s --interval=30s --timeout=3s \
    CMD ["ruby", "-rsocket", "-e", "TCPSocket.new('127.0.0.1', {{port}}).close"]
CMD [{{start}}]
`

func rubyProject(f *folder, p *Project) error {
	p.Kind, p.Tool = "ruby", "bundler"
	lock := f.read("Gemfile.lock")
	var start string
	switch port := strconv.Itoa(p.Port); {
	case strings.Contains(lock, "\n    puma ("):
		start = `"bundle", "exec", "puma", "-b", "tcp://0.0.0.0:` + port + `"`
	case strings.Contains(lock, "\n    rackup ("):
		start = `"bundle", "exec", "rackup", "-o", "0.0.0.0", "-p", "` + port + `"`
	default:
		return errors.New("neither puma nor rackup is in Gemfile.lock to serve config.ru with")
	}
	p.ignore = []string{".bundle/", "vendor/bundle/", "log/", "tmp/", "storage/", "config/master.key"}
	p.dockerfile = fill(rubyDockerfile, "start", start, "port", strconv.Itoa(p.Port))
	p.note("gems that link to libraries of the system need those in the last stage too")
	return nil
}

const phpDockerfile = `
# syntax=docker/dockerfile:1

FROM composer:2 AS build
WORKDIR /app
COPY {{manifests}} ./
RUN --mount=type=cache,target=/tmp/cache composer install --no-dev --no-scripts --no-autoloader --prefer-dist --no-interaction
COPY . .
RUN composer dump-autoload --no-dev --optimize --no-scripts

FROM php:8.4-fpm-alpine
WORKDIR /app
COPY --from=build /app/vendor ./vendor
COPY . .
USER 65532:65532
EXPOSE 9000
# The image has no tool that speaks FastCGI: Kubernetes asks the port itself.
HEALTHCHECK NONE
CMD ["php-fpm"]
`

func phpProject(f *folder, p *Project) error {
	p.Kind, p.Tool, p.Port = "php", "composer", 9000
	if !f.has("composer.lock") {
		return errors.New("composer.json has no composer.lock beside it: commit it, so that the image gets what was tested")
	}
	if !strings.Contains(f.read("composer.json"), `"php"`) && len(f.glob("*.php")) == 0 && len(f.glob("public/*.php")) == 0 {
		return errors.New("composer.json lists tools, and there is no PHP file here or in public/")
	}
	p.ignore = []string{"vendor/", "var/", "storage/logs/", ".phpunit.cache/"}
	p.dockerfile = fill(phpDockerfile, "manifests", "composer.json composer.lock")
	p.note("php-fpm speaks FastCGI on port 9000: a web server in front of it has to translate; extensions are added with docker-php-ext-install")
	return nil
}

const staticDockerfile = `
# syntax=docker/dockerfile:1

FROM nginxinc/nginx-unprivileged:1.29-alpine
COPY . /usr/share/nginx/html
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --start-period=5s --interval=30s --timeout=3s CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]
`

func staticProject(f *folder, p *Project) error {
	p.Kind, p.Tool, p.Port = "static", "nginx", 8080
	p.ignore = []string{"*.map"}
	p.dockerfile = fill(staticDockerfile)
	if f.has("Makefile") || len(f.glob("_config.*")) > 0 {
		p.note("the folder looks generated by %s: build it first", path.Base(f.first("Makefile", "_config.yml", "_config.toml")))
	}
	return nil
}
