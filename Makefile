# The commands for people and CI. `make` alone lists them.

PYTHON ?= python3
PIP = -m pip --quiet --disable-pip-version-check install --no-input
LOCKS = scripts/locks
NODE_TOOLS = $(LOCKS)/node_modules/.bin
export REDOCLY_TELEMETRY = off
export REDOCLY_SUPPRESS_UPDATE_NOTICE = true

SECONDS ?= 30

.DEFAULT_GOAL = help
.PHONY: help demo test faults picture fuzz stress bench mutate generate check-generated docs diff check vendor-drift lint types \
        wheel-test dist release format locks upgrade-generator clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv-demo/ready ## Cancel order 37294 at a test server on this machine
	@PYTHONPATH=src:generated .venv-demo/bin/python scripts/demo.py

test: .venv/ready .venv-generator/ready ## Run every test; with CI=1 measure coverage, and fail instead of skipping
	@! command -v npm >/dev/null || $(MAKE) --silent $(LOCKS)/node_modules/ready # without Node.js, tests that need redocly or Prism are skipped
	.venv/bin/python -m pytest --numprocesses 4 $(if $(CI),--cov --cov-report=term-missing:skip-covered) # more processes than cores, because many tests wait for timeouts

faults: .venv/ready ## Print the fault table of the tests, and write docs/faults.md
	@PYTHONPATH=tests .venv/bin/python scripts/faults.py

picture: .venv/ready ## Draw docs/cancel.svg from a real run in a terminal (needs tmux)
	@.venv/bin/python scripts/picture.py

fuzz: .venv/ready ## Send hostile responses to the client for 30 seconds, or for SECONDS=600
	@PYTHONPATH=scripts .venv/bin/python -m fuzz --seconds $(SECONDS)

stress: .venv/ready ## Cancel thousands of orders in real time, with faults and killed runs (15 minutes)
	@.venv/bin/python scripts/stress.py

bench: .venv/ready $(if $(PEERS),.venv-peers/ready) ## Compare the speed with bare httpx; PEERS=1 adds other clients, ONLY=section
	@PYTHONPATH=scripts .venv/bin/python -m bench $(if $(PEERS),--peers .venv-peers/bin/python) $(if $(ONLY),--only $(ONLY))

docs: .venv-docs/ready ## Build the documentation site into build/site; warnings and broken links are errors
	@$(MAKE) --silent $(LOCKS)/node_modules/ready
	@rm -rf build/site
	@.venv-docs/bin/sphinx-build --quiet --fail-on-warning --keep-going docs build/site
	@$(NODE_TOOLS)/redocly build-docs openapi.yaml --inlineBundle --title "thanks.io contract" --output build/site/contract-viewer.html >/dev/null 2>&1
	@echo "open build/site/index.html"

mutate: .venv-mutate/ready ## Run mutation tests on the decision code; fail if a mutant survives
	@.venv-mutate/bin/python scripts/mutate.py

generate: .venv-generator/ready ## Generate generated/ from openapi.yaml
	@.venv-generator/bin/python scripts/generate.py

check-generated: .venv-generator/ready ## Fail if generated/ does not match openapi.yaml
	@.venv-generator/bin/python scripts/generate.py --check

diff: .venv/ready ## Report changes for users since the last release, or since BASE=ref, and the versions that they require
	@PYTHONPATH=scripts .venv/bin/python -m api_diff $(BASE)

check: .venv/ready .venv-generator/ready ## Run the fast checks; each failure names the fix
	@$(MAKE) --silent $(LOCKS)/node_modules/ready
	@.venv/bin/python scripts/check.py

vendor-drift: .venv/ready ## Compare the vendor's document with openapi.yaml; DOC=file, JSON=1, PROPOSE=1 prints text to paste
	@PYTHONPATH=scripts .venv/bin/python -m vendor_drift $(if $(JSON),--json) $(if $(PROPOSE),--propose) $(if $(DOC),'$(DOC)')

lint: .venv/ready ## Check the contract and the style of the code
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/openapi-spec-validator openapi.yaml
	.venv/bin/zizmor --offline --quiet .github
	@$(MAKE) --silent $(LOCKS)/node_modules/ready
	$(NODE_TOOLS)/redocly lint openapi.yaml

