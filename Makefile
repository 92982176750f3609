# Needs Rust, Python 3.11 or newer with venv, Node 20 or newer with npm, and a C compiler. Everything else
# goes into .tools and tests/policies/node_modules, pinned.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
EMULATOR := .tools/emulator
SAM := .tools/sam
SIMULATOR := tests/policies/node_modules/.package-lock.json
BOOTSTRAP := .aws-sam/build/IamPresetFunction/bootstrap
SOURCES := template.yaml Cargo.toml $(wildcard Cargo.lock) $(shell find shared functions -type f)

export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

.PHONY: help demo build test test-rust test-e2e test-policies test-templates lint bench clean

help: ## what there is to make
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 24

demo: build $(EMULATOR)/requirements.txt ## a preset from deployment to delete, in an emulated account on this machine
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.demo

build: $(BOOTSTRAP) ## the release build of the functions, by sam build

test: test-rust test-policies test-e2e test-templates ## all tests

test-rust: ## unit, property and protocol tests
	cargo test --workspace --locked

test-e2e: build $(EMULATOR)/requirements.txt ## stacks in an emulated account, served by the release build
	$(EMULATOR)/bin/python -m pytest -p no:cacheprovider tests/e2e

test-policies: $(SIMULATOR) ## what the policies allow and refuse, asked of a simulator of IAM
	cd tests/policies && node --test --test-reporter=spec

test-templates: $(SAM)/requirements-sam.txt ## template.yaml and the examples
	$(SAM)/bin/sam validate --lint --template-file template.yaml
	$(SAM)/bin/cfn-lint template.yaml examples/*.yaml

lint: ## format, clippy, documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked

bench: build $(EMULATOR)/requirements.txt ## memory, CPU, size and concurrency of the release build, against their limits
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.bench

clean: ## everything that was made, the tools too
	rm -rf target .aws-sam .tools tests/policies/node_modules
	find tests -name __pycache__ -prune -exec rm -rf {} +

$(BOOTSTRAP): $(SOURCES) | $(SAM)/requirements-sam.txt
	@echo "Building the functions for release: minutes the first time, and after a change of dependencies."
	PATH="$(CURDIR)/$(SAM)/bin:$$PATH" sam build
	@touch $@

# An environment holds a copy of what it was made from, and is made again when that differs.
$(EMULATOR)/requirements.txt: tests/requirements.txt
	@$(call environment,$(EMULATOR),$<)
$(SAM)/requirements-sam.txt: tests/requirements-sam.txt
	@$(call environment,$(SAM),$<)

$(SIMULATOR): tests/policies/package-lock.json
	npm --prefix tests/policies ci --silent
	@touch $@

define environment
if cmp --silent $(2) $(1)/$(notdir $(2)); then touch $(1)/$(notdir $(2)); exit; fi; \
echo "Making $(1) from $(2): a minute or two."; \
rm -rf $(1); \
$(PYTHON) -m venv $(1); \
$(1)/bin/pip install --disable-pip-version-check --progress-bar off --no-deps --requirement $(2) \
    | sed -u -n -E 's/^(Collecting|Installing|Successfully) ?([^ ]*).*/  \1 \2/p'; \
cp $(2) $(1)/
endef
