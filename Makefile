# gfplint: try it (make demo), test it (make test). Everything happens in .venv, which the first of them makes.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# A kernel tree to look at. Empty: the small one that gfplint's own tests use, which has bugs in it on purpose.
KERNEL ?=
# What to check below it. In the small one: the balloon driver with its deadlock, and the same one repaired.
CHECK  ?= $(if $(KERNEL),drivers/virtio,drivers/balloon drivers/balloon_fixed)

.PHONY: demo test lint pages site bench clean venv

# Exit status 1 means that there were findings, which is what a demo is for; 2 means that it went wrong.
demo: $(VENV)/.ready
	@$(BIN)/gfplint --statistics $(addprefix $(or $(KERNEL),testdata/kernel)/,$(CHECK)) || { status=$$?; [ $$status -eq 1 ] || exit $$status; }

test: lint
	$(BIN)/python -m pytest -q

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The man page, the pages of the rules and the tables of options, made from the code. They are checked in.
pages: $(VENV)/.ready-dev
	$(BIN)/python -m tools.pages

# The documentation as a site, in site/.
site: $(VENV)/.ready-dev
	$(BIN)/mkdocs build --strict

bench: $(VENV)/.ready
	$(BIN)/python -m bench

venv: $(VENV)/.ready-dev

$(VENV)/.ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