types: .venv/ready ## Check the types: mypy on everything, pyright on the facade
	.venv/bin/mypy
	@$(MAKE) --silent $(LOCKS)/node_modules/ready
	$(NODE_TOOLS)/pyright --pythonpath .venv/bin/python

wheel-test: .venv/ready ## Build the wheel, and run the tests on it with the oldest and newest libraries
	@$(MAKE) --silent $(LOCKS)/node_modules/ready
	@.venv/bin/python scripts/wheel_test.py

dist: .venv/ready ## Build the wheel and the sdist twice, and keep them if both builds are identical
	@.venv/bin/python scripts/release.py

release: check ## Run the checks, build reproducibly into dist/, and tag: make release VERSION=0.2.0
	@.venv/bin/python scripts/release.py "$(VERSION)"

format: .venv/ready ## Format the code
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

# For every platform and every Python from 3.11 on. Extras are kept, because pip looks for the newest of what is asked for
# with an extra and pinned without it.
LOCK = .venv-locker/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
       --no-strip-extras

locks: .venv-locker/ready ## Resolve the tools of pyproject.toml, except the generator, into scripts/locks/
	$(LOCK) pyproject.toml --output-file $(LOCKS)/demo.txt
	$(LOCK) pyproject.toml --group dev --output-file $(LOCKS)/dev.txt
	$(LOCK) pyproject.toml --extra cli --extra testing --group docs --output-file $(LOCKS)/docs.txt
	$(LOCK) --group locker --output-file $(LOCKS)/locker.txt
	$(LOCK) pyproject.toml --group dev --group mutate --output-file $(LOCKS)/mutate.txt
	$(LOCK) --group peers --output-file $(LOCKS)/peers.txt
	$(LOCK) pyproject.toml --resolution lowest-direct --output-file $(LOCKS)/lowest.txt
	cd $(LOCKS) && npm install --package-lock-only

upgrade-generator: .venv-locker/ready ## Lock the newest generator, generate with it, show the changes, and run all checks
	$(LOCK) --group generator --output-file $(LOCKS)/generator.txt
	$(MAKE) generate
	@git --no-pager diff --stat -- $(LOCKS) generated
	@git --no-pager diff -- generated
	$(MAKE) diff BASE=HEAD
	$(MAKE) check lint types test

clean: ## Remove what make has installed and built
	rm -rf .venv .venv-* $(LOCKS)/node_modules dist build mutants .coverage

# Each environment is built from a lock with hashes, and again when its lock changes.
.venv/ready: $(LOCKS)/dev.txt pyproject.toml
	@$(call environment,.venv,dev)
	@$(call this_package,.venv)
	@touch $@

.venv-mutate/ready: $(LOCKS)/mutate.txt pyproject.toml
	@$(call environment,.venv-mutate,mutate)
	@$(call this_package,.venv-mutate)
	@touch $@

.venv-demo/ready: $(LOCKS)/demo.txt
	@$(call environment,.venv-demo,demo)
	@touch $@

.venv-docs/ready: $(LOCKS)/docs.txt pyproject.toml
	@$(call environment,.venv-docs,docs)
	@$(call this_package,.venv-docs)
	@touch $@

.venv-peers/ready: $(LOCKS)/peers.txt
	@$(call environment,.venv-peers,peers)
	@touch $@

.venv-generator/ready: $(LOCKS)/generator.txt
	@$(call environment,.venv-generator,generator)
	@touch $@

.venv-locker/ready: $(LOCKS)/locker.txt
	@$(call environment,.venv-locker,locker)
	@touch $@

$(LOCKS)/node_modules/ready: $(LOCKS)/package-lock.json
	@command -v npm >/dev/null || { \
	  echo "redocly, pyright and Prism need Node.js 20 or newer. Install it, then run this again." >&2; \
	  exit 1; }
	@echo "installing redocly, pyright and Prism ..."
	@cd $(LOCKS) && npm ci --silent --no-audit --no-fund
	@touch $@

define environment
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "thanksio needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	echo "setting up $(1) ..."
	rm -rf $(1)
	$(PYTHON) -m venv $(1)
	$(1)/bin/python $(PIP) --require-hashes -r $(LOCKS)/$(2).txt
endef

define this_package
	$(1)/bin/python $(PIP) --no-deps --no-build-isolation --editable .
endef
