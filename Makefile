# Two commands matter: `make demo` and `make test`. Both make .venv first; a second call finds it
# ready and installs nothing.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PINS := pyproject.toml runtime/pyproject.toml constraints.txt
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test test-fast lint format bench results clean

help:
	@echo "make demo    render synthetic people, train, convert, verify, evaluate; ends with a table"
	@echo "make test    run the whole test suite"
	@echo "make lint    ruff, import-linter, mypy"
	@echo "make bench   training-speed benchmark (several minutes)"
	@echo "make results write docs/results.md from what the runs left"
	@echo "make clean   remove .venv and what the demo wrote"

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || \
	  { echo "Python 3.11 or 3.12 is needed; found '$(PYTHON)'. Set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "== making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made $(PINS)
	@echo "== installing pinned dependencies (about 2.5 GB on disk, TensorFlow is most of it)"
	@$(INSTALL) -e "./runtime[images,onnx]" -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "== installing the test extras"
	@$(INSTALL) -e "./runtime[images,onnx]" -e ".[test]"
	@touch $@

demo: $(VENV)/.installed
	@echo "== bireid-deploy demo --out demo"
	@$(BIN)/bireid-deploy demo --out demo

test: $(VENV)/.installed-test
	@echo "== pytest"
	@$(BIN)/pytest

test-fast: $(VENV)/.installed-test
	@echo "== pytest, without the slow tests"
	@$(BIN)/pytest -m "not slow"

lint: $(VENV)/.installed-test
	@echo "== ruff check"
	@$(BIN)/ruff check .
	@echo "== ruff format --check"
	@$(BIN)/ruff format --check .
	@echo "== import-linter"
	@$(BIN)/lint-imports
	@echo "== mypy"
	@$(BIN)/mypy

format: $(VENV)/.installed-test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.installed
	@$(BIN)/python benchmarks/training_speed.py

results: $(VENV)/.installed
	@$(BIN)/python benchmarks/results_page.py

clean:
	rm -rf $(VENV) demo
