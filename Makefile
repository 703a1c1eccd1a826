# Everything a fresh machine with Python 3.11+, git and make needs. uv is used where it is installed.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# What `make demo` needs is there with the first, what the tests need with the second.
STAMP := $(VENV)/.ready
DEV_STAMP := $(VENV)/.ready-dev
# The Pythons that are tried, the first that is new enough is taken; PYTHON=python3.12 names one.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
IMAGE ?= trajtui-sandbox:test
# Most tests wait for sandboxes and terminals: three times as many run as there are processors, up to eight.
JOBS ?= $(shell jobs=$$(( 3 * $$(nproc 2>/dev/null || echo 1) )); echo $$(( jobs > 8 ? 8 : jobs )))
UV := $(shell command -v uv 2>/dev/null)

# Hundreds of processes import the program: where bytecode is not kept, each compiles it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test suite sample collected test-long test-pythons setup check lint format types contracts reference pictures bench net clean

demo: $(STAMP)
	@$(BIN)/trajtui sample_trajectories/demo.json

# The environment with all that the other targets need.
setup: $(DEV_STAMP)

# An installer shows how far it is where somebody looks. What is never imported need not be compiled.
SEEN := [ -t 2 ] || quiet=--quiet;

ifneq ($(UV),)
WHOLE := pass
MAKE_VENV := rm -rf $(VENV); "$(UV)" venv --quiet --python $(or $(PYTHON),'>=3.11') $(VENV)
INSTALL := $(SEEN) "$(UV)" pip install $$quiet --python $(BIN)/python -c constraints.txt
NEWER_PIP := true
else
WHOLE := import pip
MAKE_VENV := for python in $(PYTHONS); do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then exec $$python -m venv --clear $(VENV); fi; \
	done; \
	echo 'Python 3.11 or newer is needed, with its venv (tried: $(PYTHONS)): make demo PYTHON=/path/to/python' >&2; exit 1
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(SEEN) $(PIP) install $$quiet --no-compile -c constraints.txt
# It reads groups of dependencies from 25.1 on.
NEWER_PIP := $(PIP) install --quiet --upgrade 'pip>=25.1'
endif

# An environment of another Python than the one that is named is made anew.
VERSION := import sys; print(*sys.version_info[:2])
ifneq ($(PYTHON),)
ifneq ($(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null),$(shell $(BIN)/python -c '$(VERSION)' 2>/dev/null))
WHOLE := sys.exit(1)
.PHONY: $(STAMP)
endif
endif

# The packages that the program needs, a line each.
NEEDED := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")

# The program runs from here, as with an editable installation, whose two files these are: making one takes longer
# than all else. `make setup` makes one all the same: its files have the same names.
define IN_PLACE
import os, sysconfig
from pathlib import Path
packages, programs = (Path(sysconfig.get_path(name)) for name in ("purelib", "scripts"))
(packages / "_trajtui.pth").write_text("".join(os.path.abspath(name) + "\n" for name in ("core", "tui")))
(programs / "trajtui").write_text("""#!/bin/sh
'''exec' "%s" "$$0" "$$@"
' '''
import sys
from trajtui.cli import main
sys.exit(main())
""" % (programs / "python"))
(programs / "trajtui").chmod(0o755)
endef
export IN_PLACE

# What was interrupted has no stamp: it is gone over again, and the environment made anew where it is not whole.
$(STAMP): pyproject.toml constraints.txt
	@echo 'Installing what trajtui needs into $(VENV), once: about a minute.'
	@$(BIN)/python -c 'import sys; $(WHOLE)' 2>/dev/null || { $(MAKE_VENV); }
	@$(BIN)/python -c '$(NEEDED)' >$(VENV)/needed.txt
	@$(INSTALL) -r $(VENV)/needed.txt
	@$(BIN)/python -c "$$IN_PLACE"
	@touch $@

$(DEV_STAMP): $(STAMP)
	@echo 'Installing what the tests need into $(VENV).'
	@$(NEWER_PIP)
	@$(INSTALL) -e . --group dev
	@$(BIN)/python -m compileall -q -q -j 0 $(VENV)/lib || true  # not all that packages bring is Python
	@touch $@

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

# The pictures of docs/, from the program as it is.
pictures: setup
	$(BIN)/python docs/make_pictures.py

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
	$(BIN)/python benchmarks/conversation.py $(addprefix --sdk ,$(TRAJTUI_OPENHANDS_SDK_PYTHON))
	$(BIN)/python benchmarks/stutter.py
	$(BIN)/python benchmarks/live_stream.py
	$(BIN)/python benchmarks/on_screen.py --image $(IMAGE)
	$(BIN)/python benchmarks/comparing.py --strict
	$(BIN)/python benchmarks/linear.py
	$(BIN)/python benchmarks/setup.py

# What an earlier checkout and this one write, compared: make net OLD=DIR
net: setup
	$(if $(OLD),,$(error name the earlier checkout: make net OLD=DIR))
	$(BIN)/python benchmarks/net.py $(OLD)

clean:
	rm -rf $(VENV) .venvs build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
