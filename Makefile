# genlab: what can be made. `make` alone shows this list.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread a process: on small nets torch's default of one a core can be tens of times slower.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-oldest bench scaling lint clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(BIN)/.installed ## create .venv and install genlab with its development tools

$(BIN)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("genlab needs Python 3.11 or newer, and this is " + sys.version.split()[0] + "; use make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: setup ## train, measure and compress three nets on embedded images, with a table and a figure
	$(BIN)/genlab demo

test: setup ## run all tests, offline, and name the ten slowest (GENLAB_DATA=DIR adds those on real MNIST and CIFAR-10)
	$(BIN)/python -m pytest -q -n 2 --durations=10 $(PYTEST_ARGS)

test-oldest: ## run all tests on the oldest versions that pyproject.toml admits, in .venv-oldest
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check $$($(PYTHON) tests/oldest_versions.py)
	.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	.venv-oldest/bin/python -m pytest -q -n 2 --durations=10 -m 'not slurm' $(PYTEST_ARGS)

bench: setup ## measure speed as ratios, side by side in one run (minutes)
	$(BIN)/python -m tests.benchmarks

scaling: setup ## measure how time and memory grow with nets, width, depth, batch and images (minutes)
	$(BIN)/python -m tests.benchmarks.scaling

lint: setup ## check style, types and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove .venv and caches; runs and data stay
	rm -rf $(VENV) .venv-oldest .pytest_cache .mypy_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
