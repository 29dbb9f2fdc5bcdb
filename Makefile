# Everything a developer does. `make run` and `make test` set up what they need by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
# Two: the one that has the deployment takes 2 GB, and the machine that this is measured on has two cores.
WORKERS ?= 2
# Where it is set, as in many containers, every process compiles all that it imports: a third of the time of some tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test test-slow mutants check format bench clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## virtual environment and system packages

$(READY): requirements.txt requirements-dev.txt scripts/setup scripts/install.py
	@PYTHON=$(PYTHON) scripts/setup $(VENV)
	@touch $@

run: $(READY) ## the whole system on this machine; ONCE=1 exits when the sample orders are done
	@$(BIN)/python -m local run $(if $(ONCE),--once) $(ARGS)

test: $(READY) ## every test, in the small form of those that have two; ARGS are passed to pytest
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

test-slow: $(READY) ## the big forms, and a thousand examples of every property: some hours
	@HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n $(WORKERS) --timeout 7200 -m "slow or hypothesis" $(ARGS)

mutants: $(READY) ## change the rules one by one, and see whether a test notices; ARGS: folders
	@$(BIN)/python scripts/mutants.py $(or $(ARGS),chalicelib/domain)

check: $(READY) ## format, lint, types, layers, generated files fresh
	@scripts/check $(BIN)

format: $(READY) ## format and fix what ruff can
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(READY) ## measure; prints ratios side by side
	@$(BIN)/python -m bench $(ARGS)

clean: ## remove what the above made
	@-$(BIN)/python -m local down 2>/dev/null
	rm -rf $(VENV) .local .chalice/deployed .chalice/deployments .pytest_cache .mypy_cache .ruff_cache .coverage
