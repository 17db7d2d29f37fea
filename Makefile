# The two commands: `make demo` and `make test`. Both set everything up on a machine with Python, git and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check simulate bench format clean lm-eval inspect label-studio engines

demo: .venv/installed
	@rm -rf demo
	@PATH="$(CURDIR)/$(BIN):$$PATH" gate demo
	@echo "(these commands are in $(BIN); to have them here: . $(BIN)/activate)"

test: check lm-eval inspect label-studio engines
	$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow" --durations 40
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	$(BIN)/coverage report --include "gates/decide/*,stages/stats/*,policies/*" --fail-under 100

check: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

simulate: .venv/installed
	$(BIN)/pytest -m slow -s --timeout 0

bench: .venv/installed
	$(BIN)/python -m infra.bench

format: .venv/installed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf .venv .venv-lm-eval .venv-inspect .venv-label-studio demo .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache

# Harnesses that run benchmarks against an endpoint, each in an environment of its own.
lm-eval: .venv-lm-eval/installed

inspect: .venv-inspect/installed

.venv-lm-eval/installed: infra/constraints-lm-eval.txt
	@echo "installing lm-eval into .venv-lm-eval; this takes a minute, once"
	@$(PYTHON) -m venv .venv-lm-eval
	@.venv-lm-eval/bin/pip install --quiet -c $< "lm-eval[api]"
	@touch $@

.venv-inspect/installed: infra/constraints-inspect.txt
	@echo "installing Inspect into .venv-inspect; this takes a minute, once"
	@$(PYTHON) -m venv .venv-inspect
	@.venv-inspect/bin/pip install --quiet -c $< inspect-ai openai
	@touch $@

# What people annotate in, where they do not use the gate's own page.
label-studio: .venv-label-studio/installed

.venv-label-studio/installed: infra/constraints-label-studio.txt
	@echo "installing Label Studio into .venv-label-studio; this takes some minutes, once"
	@$(PYTHON) -m venv .venv-label-studio
	@.venv-label-studio/bin/pip install --quiet -c $< label-studio
	@touch $@

# What A/Bs are read from beside files and PostgreSQL, and what the workshop trains and clusters with.
engines: .venv/engines

.venv/engines: .venv/installed
	@echo "installing Spark, BigQuery's and the workshop's libraries into .venv; this takes a minute, once"
	@$(BIN)/pip install --quiet -c infra/constraints.txt -e ".[spark,bigquery,workshop,bertopic]"
	@touch $@

.venv/installed: pyproject.toml infra/constraints.txt
	@echo "installing into .venv; this takes some minutes, once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet -c infra/constraints.txt -e ".[toxicity,fast-toxicity,scan,ray,postgres,s3,dev]"
	@touch $@
