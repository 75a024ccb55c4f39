# The doorway. Every target does its own set-up; nothing but Python >= 3.11 and make is needed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test everyday check format bench pictures torture lock clean

help:  ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: .venv/ready  ## make .venv with everything, from the hashed lock file

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Hometrial needs Python 3.11 or newer; PYTHON=/path/to/python3.11 make ... chooses another.")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch .venv/ready

demo: setup  ## a seeded trial on this machine: database, import, gate, staff page in the browser
	$(BIN)/hometrial demo

test: setup  ## the whole suite
	$(BIN)/python -m pytest --numprocesses logical --dist worksteal

everyday: setup  ## the suite without its long tests, for while one works
	$(BIN)/python -m pytest --numprocesses logical --dist worksteal -m "not long"

check: setup  ## lint, types, imports, dead dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry platform ingest validation migrations

format: setup  ## sort imports and format
	$(BIN)/ruff check --fix-only --select I .
	$(BIN)/ruff format .

bench: setup  ## speed and memory figures
	$(BIN)/python tests/bench/run.py
	$(BIN)/python tests/bench/syncing.py
	$(BIN)/python tests/bench/staff_timeline.py
	$(BIN)/python tests/bench/staff_load.py
	$(BIN)/python tests/bench/streaming.py
	$(BIN)/python tests/bench/data_sets.py
	$(BIN)/python tests/bench/formats.py

pictures: setup  ## the pictures of docs/, from the demo's study
	HOMETRIAL_HOME=.demo-of-pictures $(BIN)/hometrial demo --set-up-only
	$(BIN)/python tests/staff/pictures.py .demo-of-pictures

torture: setup  ## long crash and fault runs
	$(BIN)/python tests/torture/run.py
	$(BIN)/python tests/torture/mutants.py

lock: setup  ## renew requirements.lock from pyproject.toml (needs pip-tools)
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-header --allow-unsafe --strip-extras --extra dev --output-file requirements.lock pyproject.toml

clean:  ## remove what make made
	rm -rf .venv .demo .demo-of-pictures build dist
