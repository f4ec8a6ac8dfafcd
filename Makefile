# Few verbs; each makes .venv from the hashed lock when it is missing or older than the lock.
# The project itself is not installed: its programs run as modules from this folder, so that a fresh machine
# needs no build backend and an edit is in force at once.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
BIN := .venv/bin
RUN := $(BIN)/python -m deploy.local run -- $(BIN)/python -m
COMPILE = $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-header --no-annotate -q pyproject.toml
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo run check test versions simulate fuzz chaos bench up down lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Arguments for the verb behind: make demo ARGS="--help"'

demo: .venv/.ready ## a cluster, thousands of claims, a report; servers of its own
	@$(RUN) worker demo $(ARGS)

run: .venv/.ready ## the worker on servers of its own, until ctrl-c
	@$(BIN)/python -m deploy.local run -- sh -c '"$$0" -m worker migrate && \
		ALLOCATION_DECLARE_TOPOLOGY=true exec "$$0" -m worker run $(ARGS)' $(BIN)/python

check: .venv/.ready ## style, types, floors, weaknesses, container files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.checks.findings worker schemas deploy
	@$(BIN)/python -m tests.checks.advisories requirements.runtime.lock
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/python -m pytest tests/deploy/test_containers.py

# Files at a time, each row of them on servers of its own: most tests wait.
JOBS ?= 4
test: .venv/.ready ## all tests, on servers of their own
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

RELEASES ?= trixie forky
MEETING_SERVERS = tests/contract tests/integration tests/e2e/test_faults.py tests/e2e/test_contract_by_hand.py
versions: .venv/.ready ## the tests that meet servers, on newer versions of them; as root: make versions RELEASES=forky
	@for release in $(RELEASES); do \
		$(BIN)/python -m deploy.local tree $$release && \
		ALLOCATION_LOCAL_RELEASE=$$release $(BIN)/python -m pytest $(MEETING_SERVERS) $(ARGS) || exit 1; \
	done

SEEDS ?= 10000
simulate: .venv/.ready ## the engine on a simulated world, a seed a run: make simulate SEEDS=200
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

SECONDS ?= 60
fuzz: .venv/.ready ## whatever bytes into all that reads: make fuzz SECONDS=60
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

CLAIMS ?= 100000
chaos: .venv/.ready ## everything broken under load, on servers of its own: make chaos CLAIMS=100000
	@$(BIN)/python -m tests.chaos --claims $(CLAIMS) $(ARGS)

bench: .venv/.ready ## benchmarks, on servers of their own
	@$(RUN) tests.bench $(ARGS)

up: .venv/.ready ## start PostgreSQL and RabbitMQ in the background and print their addresses
	@$(BIN)/python -m deploy.local up --detach

down: .venv/.ready ## stop what `make up` started
	@$(BIN)/python -m deploy.local down

lock: .venv/.ready ## pin all dependencies again, with hashes
	$(BIN)/python -m pip install -q --disable-pip-version-check uv
	$(COMPILE) --group dev $(ARGS) -o requirements.lock
	$(COMPILE) -c requirements.lock -o requirements.runtime.lock

.venv/.ready: requirements.lock
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed; install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv || { rm -rf .venv; \
		echo "error: $(PYTHON) cannot make virtual environments; run: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
