# `make demo` and `make test` are all that a fresh machine needs (Python >= 3.11, git, make).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PACKAGES := policy_dsl regions scorers engine simulator limen

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep test-spark lint types check format fuzz package clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -qq --upgrade 'pip>=25.1'

$(VENV)/installed: $(VENV)/pyvenv.cfg pyproject.toml
	$(PIP) install -qq --editable .
	@touch $@

$(VENV)/installed-all: $(VENV)/installed
	$(PIP) install -qq --editable '.[all]'
	@touch $@

$(VENV)/installed-test: $(VENV)/installed-all
	$(PIP) install -qq --group test
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-test
	$(PIP) install -qq --group dev
	@touch $@

demo: $(VENV)/installed-all ## moderate a few real posts under the shipped pack
	@$(BIN)/limen demo

test: $(VENV)/installed-test ## run the tests
	$(BIN)/python -m pytest --quiet --numprocesses auto --dist worksteal -m 'not deep'

test-deep: $(VENV)/installed-test ## the long property tests: 10,000 random programs
	$(BIN)/python -m pytest --quiet --numprocesses auto -m deep

test-spark: $(VENV)/installed-test ## what runs on Spark, where Java is installed (PySpark is half a gigabyte)
	$(PIP) install -qq --editable '.[spark]'
	$(BIN)/python -m pytest --quiet -m 'not deep' -k spark

lint: $(VENV)/installed-dev ## style, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/installed-dev ## mypy --strict
	$(BIN)/mypy

check: lint types test ## all that CI asks

format: $(VENV)/installed-dev ## rewrite the code in its canonical form
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

fuzz: $(VENV)/installed-test ## 200,000 hostile inputs for the parser and the loader
	$(BIN)/python -m tests.fuzz.run --inputs 200000

package: $(VENV)/installed-dev ## build sdist and wheel; try the wheel in an empty folder; resolve the extras
	bash tests/packaging/try-wheel $(BIN)/python
	$(BIN)/python tests/packaging/check_extras.py

clean: ## remove what the targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
