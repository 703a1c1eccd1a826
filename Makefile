# Everything a fresh machine with Python 3.11+, git and make needs. uv is used where it is installed.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
IMAGE ?= trajtui-sandbox:test
# Most tests wait for sandboxes and terminals: three times as many run as there are processors, up to eight.
JOBS ?= $(shell jobs=$$(( 3 * $$(nproc 2>/dev/null || echo 1) )); echo $$(( jobs > 8 ? 8 : jobs )))
UV := $(shell command -v uv 2>/dev/null)

# Hundreds of processes import the program: where bytecode is not kept, each compiles it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test suite sample collected test-long test-pythons setup check lint format types contracts reference bench net clean

demo: setup
	$(BIN)/trajtui sample_trajectories/demo.json

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
ifneq ($(UV),)
	test -d $(VENV) || $(UV) venv --quiet --python '>=3.11' $(VENV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e . --group dev
else
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e . --group dev
endif
	touch $(STAMP)

check: setup
	$(MAKE) --jobs 3 lint types contracts

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports --no-cache

# What does not need the processors for itself runs beside something else.
test: setup
	$(MAKE) --jobs 4 lint types contracts collected
	$(MAKE) --jobs 2 suite sample

suite: setup
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m 'not long'

sample: setup
	$(BIN)/python tests/pythons.py --sample

# Once for all workers, who would each write the same bytecode; a file that cannot be imported is told at once.
collected: setup
	said=$$($(BIN)/pytest --collect-only -qq 2>&1) || { echo "$$said"; false; }

# The tables of docs/, from those of the code.
reference: setup
	$(BIN)/python docs/make_tables.py

# What takes too long for each change. pytest ends with 5 where nothing is marked so.
test-long: check
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m long || [ $$? -eq 5 ]
	$(MAKE) test-pythons

# The other supported Pythons that are found here, each in an environment of its own.
test-pythons: setup
	$(BIN)/python tests/pythons.py --jobs $(JOBS)

bench: setup
	$(BIN)/python benchmarks/replay_overhead.py --image $(IMAGE)
	$(BIN)/python benchmarks/going_back.py --image $(IMAGE)
	$(BIN)/python benchmarks/editing.py
	$(BIN)/python benchmarks/first_frame.py
	$(BIN)/python benchmarks/stutter.py
	$(BIN)/python benchmarks/live_stream.py
	$(BIN)/python benchmarks/on_screen.py --image $(IMAGE)
	$(BIN)/python benchmarks/comparing.py --strict
	$(BIN)/python benchmarks/linear.py

# What an earlier checkout and this one write, compared: make net OLD=DIR
net: setup
	$(if $(OLD),,$(error name the earlier checkout: make net OLD=DIR))
	$(BIN)/python benchmarks/net.py $(OLD)

clean:
	rm -rf $(VENV) .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
