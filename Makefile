# Everything a developer or a curious user needs; `make help` lists it.
PYTHON ?= python3
VENV := .venv
EMULATORS := .venv-aws
CHROMIUM ?= /usr/bin/chromium
DYNALITE := $(EMULATORS)/dynalite
PEERS := .venv-peers
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKSPACE := .omnix
SAMPLE := --config configs/sample.toml --workspace $(WORKSPACE) --quiet
OMNIX := $(BIN)/omnix

.DEFAULT_GOAL := help
.PHONY: help demo test check docs bench against soak lambda format lock clean

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/core  ## Install, run everything on the sample data, show the results
	@$(OMNIX) run $(SAMPLE) && echo
	@$(OMNIX) show recommendations 1142 $(SAMPLE) && echo
	@$(OMNIX) show similar 1082185 --limit 10 $(SAMPLE) && echo
	@$(OMNIX) show due --days 7 --limit 10 $(SAMPLE)

test: $(VENV)/dev $(EMULATORS)/ready $(DYNALITE)/ready $(CHROMIUM)  ## Run all the tests
	TEST_EMULATORS=$(EMULATORS) CHROMIUM=$(CHROMIUM) $(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/dev  ## Check format, lint, types, layers, dead code, and the docs against the code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.dead_code
	$(BIN)/python -m pytest tests/test_docs.py

docs: $(VENV)/core  ## Renew the generated parts of the documents
	$(BIN)/python docs/generate.py

bench: $(VENV)/bench $(PEERS)/ready  ## Measure speed (start, import, similarity, tables) next to other tools, and quality
	BENCH_PEERS=$(PEERS) $(BIN)/python -m tests.benchmarks

against: $(VENV)/bench  ## Measure this build beside an earlier one: make against COMMIT=...
	$(BIN)/python -m tests.benchmarks.bench_against $(COMMIT)

soak: $(VENV)/dev $(EMULATORS)/ready  ## Simulated shops, requests that fail, stopped processes, damaged files, strange services: is anything lost?
	$(BIN)/python -m tests.soaks.order_streams
	TEST_EMULATORS=$(EMULATORS) $(BIN)/python -m tests.soaks.tables_under_faults
	TEST_EMULATORS=$(EMULATORS) $(BIN)/python -m tests.soaks.dynamodb_answers
	$(BIN)/python -m tests.soaks.models_under_faults
	$(BIN)/python -m tests.soaks.damage
	$(BIN)/python -m tests.soaks.absurd_settings
	TEST_EMULATORS=$(EMULATORS) $(BIN)/python -m tests.soaks.strange_services
	$(BIN)/python -m tests.soaks.hostile_texts
	$(BIN)/python -m tests.soaks.odd_answers
	TEST_EMULATORS=$(EMULATORS) $(BIN)/python -m tests.soaks.pauses

lambda: $(VENV)/core  ## Make the archives of the AWS Lambda functions, in dist/lambda
	$(BIN)/python deploy/lambda_archives.py

format: $(VENV)/dev  ## Format the code and fix what lint can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## Renew the pinned versions (needs uv)
	for group in build dev bench; do \
	  uv pip compile -q pyproject.toml --group $$group --generate-hashes --universal --python-version 3.11 \
	    --no-header --no-annotate -o requirements/$$group.txt; done
	uv pip compile -q pyproject.toml -c requirements/bench.txt --generate-hashes --universal --python-version 3.11 \
	  --no-header --no-annotate -o requirements/core.txt
	uv pip compile -q pyproject.toml --extra lambda -c requirements/core.txt -c requirements/dev.txt --generate-hashes \
	  --universal --python-version 3.11 --no-header --no-annotate -o requirements/lambda.txt
	for group in emulators peers; do \
	  uv pip compile -q requirements/$$group.in --generate-hashes --universal --python-version 3.11 \
	    --no-header --no-annotate -o requirements/$$group.txt; done

clean:  ## Remove the environments, the workspace and every cache
	rm -rf $(VENV) $(EMULATORS) $(PEERS) $(WORKSPACE) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/core: requirements/build.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev: $(VENV)/core requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/bench: $(VENV)/dev requirements/bench.txt
	$(PIP) install --require-hashes -r requirements/bench.txt
	touch $@

$(DYNALITE)/ready: requirements/dynalite/package-lock.json
	mkdir -p $(DYNALITE)
	cp requirements/dynalite/*.json $(DYNALITE)
	cd $(DYNALITE) && npm ci --ignore-scripts --no-audit --no-fund --silent
	touch $@

/usr/bin/chromium:  # Debian and Ubuntu; elsewhere: make test CHROMIUM=<path>
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium

$(EMULATORS)/ready: requirements/emulators.txt
$(PEERS)/ready: requirements/peers.txt
%/ready:
	test -x $*/bin/python || $(PYTHON) -m venv $*
	$*/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	touch $@
