# Start here. On a fresh machine: apt-get install git make python3-venv, then `make demo` or `make check`. Tests run on
# PostgreSQL, too, where apt-get install postgresql has put its programs.
#
#   make demo        the whole service on this machine, sending nothing elsewhere; ONCE=1 runs it once and ends
#   make check       format, lint, layers, types, tests (the tests of the docs among them): run it before every push
#   make check-fast  the same with the tests of core, smtp, message and store alone
#   make check-thorough  make check with what is slow by nature: browser, Postfix, systemd, proxies, kills, faults
#   make check-all   make check on Python 3.11 and 3.13, where both are installed
#   make test        the tests alone; ARGS="-k name" goes to pytest, WORKERS=0 runs one after the other
#   make mutants     change core and smtp at random and see whether their tests notice; ARGS="--number 200 --seed 7"
#   make bench       speed next to other programs, memory, pages, starts; ARGS=--quick for a short run
#   make faults      kills, failing relays, a full disk, clock jumps: what is lost or repeated; ARGS=--quick for a short run
#   make hooks       install the git hook that checks the form of commit messages
#   make format      format code and sort imports
#   make docs        generate config.example.toml and the reference pages of docs from the code
#   make messages    collect the texts that readers see into the catalogues of src/pressrun/locales
#   make lock        pin the requirements again
#   make dist        wheel and sdist of the last commit, into dist
#   make deb         its Debian package, into dist/deb, where Debian's own tools for that are installed
#   make clean       remove everything that was created
#
# PYTHON names the interpreter, by default the newest one that is tested and can make environments, and VENV the folder of
# its environment.

PYTHON ?= $(shell for name in python3.13 python3.12 python3.11; do \
  $$name -c 'import ensurepip, venv' 2>/dev/null && echo $$name && exit; done; echo python3)
VENV ?= .venv
ARGS ?=
TESTS ?=
# One more than there are cores: a worker often waits for a daemon.
WORKERS ?= $(shell expr $$(nproc) + 1)
# Thorough tests wait more: for clocks, locks and the disk, too.
SLOW_WORKERS ?= $(if $(filter 0,$(WORKERS)),0,$(shell expr $$(nproc) \* 2))
ONCE ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PROJECT := pyproject.toml README.md src/pressrun/__init__.py
SOURCES := src tests docs

.PHONY: help demo check check-fast check-thorough check-all check-format check-lint check-layers check-types test \
  test-quick test-slow mutants bench faults hooks format docs messages lock dist deb clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

# An environment is created once, and updated when a file that it was created from changes.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# --no-build-isolation: the build tools are pinned, too. dkimpy, which only tests use, is published as source only.
$(VENV)/.run: requirements/build.txt requirements/run.txt $(PROJECT) | $(BIN)/python
	$(PIP) install --require-hashes --only-binary :all: -r requirements/build.txt -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/build.txt requirements/dev.txt $(PROJECT) | $(BIN)/python
	$(PIP) install --require-hashes --only-binary :all: -r requirements/build.txt
	$(PIP) install --require-hashes --only-binary :all: --no-binary dkimpy --no-build-isolation -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.run
	$(BIN)/pressrun demo $(if $(ONCE),--once) $(ARGS)

# Layers and types are checked while the tests run, and reported after them.
check: check-format check-lint
	@slow=$$(mktemp); $(MAKE) --no-print-directory check-layers check-types >$$slow 2>&1 & \
	$(MAKE) --no-print-directory test; tested=$$?; \
	wait $$!; checked=$$?; cat $$slow; rm -f $$slow; exit $$((tested || checked))

check-fast: export TESTS = tests/core tests/smtp tests/message tests/store
check-fast: check

check-thorough: export PRESSRUN_THOROUGH = 1
check-thorough: check

check-format: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)

check-lint: $(VENV)/.dev
	$(BIN)/ruff check $(SOURCES)

check-layers: $(VENV)/.dev
	$(BIN)/lint-imports --no-logo

check-types: $(VENV)/.dev
	$(BIN)/mypy

check-all:
	@for version in 3.11 3.13; do \
	  if ! command -v python$$version >/dev/null; then echo "python$$version is not installed: left out"; continue; fi; \
	  $(MAKE) check PYTHON=python$$version VENV=.venv-$$version || exit 1; \
	done

# No more than four workers, or eight of thorough tests: many start daemons that want a core of their own. Each begins
# with an equal part and takes from the others when it is through. Files are kept in memory where there is room and a
# program may be started from there: a test waits for the disk longer than it works. Thorough tests use the disk, as
# operators do, after the others; 5 says that none was chosen.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --dist worksteal $(TESTS)
QUICK = memory=/dev/shm; probe=$$(mktemp -p $$memory 2>/dev/null) && cp /bin/true "$$probe" && chmod u+x "$$probe" && \
	  "$$probe" 2>/dev/null && \
	  [ "$$(df --output=avail $$memory | tail -n 1)" -gt 2000000 ] || memory=$$TMPDIR; \
	rm -f "$$probe"; \
	TMPDIR=$$memory $(PYTEST) --numprocesses $(WORKERS) --maxprocesses 4 -m "not thorough" $(ARGS)
SLOW = $(PYTEST) --numprocesses $(SLOW_WORKERS) --maxprocesses 8 -m thorough $(ARGS)
test: $(VENV)/.dev
	@$(QUICK); quick=$$?; \
	[ -n "$$PRESSRUN_THOROUGH" ] || exit $$quick; \
	$(SLOW); slow=$$?; \
	case $$quick$$slow in 00 | 05 | 50) ;; *) exit 1 ;; esac

test-quick: $(VENV)/.dev
	@$(QUICK)

test-slow: export PRESSRUN_THOROUGH = 1
test-slow: $(VENV)/.dev
	@$(SLOW)

mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants $(ARGS)

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench all $(ARGS)

faults: $(VENV)/.dev
	$(BIN)/python -m tests.faults all $(ARGS)

hooks:
	git config core.hooksPath .githooks

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: $(VENV)/.dev
	$(BIN)/python -m docs.generate

messages: $(VENV)/.dev
	$(BIN)/python -m docs.messages $(ARGS)

# Written by the oldest Python, whose list is the longest; newer versions install the same.
COMPILE = .venv-lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
  --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate
lock:
	test -x .venv-lock/bin/pip-compile || python3.11 -m venv .venv-lock
	.venv-lock/bin/python -m pip --quiet install -r requirements/lock.in
	$(COMPILE) --extra css --extra fast --extra dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --extra css --extra fast --extra oidc --constraint requirements/dev.txt --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/postgresql.txt requirements/postgresql.in
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/build.txt requirements/build.in

# From the commit alone, whatever lies beside it; its time is the one in the files.
dist: $(VENV)/.dev
	rm -rf dist/source && mkdir -p dist/source && git archive HEAD | tar -x -C dist/source
	cd dist/source && SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(abspath $(BIN))/hatchling build --directory ..
	rm -r dist/source

# By Debian's Python, even where another one comes first.
deb:
	rm -rf dist/deb && mkdir -p dist/deb/source && git archive HEAD | tar -x -C dist/deb/source
	cd dist/deb/source && PATH=/usr/sbin:/usr/bin:/sbin:/bin dpkg-buildpackage --no-sign
	rm -r dist/deb/source

clean:
	rm -rf .venv .venv-3.11 .venv-3.13 .venv-lock .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
	find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
