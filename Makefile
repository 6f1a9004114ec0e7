# Two commands set Masquerade up: `make app` and `make test`. `make help` lists the rest.
# VENV=/elsewhere and PYTHON=python3.12 choose another environment and interpreter.

SHELL := /bin/bash
VENV ?= .venv
SETUP := packaging/setup.sh
PINS := pyproject.toml packaging/constraints.txt packaging/setup.sh
PYTEST ?= -n 2 --dist loadfile
CODE := explorer training exported_models tests benchmarks docs

export PYTHON

.DEFAULT_GOAL := help
.PHONY: help app test check format bundle bench bench-peers docs clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

app: $(VENV)/.app ## open the studio; without a display, make an exhibition under out/gallery
	@$(SETUP) app $(VENV)

test: $(VENV)/.test ## run every test, the window's and TensorFlow's included
	@$(SETUP) pytest $(VENV) $(PYTEST)

# packaging/ is typed on its own: beside the others it would hide PyPI's `packaging`.
check: $(VENV)/.test ## formatting, lint, types and the arrows between the rooms
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy $(wildcard $(CODE))
	$(VENV)/bin/mypy $(wildcard packaging/*.py)
	$(VENV)/bin/lint-imports

format: $(VENV)/.test ## put the sources into the form that check asks for
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bundle: $(VENV)-bundle/.bundle ## freeze the app into dist/Masquerade and try it there
	$(VENV)-bundle/bin/python packaging/freeze.py

bench: $(VENV)/.test ## measure against the budgets, and against the peers where they are installed
	$(VENV)/bin/python -m benchmarks $(BENCH)

bench-peers: $(VENV)-peer/.ready ## PyTorch and Real-ESRGAN, in an environment of their own

$(VENV)-peer/.ready: benchmarks/peers/install.sh $(VENV)/.test
	benchmarks/peers/install.sh $(VENV)-peer $(VENV)/bin/python

docs: $(VENV)/.test ## write the commands' manual from their own help
	$(VENV)/bin/python docs/make_manual.py

clean: ## remove what was built; the environments stay
	rm -rf build dist out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

$(VENV)/.app: $(PINS)
	@$(SETUP) environment $(VENV) app
	@touch $@

$(VENV)/.test: $(PINS)
	@$(SETUP) environment $(VENV) app,train,data,faces,film,dev
	@touch $@ $(VENV)/.app

$(VENV)-bundle/.bundle: $(PINS)
	@$(SETUP) environment $(VENV)-bundle app,bundle
	@touch $@
