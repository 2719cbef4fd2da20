# make demo: install, then a real noisy neighbour, diagnosed.   make test: what CI runs.   make install: .venv/bin/diagnose
PYTHON ?= /usr/bin/python3
# Named after the contents of pyproject.toml: an unchanged one makes "install" free, a changed one reinstalls.
STAMP := .venv/.installed-$(shell cksum < pyproject.toml | tr ' ' '-')

.PHONY: install demo test test-browser test-kernels lint wheel accuracy bench fuzz soak reference clean
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
	@.ci/test-packages
	.venv/bin/python -m pytest

# report.html in Chromium (apt), checked by axe-core (pip): 400 MB that nothing else needs.
test-browser: install
	.ci/browser-packages
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,browser]'
	DIAGNOSE_REQUIRE_BROWSER=1 .venv/bin/python -m pytest tests/browser

# Debian's 6.1 and 6.12 kernels in emulated guests with cgroup v2, and one with systemd as init, into KERNELS.md, as root.
# .guests/ keeps the kernels and the guests' root file system.
test-kernels: install
	.ci/guest-packages .guests
	.venv/bin/python -m tests.kernels .guests

wheel: install
	.venv/bin/python -m build --wheel --no-isolation

# Simulation, every live scenario three times, the limits tried, here and in guests with cgroup v1 and v2, and twice without
# BPF, into ACCURACY.md: over an hour, as root. The guests are those of .ci/guest-packages .guests.
accuracy: install
	.ci/guest-packages .guests
	.venv/bin/python -m tests.accuracy

# Costs, start-up and speed of the analysis, into BENCHMARKS.md: about 10 minutes, as root; bpftrace for comparison, fio and
# gcc for what is watched.
bench: install
	@{ command -v bpftrace && command -v fio && command -v gcc; } >/dev/null || \
		apt-get install -y -qq --no-install-recommends bpftrace fio gcc libc6-dev
	.venv/bin/python -m tests.benchmarks

# Hostile files of every kind that is read, for so many seconds; prints the bugs it finds, and how to see them again.
FUZZ_SECONDS ?= 600
fuzz: install
	.venv/bin/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

# Tries to break it, SOAK_MINUTES long, and holds each instrument against an independent measure, into BENCHMARKS.md: as root.
SOAK_MINUTES ?= 30
soak: install
	@command -v fio >/dev/null || apt-get install -y -qq --no-install-recommends fio
	@status=0; .venv/bin/python -m tests.instruments || status=1; \
	.venv/bin/python -m tests.soak --minutes $(SOAK_MINUTES) || status=1; exit $$status

# What is generated from the source and kept in the repository; tests fail while it is not up to date.
reference: install
	.venv/bin/python -m diagnose.rules.handbook > docs/facts.md
	.venv/bin/python -m diagnose.cli.reference share
	.venv/bin/python -m diagnose.report.formats.schema > reports/report.schema.json
	.venv/bin/python -m diagnose.rules.json_schema > rules/rule.schema.json
	.venv/bin/python -m tests.golden
	.venv/bin/python -m tests.benchmarks.comparison

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
