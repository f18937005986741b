# Each target does its own set-up. CONFIG=FILE and ADDRESS=IP go to `run`; ARGS=... to any command that takes options.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON := .venv/bin/python
ACD := $(PYTHON) -m acd
ARGS ?=
CONFIG ?=
ADDRESS ?=
PYTEST := $(PYTHON) -m pytest -p no:cacheprovider

.PHONY: help setup setup-asterisk setup-tests demo run lint check test test-asterisk-all bench-asterisk
.PHONY: compiled bench-overload faults soak fuzz bench-daemon bench-engine bench-simulate bench-metrics bench-kpi bench-outage bench-journal states pictures mutants
.PHONY: clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup:  ## .venv with the locked dependencies
	@scripts/setup

setup-asterisk: setup  ## an Asterisk and SIPp for the lab, beside whatever is installed
	@scripts/setup-asterisk

setup-tests: setup-asterisk
	@scripts/setup-tests

demo: setup-asterisk  ## a minute of a contact centre: 20 operators, 200 callers, the KPI table
	@$(ACD) demo $(ARGS)

run: setup-asterisk  ## the contact centre for real telephones, until Ctrl-C (CONFIG=FILE ADDRESS=IP)
	@$(ACD) lab run $(if $(CONFIG),--config $(CONFIG)) $(if $(ADDRESS),--address $(ADDRESS)) $(ARGS)

lint: setup  ## format, lint, types, import contract
	@$(PYTHON) -m ruff format --check --exclude '*.md' .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports

check: lint  ## the quick part: lint and the unit tests
	@$(PYTEST) -q -m "not asterisk and not postgres" $(ARGS)

test: setup-tests  ## everything, with a real Asterisk, two files at a time
	@ACD_REQUIRE_ASTERISK=1 $(PYTEST) -q -n 2 --dist loadfile $(ARGS)

test-asterisk-all: setup  ## the integration tests on Asterisk 22 and on 16.28
	@set -e; for suite in sid bullseye; do \
	    scripts/setup-asterisk $$suite; \
	    echo "== Asterisk of Debian $$suite"; \
	    ACD_REQUIRE_ASTERISK=1 ASTERISK_SUITE=$$suite $(PYTEST) -q -m asterisk $(ARGS); \
	done

bench-asterisk: setup-asterisk  ## our hook against Asterisk's Queue(), then bench-callback; read from packet captures
	@status=0; $(PYTHON) -m tests.bench.bench_asterisk $(ARGS) || status=1; \
	    $(PYTHON) -m tests.bench.bench_callback || status=1; exit $$status

bench-overload: setup-asterisk  ## 10 000 callers who wait, and a storm of AMI events, on the daemon as it is run
	@$(PYTHON) -m tests.bench.bench_overload $(ARGS)

soak: setup-asterisk  ## steady load and a month in virtual time: does anything grow? (ARGS="--minutes 120 --rate 20")
	@$(PYTHON) -m tests.bench.bench_soak $(ARGS)

faults: setup-tests  ## faults under load, the books balanced after each (ARGS="--runs 100" for the long run)
	@$(PYTHON) -m acd.lab.faults $(ARGS)

bench-daemon: setup  ## the daemon's own CPU per call, Asterisk being played
	@$(PYTHON) -m tests.bench.bench_daemon $(ARGS)

bench-callback: setup-asterisk  ## from a break to the outgoing INVITE, read from a packet capture
	@$(PYTHON) -m tests.bench.bench_callback $(ARGS)

security: setup  ## how far the systemd unit shuts the daemon in
	@systemd-analyze security --offline=true --no-pager packaging/acd.service

sbom: setup  ## a bill of materials of the locked dependencies (CycloneDX), to build/sbom.json
	@.venv/bin/uv pip install -q --target .cache/sbom --require-hashes -r scripts/sbom.lock
	@mkdir -p build && PYTHONPATH=.cache/sbom $(PYTHON) -m cyclonedx_py requirements requirements.lock \
	    --pyproject pyproject.toml --output-reproducible -o build/sbom.json && echo "build/sbom.json"

audit: setup  ## known holes in the locked dependencies, asked of a public source of advisories
	@.venv/bin/uv pip install -q --target .cache/audit --require-hashes -r scripts/audit.lock
	@PYTHONPATH=.cache/audit $(PYTHON) -m pip_audit --strict --require-hashes --disable-pip -r requirements.lock || \
	    { echo "holes were found, or no source of advisories can be reached from here: see above"; exit 1; }

fuzz: setup  ## a million inputs for everything that reads what others wrote (hours; ARGS=--inputs 20000 for minutes)
	@.venv/bin/uv pip install -q --target .cache/fuzz --require-hashes -r scripts/fuzz.lock || \
	    echo "atheris is not to be had for this Python: mutations are drawn without looking at coverage"
	@PYTHONPATH=.cache/fuzz $(PYTHON) -m tests.fuzz.run $(ARGS)

bench-engine: setup  ## the engine alone
	@$(PYTHON) -m tests.bench.bench_engine $(ARGS)

bench-simulate: setup  ## calls a second in virtual time, plain and compiled, beside SimPy and Ciw
	@scripts/compile-engine
	@$(PYTHON) -m tests.bench.bench_simulate $(ARGS)

bench-metrics: setup  ## records and reports
	@$(PYTHON) -m tests.bench.bench_metrics $(ARGS)

bench-kpi: setup-asterisk  ## the indicators of a real run against those read from its packets
	@$(PYTHON) -m tests.bench.bench_kpi $(ARGS)

bench-outage: setup-tests  ## ten minutes without database and broker while calls go on (ARGS="--away 60")
	@$(PYTHON) -m tests.bench.bench_outage $(ARGS)

pictures: setup  ## the pictures of the documentation, made anew, with a real Asterisk and Chromium
	@$(PYTHON) -m tests.journal.pictures $(ARGS)

bench-journal: setup  ## the journal with a million cards, on SQLite and PostgreSQL
	@$(PYTHON) -m tests.bench.bench_journal $(ARGS)

states: setup  ## redraw docs/states from the tables of the state machines
	@$(PYTHON) scripts/draw_states.py $(ARGS)

compiled: setup  ## the core compiled with mypyc beside the plain one, and its tests on it
	@scripts/compile-engine
	@PYTHONPATH=.cache/compiled:. $(PYTHON) -P -m pytest -p no:cacheprovider --import-mode=append -q \
	    tests/queue_engine tests/callback tests/simulate

mutants: setup  ## plant bugs and see that the tests find them
	@$(PYTHON) scripts/mutants.py $(ARGS)

clean:  ## what set-up and tools made; the root folders of Asterisk stay (rm -rf .cache)
	@rm -rf .venv .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	@find . -name __pycache__ -type d -not -path './.cache/*' -prune -exec rm -rf {} +
