# Everything that is done with the project. Each target sets up .venv by itself, incrementally.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# What is compiled is kept: the tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test bench soak death audit reliability lint compiled format setup requirements messages diagram browser

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## Set up .venv from the pinned requirements

# What the bot and the sandbox need; the tools of development come on top with $(STAMP).
$(RUNTIME): requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Sunset needs Python 3.11 or later; set PYTHON=/path/to/it"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PIP) --require-hashes -r requirements.txt
	@touch $@

$(STAMP): $(RUNTIME) requirements-dev.txt pyproject.toml
	@$(PIP) --require-hashes -r requirements-dev.txt
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

demo: $(RUNTIME) ## Start the sandbox and the bot; prints the page's address
	@$(BIN)/python -m bot.cli demo $(ARGS)

test: $(STAMP) browser ## Run every check and test
	@$(MAKE) --no-print-directory -j2 lint compiled
	@$(BIN)/python -m pytest -n 6 --dist loadgroup $(ARGS)

bench: $(STAMP) ## Run the benchmarks
	@$(BIN)/python -m bench all $(ARGS)

soak: $(STAMP) ## Let anybody do anything for half an hour (ARGS="--minutes 5")
	@$(BIN)/python -m tests.machine $(ARGS)

death: $(STAMP) ## Kill the bot everywhere, in every walk (ARGS="keep ends")
	@$(BIN)/python -m tests.death $(ARGS)

audit: ## Ask whether anything that is needed has known vulnerabilities (asks the Internet)
	@PYTHON=$(PYTHON) tools/audit-dependencies

reliability: $(STAMP) ## Attack every promise; writes the table of docs/reliability.md
	@$(BIN)/python tools/update-reliability -n 4 $(ARGS)

lint: $(STAMP) ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Every worker of the tests would else compile all of them by itself.
compiled: $(STAMP)
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null || $(BIN)/python -m pytest --collect-only

format: $(STAMP) ## Put the code into the house's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

browser: ## Install a Chromium if none is found (Debian, Ubuntu)
	@tools/ensure-browser

requirements: $(STAMP) ## Pin the requirements anew
	@tools/pin-requirements

messages: $(STAMP) ## Bring the translation catalogues up to date with the code
	@tools/update-messages

diagram: $(STAMP) ## Write the state diagram into docs/architecture.md
	@$(BIN)/python tools/update-diagram
