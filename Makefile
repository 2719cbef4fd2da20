# make demo: install, then a real noisy neighbour, diagnosed.   make test: what CI runs.   make install: .venv/bin/diagnose
PYTHON ?= /usr/bin/python3
# Named after the contents of pyproject.toml: an unchanged one makes "install" free, a changed one reinstalls.
STAMP := .venv/.installed-$(shell cksum < pyproject.toml | tr ' ' '-')

.PHONY: install demo test lint wheel clean
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP): pyproject.toml
	@.ci/system-packages $(PYTHON)
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -f .venv/.installed-*
	@touch $@

demo: install
	.venv/bin/diagnose demo

lint: install
	.venv/bin/ruff check .
	.venv/bin/mypy

test: lint
	.venv/bin/python -m pytest

wheel: install
	.venv/bin/python -m build --wheel --no-isolation

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
