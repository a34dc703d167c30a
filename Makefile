# run: the daemon on the shipped config.toml.   test: all quick tests.   check: lint and types.
# bench: the figures of the README.             proof: the long tests, with a table at the end.
# Each of them sets up what it needs: a virtual environment in .venv and, as root, packages.

PYTHON := $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
            $(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
                    2> /dev/null && echo $(name))) python3)
SYSTEM := dovecot-imapd postfix postgresql chromium chromium-driver openssl strace faketime swaks groff
AXE := 4.14.1
SOURCE := maild tests bench

.PHONY: run test check bench proof system

run: .venv/ready
	@cat docs/first-mail.txt
	@exec .venv/bin/maild -c config.toml run

test: .venv/ready system
	.venv/bin/pytest -n 3 --dist worksteal -q -m "not proof"

check: .venv/ready
	.venv/bin/ruff check $(SOURCE)
	.venv/bin/ruff format --check $(SOURCE)
	.venv/bin/mypy

bench: .venv/ready
	.venv/bin/python -m bench
	.venv/bin/python -m bench.sla
	.venv/bin/python -m bench.reports
	.venv/bin/python -m bench.pages
	.venv/bin/python -m bench.price
	.venv/bin/python -m bench.peers --installed

proof: .venv/ready system .venv/axe-$(AXE)
	.venv/bin/pytest -n 2 --dist worksteal -q -p tests.proof_table -m proof

system:
	@.ci/packages $(SYSTEM)

# What looks at the pages' accessibility; without npm its tests are skipped.
.venv/axe-$(AXE): .venv/ready
	@command -v npm > /dev/null || .ci/packages npm
	@command -v npm > /dev/null || exit 0; \
	   npm install --silent --no-save --no-audit --no-fund --ignore-scripts \
	       --prefix .venv/axe axe-core@$(AXE) && touch $@

# The environment: what requirements.txt names, by hash, then this checkout itself.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") \
	   if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || .ci/packages python3-venv
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -q --disable-pip-version-check \
	   --require-hashes -r requirements.txt
	.venv/bin/python -m pip install -q --disable-pip-version-check \
	   --no-build-isolation --no-deps -e .
	@touch $@
