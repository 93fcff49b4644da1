# hackney for Go. `make help` lists the targets; Go and make are all they need,
# but for race (a C compiler) and integration (nginx, haproxy, squid, tinyproxy, dante-server, python3).

.DEFAULT_GOAL := build

GO       ?= go
FUZZTIME ?= 5s
SOAKTIME ?= 30s
CORPUS   ?= ../shared/corpus

# The linters are pinned in a module of their own, so that they never enter the product's go.mod.
TOOLS := $(GO) tool -modfile=tools/go.mod
# The documents that `make generate` writes. They are kept in the repository, so a stale one is an error.
GENERATED := docs/states.md

.PHONY: help build run test lint race fuzz soak mutants generate check-generated doc dev clean integration bench bench-quick bench-steps bench-test promises corpus fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Without VCS stamping the binary depends on the sources alone.
build: generate ## build bin/hackney and the generated documents (what make alone does)
	$(GO) build -buildvcs=false -o bin/ ./cmd/hackney

run: ## show a request, step by step, against an embedded server
	$(GO) run ./cmd/hackney demo

test: ## run all tests
	$(GO) test ./...

lint: check-generated ## check format, vet, staticcheck, known vulnerabilities, stale generated documents
	@files=$$($(TOOLS) gofumpt -l .) || exit 1; \
	if [ -n "$$files" ]; then echo "gofumpt would change (make fmt does it):"; echo "$$files"; exit 1; fi
	$(GO) vet -tags=integration ./...
	$(TOOLS) staticcheck -tags=integration ./...
	@.ci/vuln

race: ## run all tests under the race detector
	$(GO) test -race ./...

fuzz: ## run each fuzz target for FUZZTIME (5s)
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

soak: ## drive mixed traffic against servers that misbehave, for SOAKTIME (30s)
	$(GO) run ./internal/soak -time $(SOAKTIME)

mutants: ## plant small faults, one at a time, and see that the tests notice
	$(GO) run ./internal/mutants

generate: ## write the generated documents anew
	$(GO) generate ./...

check-generated: generate ## fail when a generated document was stale
	@if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then \
		git diff --exit-code -- $(GENERATED) || { echo "stale: $(GENERATED) (now written anew, commit it)"; exit 1; }; \
	else \
		echo "note: no git checkout here, so it is not checked whether $(GENERATED) was up to date"; \
	fi

doc: ## tell how to read the documentation, and print the overview
	@echo "The guides are in docs/. The packages, offline:"
	@echo "  go doc ./hackney              the overview (below)"
	@echo "  go doc ./hackney Request      one name"
	@echo "  go doc -all ./hackney         everything"
	@echo "  go doc -http                  in the browser (its first run fetches the viewer)"
	@echo
	@$(GO) doc ./hackney

dev: ## download the modules and build the tools
	$(GO) mod download
	$(GO) mod download -modfile=tools/go.mod
	@for t in gofumpt staticcheck govulncheck benchstat; do \
		$(TOOLS) -n $$t >/dev/null || exit 1; echo "$$t: ready"; \
	done

clean: ## remove what was built
	rm -rf bin

integration: ## run the tests against servers, proxies and python3 that are not ours (must be installed)
	@.ci/integration

bench: ## measure hackney beside other clients (under 20 minutes), and write docs/benchmarks.md anew
	cd bench && $(GO) run . run -o results.json && $(GO) run . report -i results.json ../docs

bench-quick: ## the same with less work (under 2 minutes), told on the screen
	cd bench && $(GO) run . run -quick -o quick.json && $(GO) run . report -i quick.json

bench-steps: ## run the benchmarks of single steps
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-test: ## vet and test the programs that measure
	cd bench && $(GO) vet ./... && $(GO) test ./...

promises: ## show hackney 0.6.0's promises, their tests, and what is missing
	$(GO) run ./internal/promises

corpus: ## run the neutral corpus of CORPUS (../shared/corpus)
	@.ci/corpus "$(CORPUS)"

fmt: ## format the sources
	$(TOOLS) gofumpt -w .
