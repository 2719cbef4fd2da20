# make demo: install, then a real noisy neighbour, diagnosed.   make test: what CI runs.   make install: .venv/bin/diagnose
PYTHON ?= /usr/bin/python3
# Named after the contents of what is installed: unchanged, it makes "install" free; changed, it installs again.
STAMP := .venv/.installed-$(shell cat pyproject.toml requirements/*.txt | cksum | tr ' ' '-')

.PHONY: install update demo test test-latest test-oldest test-browser test-kernels lint wheel accuracy bench fuzz soak \
	reference clean
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP):
	@.ci/system-packages $(PYTHON)
	@.ci/python-packages $(PYTHON) .venv requirements/dev.txt
	@rm -f .venv/.installed-*
	@touch $@

# The newest version of every package that pyproject.toml allows, into requirements/, which is what "install" installs.
update: install
	.ci/lock --upgrade

# Exit 1 is a finding, which is what the demo is for; 3 is a replay, where this host refuses to be measured.
demo: install
	@.venv/bin/diagnose demo || { status=$$?; test $$status -eq 1 -o $$status -eq 3; }

lint: install
	.venv/bin/ruff check .
	.venv/bin/mypy

# The live tests measure this host: they run alone, one after the other. The others share its CPUs.
# Hundreds of them start a process, which would compile all sources anew where PYTHONDONTWRITEBYTECODE is set.
test: lint
	@.ci/test-packages
	@.venv/bin/python -m compileall -q -j 0 .venv/lib diagnose
	.venv/bin/python -m pytest -n auto -m 'not kernel'
	.venv/bin/python -m pytest -m kernel

# The pure tests (the live ones hear of no library but the distribution's bcc) with the newest and with the oldest versions
# that pyproject.toml allows, in environments of their own.
test-latest: install
	.ci/other-versions $(PYTHON) .venv-latest highest
	.venv-latest/bin/python -m pytest -n auto -m 'not kernel'

test-oldest: install
	.ci/other-versions $(PYTHON) .venv-oldest lowest-direct
	.venv-oldest/bin/python -m pytest -n auto -m 'not kernel'

# report.html in Chromium (apt), checked by axe-core (pip): 400 MB that nothing else needs.
test-browser: install
	@.ci/browser-packages
	@.ci/python-packages $(PYTHON) .venv requirements/browser.txt
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
		.ci/apt-install "make bench" bpftrace fio gcc libc6-dev
	.venv/bin/python -m tests.benchmarks

# Hostile files of every kind that is read, for so many seconds; prints the bugs it finds, and how to see them again.
FUZZ_SECONDS ?= 600
fuzz: install
	.venv/bin/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

# Tries to break it, SOAK_MINUTES long, and holds each instrument against an independent measure, into BENCHMARKS.md: as root.
SOAK_MINUTES ?= 30
soak: install
	@command -v fio >/dev/null || .ci/apt-install "make soak" fio
	@status=0; .venv/bin/python -m tests.instruments || status=1; \
	.venv/bin/python -m tests.soak --minutes $(SOAK_MINUTES) || status=1; exit $$status

# What is generated from the source and kept in the repository; tests fail while it is not up to date.
reference: install
	.venv/bin/python -m diagnose.report.wording.handbook > docs/facts.md
	.venv/bin/python -m diagnose.cli.reference share
	.venv/bin/python -m diagnose.report.formats.schema > reports/report.schema.json
	.venv/bin/python -m diagnose.rules.json_schema > rules/rule.schema.json
	.venv/bin/python -m tests.golden
	.venv/bin/python -m tests.benchmarks.comparison

clean:
	rm -rf .venv .venv-latest .venv-oldest dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
