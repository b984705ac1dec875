.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# One thing after another: what a person reads stays in order.
.NOTPARALLEL:

BIN := .venv/bin
PYTEST := $(BIN)/pytest

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it
.PHONY: run setup clean
run: setup ## Start the whole product on this machine; Ctrl-C stops it.
	@exec $(BIN)/tantrum-stack run
setup: ## Install everything that is pinned into .venv (run and test do it too).
	@scripts/setup
clean: ## Remove .venv and every cache; the data in .tantrum stay.
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Change it
QUICK := format lint types imports protos generated go-checks
.PHONY: check test setup-test bench fmt generate lock
check: setup ## The quick part of what CI runs: all but real engines.
	@scripts/each $(QUICK) chart unit
test: setup setup-test ## Everything that CI runs.
	@scripts/each $(QUICK) all-tests cluster-test
setup-test: ## Install what only tests need: engines (Debian, as root), a Kubernetes (with Go).
	@scripts/setup-test pgbouncer buildah debootstrap promtool=prometheus
	@if command -v go >/dev/null; then devcluster/cluster build; fi
bench: setup ## Measure: PARTS="gateway graphql freshness catalog search memory tracing peak scalers leadership failover", all by default.
	@scripts/setup-test wrk
	@$(BIN)/python -m bench $(PARTS)
fmt: setup ## Reformat Python and protos.
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .
	@$(BIN)/buf format --write protos
generate: setup ## Make the stubs in libs/protos from protos/ again.
	@scripts/generate
lock: setup ## Resolve the dependencies into requirements.lock again.
	@scripts/lock

##@ Run it on Kubernetes
.PHONY: images compose cluster cluster-install cluster-down cluster-status cluster-logs soak
images: setup ## Build the container images that changed.
	@images/build
compose: images ## Make what compose.yaml needs; then `podman compose up`.
	@compose/prepare
cluster: ## Start a cluster on this machine (Linux, as root), unless KUBECONFIG is set.
	@if [[ -n "$${KUBECONFIG:-}" ]]; then echo "Using the cluster of KUBECONFIG=$$KUBECONFIG"; \
	  else devcluster/cluster up; fi
cluster-install: setup ## Bring the product to it.
	@scripts/cluster-install
cluster-status: ## Its components, node and pods.
	@devcluster/cluster status
cluster-logs: ## Where its logs are; devcluster/cluster logs COMPONENT shows one.
	@devcluster/cluster logs
cluster-down: ## End it, and remove every trace of it.
	@devcluster/cluster down
soak: setup ## The cluster suite in its long form: each event five times, and watched for longer.
	@TANTRUM_SOAK=1 scripts/cluster-test

##@ The parts of check and test
.PHONY: format lint types imports protos generated go-checks chart unit all-tests cluster-test
format: ## Is everything formatted?
	@$(BIN)/ruff format --check .
lint: ## What ruff has to say.
	@$(BIN)/ruff check .
types: ## What mypy has to say.
	@$(BIN)/mypy $(wildcard libs/*/src services/*/src operator/src stack/src charts/*/files/*.py) bench images tests/load
imports: ## Do the parts keep to their layers?
	@$(BIN)/lint-imports --no-logo
protos: ## Are the contracts well made, and compatible with the baseline?
	@$(BIN)/buf lint protos
	@$(BIN)/buf format --diff --exit-code protos
	@$(BIN)/buf breaking protos --against protos/baseline.binpb
generated: ## Are the checked-in stubs those of protos/?
	@scripts/generate --check
go-checks: ## Format, vet and unit tests of devcluster/, where there is Go.
	@scripts/go-checks
chart: ## Does the chart say what it means? Needs helm (on the PATH, in HELM, or of `make cluster`) and promtool.
	@$(PYTEST) -q -n logical tests/charts
unit: ## Tests that need no engine; three for two cores, since they wait a third of their time.
	@$(PYTEST) -q -n $$(($$(nproc) * 3 / 2)) -m "not integration and not e2e and not images" --ignore=tests/charts
all-tests: ## Every test, with real engines and the whole stack.
	@$(PYTEST) -q --durations=10
cluster-test: ## Every event in the life of a cluster, on a real one, under load.
	@scripts/cluster-test
