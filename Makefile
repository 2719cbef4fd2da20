# make demo: install, then a real noisy neighbour, diagnosed.   make test: what CI runs.   make install: .venv/bin/diagnose
PYTHON ?= /usr/bin/python3
# Named after the contents of pyproject.toml: an unchanged one makes "install" free, a changed one reinstalls.
STAMP := .venv/.installed-$(shell cksum < pyproject.toml | tr ' ' '-')

.PHONY: install demo test test-kernels lint wheel accuracy bench reference clean
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP): pyproject.toml
	@.ci/system-packages $(PYTHON)
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -f .venv/.installed-*
	@touch $@

# Exit 1 is a finding, which is what the demo is for; 3 is a replay, where this host refuses to be measured.
demo: install
	@.venv/bin/diagnose demo || { status=$$?; test $$status -eq 1 -o $$status -eq 3; }

lint: install
	.venv/bin/ruff check .
	.venv/bin/mypy

test: lint
	.venv/bin/python -m pytest

# Debian's 6.1 and 6.12 kernels in emulated guests with cgroup v2, into KERNELS.md, as root. .guests/ keeps the kernels.
test-kernels: install
	.ci/guest-packages .guests
	@test -x .venv/bin/vng || .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[guests]'
	.venv/bin/python -m tests.kernels .guests

wheel: install
	.venv/bin/python -m build --wheel --no-isolation

# Simulation and every live scenario three times, into ACCURACY.md: about 35 minutes, as root.
accuracy: install
	.venv/bin/python -m tests.accuracy

# Costs, start-up and speed of the analysis, into BENCHMARKS.md: about 6 minutes, as root; bpftrace and gcc for comparison.
bench: install
	@command -v bpftrace gcc >/dev/null || apt-get install -y -qq --no-install-recommends bpftrace gcc libc6-dev
	.venv/bin/python -m tests.benchmarks

reference: install
	.venv/bin/python -m diagnose.rules.handbook > docs/facts.md

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
