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
CARGO_FUZZ_VERSION := 0.13.2
FUZZ := target/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz
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

EXTENSION_SOURCES := $(shell find crates/core crates/link crates/memory crates/python -type f 2>/dev/null) \
	Cargo.toml Cargo.lock pyproject.toml

.PHONY: help setup build demo test chaos bench wheel lint clean distclean
.PHONY: sys-build sys-demo sys-test sys-cross sys-bench callgrind hosts ui ui-example qt fmt ruff sdk mypy deny clippy stubtest rust-test slow-way
.PHONY: pytest pictures verify verify-short models tsan asan fuzz stress check-windows check-macos test-windows

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: sys-demo build ## open the demo window; without a display, leave its picture in demo.png
	@tools/demo.sh

test: sys-test fmt ruff sdk mypy deny clippy build stubtest rust-test callgrind verify-short $(CROSS) wheel slow-way pytest ## run every check and every test

verify: models tsan asan fuzz stress ## check the code between threads, and the parsers (docs/verification.md)

verify-short: export FUZZ_SECONDS ?= 5
verify-short: models tsan asan fuzz

chaos: sys-test build qt $(VENV)/.dev ## kill, stop, starve and flood for hours (SCALE=0.1: a tenth; SEED=n: the same again)
	@printf '\n== Chaos\n'
	@CHAOS_SCALE=$(or $(SCALE),1) CHAOS_SEED=$(SEED) $(PY) -m pytest tests/chaos --timeout=14400 $(ARGS)

build: ui $(EXTENSION) ## build the UI process and the Python extension, for use from .venv

wheel: build THIRD_PARTY.md ## build the wheel into target/wheels and check what is in it
	@$(STEP) "Wheel" tools/wheel.sh $(LOCKED)

bench: sys-bench ui $(VENV)/.dev THIRD_PARTY.md ## measure beside a bare wry program and the peers (QUICK=1: minutes; benches/README.md)
	@$(STEP) "Python extension without checks" $(VENV)/bin/maturin develop --release --quiet $(LOCKED) \
		$(if $(shell $(PY) -c 'import sys; print("yes" if sys.version_info >= (3, 11) else "")'),--no-default-features --features buffers)
	@touch -d 1970-01-02 $(EXTENSION) # the next build makes the one with checks again
	@$(STEP) "Bare wry program" cargo build --release $(LOCKED) --package auroraview-floor
	@$(PY) benches/bench.py $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

lint: sys-test fmt ruff mypy deny clippy ## run the checks that run no code of ours

check-windows: sys-cross ## type-check the workspace for Windows
	@$(STEP) "Windows: type check" tools/cross.sh $@ $(LOCKED)

check-macos: sys-cross ## type-check the workspace for macOS
	@$(STEP) "macOS: type check" tools/cross.sh $@ $(LOCKED)

test-windows: sys-cross ## run the tests of core, link and ui for Windows, under wine
	@$(STEP) "Windows: tests under wine" timeout -k 10 900 tools/cross.sh $@ $(LOCKED)

setup: sys-test $(VENV)/.dev $(NODE_MODULES) $(DENY) $(FUZZ) ## install what build and test need; build nothing of ours

clean: ## remove what was built; keep .venv, node_modules and installed tools
	@find target -mindepth 1 -maxdepth 1 ! -name tools ! -name cross -exec rm -rf {} + 2>/dev/null || true
	@rm -rf target/cross/build python/auroraview/_bin $(EXTENSION) THIRD_PARTY.md demo.png

distclean: clean ## remove what was installed as well
	@rm -rf target .venv sdk/node_modules

# --- what must be on the machine -------------------------------------------------------------------------------

sys-build sys-demo sys-test sys-cross sys-bench: sys-%:
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

