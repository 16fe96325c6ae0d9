# Everything is one `make` away. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs bench smoke lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## plan the night of a generated shop, verify it, say where the report is
	rm -rf $(DEMO)
	$(BIN)/ordermill init $(DEMO) --sample
	$(BIN)/ordermill run $(DEMO)
	$(BIN)/ordermill verify $(DEMO)
	@echo "report   $$($(BIN)/ordermill report $(DEMO))"

test: $(READY) ## run all tests
	$(BIN)/pytest -n auto --dist loadgroup

lint: $(READY) ## formatter, linter, types, architecture, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m engine.document --check docs

format: $(READY) ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## write the documents that are generated from the code
	$(BIN)/python -m engine.document docs

bench: $(READY) ## run all benchmarks in full
	ORDERMILL_BENCH=full $(BIN)/pytest benchmarks -s --benchmark-enable --benchmark-disable-gc -o python_files='bench_*.py'

smoke: $(READY) ## run every benchmark once, small
	$(BIN)/pytest benchmarks -q --benchmark-disable -o python_files='bench_*.py'

lock: $(READY) ## pin all dependencies by hash
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --no-header --strip-extras --allow-unsafe --extra dev --output-file requirements.txt pyproject.toml

clean: ## remove what was made
	rm -rf $(VENV) $(DEMO) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
