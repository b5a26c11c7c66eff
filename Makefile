# Everything is `go` underneath; `make help` lists the targets.
SHELL := /bin/sh
GO ?= go
BIN := bin/boltseal
DEMO := demo
LINT := bin/golangci-lint
export CGO_ENABLED := 0

.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/boltseal
	$(GO) build -trimpath -ldflags '-s -w' -o $(BIN) ./cmd/boltseal

demo: build ## seal the example: build an image, a database, scan, write reports
	@sh examples/demo.sh $(BIN) $(DEMO)

test: ## run the tests of every package
	$(GO) test ./...

race: ## run the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

fuzz: ## run every fuzz target for FUZZTIME (default 10s) each
	GO="$(GO)" sh tools/fuzz.sh $(or $(FUZZTIME),10s)

$(LINT): tools/go.mod tools/go.sum
	$(GO) build -modfile=tools/go.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

lint: $(LINT) ## run the linters
	$(LINT) run ./...

fmt: ## format and modernize the code
	$(GO) fix ./...
	gofmt -w $$(git ls-files '*.go')

generate: build ## write the generated pages of docs/ anew
	rm -rf docs/reference/cli docs/checks
	$(BIN) docs --format markdown docs/reference/cli
	$(BIN) docs --format checks docs/checks
	$(GO) test ./report -run TestSchema -update

check: ## all that CI runs, without the e2e tests
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(MAKE) lint
	$(MAKE) test
	$(MAKE) cross

cross: ## build for every platform of a release
	@for platform in linux/arm64 darwin/arm64 windows/amd64; do \
		echo "build $$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build -o /dev/null ./cmd/boltseal || exit 1; \
	done

bpf: ## compile the programs of the sensor anew (clang-14, llvm-14, libbpf-dev)
	cd sensor/bpf && GOPACKAGE=bpf $(GO) generate .

bench: build ## measure against the floor and write docs/bench.md
	cd bench && $(GO) run . -boltseal ../$(BIN) -o ../docs/bench.md

e2e: build ## test with real images, registries and engines (Linux, root)
	cd e2e && BOLTSEAL=$(CURDIR)/$(BIN) $(GO) test -timeout 30m ./...

clean: ## remove what the other targets made
	rm -rf bin $(DEMO) dist

.PHONY: help build demo test race fuzz lint fmt generate check cross bench e2e clean bpf
