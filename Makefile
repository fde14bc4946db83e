# Every verb does its own set-up. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help up down reset status test test-long lint audit bench fmt lock

PY := .venv/bin/python
UV := $(PY) -m uv
# One test, file or folder: make test T=tests/registry
T ?= tests
# Two workers of tests for two cores; one test needs no second.
N ?= $(if $(filter tests,$(T)),2,0)

# Tools that only read the code must load the settings all the same; nothing connects to these.
LINT_ENV := WEIR_SECRET_KEY=lint WEIR_DATABASE_URL=postgresql://lint@localhost/lint \
	WEIR_REDIS_URL=redis://localhost DJANGO_SETTINGS_MODULE=config.settings

LOCK := pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	--quiet --custom-compile-command "make lock"

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.synced: requirements-dev.lock config/stack/bootstrap.sh
	@config/stack/bootstrap.sh

up: .venv/.synced ## start everything here and watch it; Ctrl-C stops it
	@exec $(PY) -m config.stack up

down: .venv/.synced ## stop what `make up` started
	@exec $(PY) -m config.stack down

reset: .venv/.synced ## stop it and remove its data
	@exec $(PY) -m config.stack reset

status: .venv/.synced ## what runs, and where its logs are
	@exec $(PY) -m config.stack status

test: .venv/.synced ## all tests but the long ones; T=path for some
	$(PY) -m pytest -n $(N) --dist loadgroup -m "not long" $(T)

test-long: .venv/.synced ## the tests that take minutes; T=path for some
	$(PY) -m pytest -n $(N) --dist loadfile -m long $(T)

lint: .venv/.synced ## everything that can be said of the code without running it
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(LINT_ENV) $(PY) -m mypy
	PYTHONPATH=. $(LINT_ENV) .venv/bin/lint-imports --no-logo
	$(PY) -m djlint --check --lint --quiet templates
	$(LINT_ENV) $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(LINT_ENV) $(PY) -m config.lint

audit: .venv/.synced ## known vulnerabilities of the locked packages
	@$(PY) -m config.lint audit

bench: .venv/.synced ## the tables of docs/benchmarks.md; ARGS=… for its options
	$(PY) -m bench.run $(ARGS)

fmt: .venv/.synced ## format the code, write the generated documents anew
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .
	-$(PY) -m djlint --reformat --quiet templates
	$(LINT_ENV) $(PY) -m config.lint --write

lock: .venv/.synced ## resolve the packages of pyproject.toml anew
	$(UV) $(LOCK) pyproject.toml --extra dev -o requirements-dev.lock
	# What is tested is what runs: the same version of each package in both.
	$(UV) $(LOCK) pyproject.toml -c requirements-dev.lock -o requirements.lock
	$(UV) $(LOCK) config/stack/tools.in -o config/stack/tools.lock
	$(PY) -m config.stack.npm_lock tests/real/clients/node
