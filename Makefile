# `make help` says what there is. Needed: Python 3.11 or newer, and make. uv is used where it is.

SHELL := /bin/sh
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
# Without PORT= the site's own SITE_URL stands; with it, links must lead to where it listens.
ifneq ($(origin PORT),file)
AT := SITE_URL=http://localhost:$(PORT)
endif
# Whatever index this machine is set up to use: neither the files nor these lines name one.
define install
	@{ command -v uv >/dev/null 2>&1 && VIRTUAL_ENV=$(VENV) uv pip install --quiet --compile-bytecode --require-hashes $(1); } \
		|| $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes $(1)
	@touch $@
endef

.PHONY: help run test check bench bench-large format lock clean
.DEFAULT_GOAL := help

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Containers often forbid Python to keep what it compiled: every start would compile all anew.
run: $(VENV)/installed .env ## Start the site and its worker on http://localhost:8000 (PORT= to change)
	@PYTHONDONTWRITEBYTECODE= $(AT) exec $(PY) manage.py serve --migrate --reload --workers 1 --threads 8

test: $(VENV)/installed-dev ## Run all tests; in Chromium too where one is found (REQUIRE_BROWSER=1: or fail)
	@$(PY) -m pytest --numprocesses logical --maxprocesses 8 --quiet $(PYTEST)

check: $(VENV)/installed-dev ## Format, lint, types, layers, migrations, papers, production settings
	@$(PY) -m tests.check

bench: $(VENV)/installed-dev ## Measure speed and size against real servers
	@$(PY) -m tests.bench

bench-large: $(VENV)/installed-dev ## Measure a trail of ten million entries on PostgreSQL (POSTGRES= to change)
	@$(PY) -m tests.bench --large 10000000

format: $(VENV)/installed-dev ## Put the code into the one format
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lock: $(VENV)/installed-dev ## Compile requirements*.txt from requirements*.in (UPGRADE=--upgrade for newer ones)
	@for name in requirements requirements-dev; do \
		env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL PIP_CONFIG_FILE=/dev/null \
		$(VENV)/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --custom-compile-command "make lock" $(UPGRADE) \
		$$name.in --output-file $$name.txt; \
	done

clean: ## Remove the virtual environment and caches; keeps .env and var/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.env: | $(PY)
	@$(PY) authsite/bootstrap.py

$(PY):
	@for python in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11 python; do \
		[ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
			2>/dev/null && break; \
	done || { echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1; }; \
	echo "Making $(VENV) with $$($$python --version)" >&2; \
	"$$python" -m venv $(VENV) || uv venv --quiet --allow-existing --python "$$python" $(VENV)

$(VENV)/installed: $(PY) requirements.txt
	@echo "Installing what the site runs on" >&2
	$(call install,-r requirements.txt)

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing what tests and checks need" >&2
	$(call install,-r requirements.txt -r requirements-dev.txt)
