# `make demo` and `make test` are each the whole set-up on a fresh Debian or Ubuntu machine.
# Every target installs or builds what it needs and nothing that is there already.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
STEP := tools/step.sh
CARGO_DENY_VERSION := 0.20.2
DENY := target/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
EXTENSION := python/auroraview/_core.abi3.so
NODE_MODULES := sdk/node_modules/.package-lock.json
LOCKED := $(if $(CI),--locked)
# The parts of `make test` that are about other platforms (docs/platforms.md). `make test CROSS=` leaves them out.
CROSS := check-windows check-macos test-windows

export PATH := $(PATH):$(HOME)/.cargo/bin
export CARGO_TARGET_DIR := $(CURDIR)/target
export VIRTUAL_ENV := $(VENV)
export PYO3_PYTHON := $(PY)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_audit := false
export npm_config_fund := false
export npm_config_update_notifier := false
unexport CONDA_PREFIX

EXTENSION_SOURCES := $(shell find crates/core crates/link crates/python -type f 2>/dev/null) \
	Cargo.toml Cargo.lock pyproject.toml

.PHONY: help setup build demo test bench wheel lint clean distclean
.PHONY: check-windows check-macos test-windows sys-build sys-demo sys-test sys-cross ui fmt ruff sdk mypy deny clippy stubtest rust-test pytest

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: sys-demo build ## open the demo window; without a display, leave its picture in demo.png
	@tools/demo.sh

test: sys-test fmt ruff sdk mypy deny clippy build stubtest rust-test $(CROSS) wheel pytest ## run every check and every test

build: ui $(EXTENSION) ## build the UI process and the Python extension, for use from .venv

wheel: build THIRD_PARTY.md ## build the wheel into target/wheels and check what is in it
	@$(STEP) "Wheel" tools/wheel.sh $(LOCKED)

bench: sys-test build $(VENV)/.dev ## measure beside a bare wry program (ROUNDS=15)
	@$(STEP) "Bare wry program" cargo build --release $(LOCKED) --package auroraview-floor
	@$(PY) benches/measure.py $(ROUNDS)

lint: sys-test fmt ruff mypy deny clippy ## run the checks that run no code of ours

check-windows: sys-cross ## type-check the workspace for Windows
	@$(STEP) "Windows: type check" tools/cross.sh $@ $(LOCKED)

check-macos: sys-cross ## type-check the workspace for macOS
	@$(STEP) "macOS: type check" tools/cross.sh $@ $(LOCKED)

test-windows: sys-cross ## run the tests of core and link for Windows, under wine
	@$(STEP) "Windows: tests under wine" timeout -k 10 900 tools/cross.sh $@ $(LOCKED)

setup: sys-test $(VENV)/.dev $(NODE_MODULES) $(DENY) ## install what build and test need; build nothing of ours

clean: ## remove what was built; keep .venv, node_modules and installed tools
	@find target -mindepth 1 -maxdepth 1 ! -name tools ! -name cross -exec rm -rf {} + 2>/dev/null || true
	@rm -rf target/cross/build python/auroraview/_bin $(EXTENSION) THIRD_PARTY.md demo.png

distclean: clean ## remove what was installed as well
	@rm -rf target .venv sdk/node_modules

# --- what must be on the machine -------------------------------------------------------------------------------

sys-build sys-demo sys-test sys-cross: sys-%:
	@tools/system.sh $*

# A .venv whose interpreter is gone is made anew.
ifneq ($(shell $(PY) -c 'print("works")' 2>/dev/null),works)
.PHONY: $(VENV)/.created
endif
$(VENV)/.created: | sys-build
	@$(STEP) "Python environment" python3 -m venv --clear $(VENV)
	@touch $@

$(VENV)/.build: tools/requirements-build.txt $(VENV)/.created
	@$(STEP) "Python build tools" $(PY) -m pip install -q -r $<
	@touch $@

$(VENV)/.dev: tools/requirements-dev.txt $(VENV)/.build
	@$(STEP) "Python test tools" $(PY) -m pip install -q -r $<
	@touch $@

$(NODE_MODULES): sdk/package.json sdk/package-lock.json | sys-test
	@$(STEP) "npm packages" npm --prefix sdk ci --no-progress
	@touch $@

# Built for a short build, not for speed: it runs for a second.
$(DENY): | sys-build
	@CARGO_TARGET_DIR=$(CURDIR)/target/tools/build CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
		CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 $(STEP) "cargo-deny $(CARGO_DENY_VERSION) (once)" \
		cargo install cargo-deny --quiet --locked --version $(CARGO_DENY_VERSION) \
		--root target/tools/cargo-deny-$(CARGO_DENY_VERSION)
	@rm -rf target/tools/build

# --- build -----------------------------------------------------------------------------------------------------

ui: | sys-build
	@$(STEP) "UI process" tools/build-ui.sh $(LOCKED)

$(EXTENSION): $(EXTENSION_SOURCES) $(VENV)/.build | sys-build THIRD_PARTY.md
	@$(STEP) "Python extension" $(VENV)/bin/maturin develop --release --quiet $(LOCKED)
	@touch $@

THIRD_PARTY.md: Cargo.lock tools/third_party.py | sys-build
	@$(STEP) "Third-party notices" python3 tools/third_party.py $@

# --- checks and tests ------------------------------------------------------------------------------------------

fmt: | sys-test
	@$(STEP) "Rust format" cargo fmt --all --check

ruff: $(VENV)/.dev
	@$(STEP) "Python lint (ruff)" $(VENV)/bin/ruff check

sdk: $(NODE_MODULES)
	@$(STEP) "TypeScript SDK" tools/test-sdk.sh

mypy: $(VENV)/.dev
	@$(STEP) "Python types (mypy)" $(VENV)/bin/mypy

deny: $(DENY)
	@$(STEP) "Dependencies (cargo-deny)" $(DENY) --log-level error check bans licenses sources

clippy: $(VENV)/.created | sys-test
	@$(STEP) "Rust lint (clippy)" cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings

stubtest: $(EXTENSION) $(VENV)/.dev
	@$(STEP) "Stubs match the extension (stubtest)" \
		$(PY) -m mypy.stubtest --mypy-config-file pyproject.toml auroraview._core

# auroraview-python is a module that only an interpreter can load; tests/ tests it.
rust-test: | sys-test
	@$(STEP) "Rust tests" cargo test $(LOCKED) --workspace --exclude auroraview-python

# The last step: pytest's closing line is the last line of the run.
pytest: build $(VENV)/.dev
	@printf '\n== Python tests\n'
	@$(PY) -m pytest $(ARGS)
