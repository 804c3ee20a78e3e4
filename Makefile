# Everything sets itself up: nothing but Python 3.11 (or 3.10 to 3.13), git and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: ci test fuzz bench clean

ci: $(VENV)/.ready
	$(BIN)/noxline ci

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto

# Random edits and runs, held against runs without a cache; STEPS and SEED may be given.
STEPS ?= 10000
fuzz: $(VENV)/.ready
	NOXLINE_FUZZ_STEPS=$(STEPS) NOXLINE_FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q -s \
		tests/reuse/test_never_wrong.py tests/warm/test_never_wrong.py

bench: $(VENV)/.ready
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/cold.py
	$(BIN)/python benchmarks/audit.py
	$(BIN)/python benchmarks/reuse.py

clean:
	rm -rf $(VENV) .noxline

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --editable . --group dev
	touch $@