# Built for a short build, not for speed: they run for a second.
$(DENY) $(FUZZ): target/tools/%: | sys-build
	@CARGO_TARGET_DIR=$(CURDIR)/target/tools/build CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
		CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 $(STEP) "$(@F) (once)" \
		cargo install $(@F) --quiet --locked --version $(patsubst $(@F)-%,%,$(firstword $(subst /, ,$*))) \
		--root target/tools/$(firstword $(subst /, ,$*))
	@rm -rf target/tools/build

# --- build -----------------------------------------------------------------------------------------------------

ui: | sys-build
	@$(STEP) "UI process" tools/build-ui.sh $(LOCKED)

# The one for development checks the order of locks while it runs (docs/LOCK_ORDER.md); a wheel's does not.
$(EXTENSION): $(EXTENSION_SOURCES) $(VENV)/.build | sys-build THIRD_PARTY.md
	@$(STEP) "Python extension" $(VENV)/bin/maturin develop --release --quiet $(LOCKED) --features lock-order
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
	@$(STEP) "Advisories (cargo-deny)" tools/advisories.sh $(DENY)

clippy: $(VENV)/.created | sys-test
	@$(STEP) "Rust lint (clippy)" cargo clippy $(LOCKED) --workspace --features auroraview-ui/headless --all-targets -- -D warnings

stubtest: $(EXTENSION) $(VENV)/.dev
	@$(STEP) "Stubs match the extension (stubtest)" \
		$(PY) -m mypy.stubtest --mypy-config-file pyproject.toml auroraview._core

# auroraview-python is a module that only an interpreter can load; tests/ tests it.
rust-test: | sys-test
	@$(STEP) "Rust tests" cargo test $(LOCKED) --workspace --exclude auroraview-python \
		--features auroraview-link/lock-order

# Counts of instructions do not depend on who else runs here, as times do.
callgrind: | sys-test ## compare how many instructions the hot paths take with what they took
	@$(STEP) "Hot paths" cargo build --release --quiet $(LOCKED) --package auroraview-instructions
	@$(STEP) "Instructions of the hot paths (callgrind)" python3 tools/callgrind.py

models: | sys-build
	@$(STEP) "Models (loom, shuttle)" tools/models.sh $(LOCKED)

tsan: | sys-build
	@$(STEP) "Rust tests under ThreadSanitizer" tools/sanitize.sh thread

asan: | sys-build
	@$(STEP) "Rust tests under AddressSanitizer" tools/sanitize.sh address

fuzz: $(FUZZ)
	@$(STEP) "Fuzzing" tools/fuzz.sh $(FUZZ)

stress: | sys-build ## a million messages of eight threads, with figures
	@STRESS_MESSAGES=1000000 $(STEP) "Stress" \
		cargo test --release --quiet $(LOCKED) --package auroraview-link --test stress -- --nocapture

# Hosts for tests/qt.
qt: $(VENV)/.dev | sys-test
	@$(STEP) "Qt bindings" tools/qt.sh $(PY)

# A UI process with a processor of its own: tests/contract/test_pipeline.py runs it.
ui-example: | sys-test
	@$(STEP) "Example of a UI process" cargo build $(LOCKED) --package auroraview-ui --examples

# The way of the messages where there is no fast lane: the rest of the tests takes the lane on Linux.
SLOW_WAY := calls events scripts bytes page_functions exactly_once
slow-way: build $(VENV)/.dev
	@printf '\n== Python tests without the fast lane\n'
	@AURORAVIEW_LANE=off $(PY) -m pytest $(SLOW_WAY:%=tests/contract/test_%.py)

# Host applications for tests/hosts: Blender, FreeCAD, Krita.
hosts: | sys-test
	@$(STEP) "Host applications" tools/hosts.sh

pictures: build hosts $(VENV)/.dev ## start Blender, FreeCAD and Krita, and renew the pictures in docs/images
	@PICTURES=docs/images $(PY) -m pytest tests/hosts $(ARGS)

# The last step: pytest's closing line is the last line of the run.
pytest: build ui-example qt hosts $(VENV)/.dev
	@printf '\n== Python tests\n'
	@$(PY) -m pytest $(ARGS)
