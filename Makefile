# parley: set-up, build and checks, on Debian 12. Meson does the building, in build/<variant>.

PREFIX ?= /usr/local
DESTDIR ?=
DATA ?= ./data
BUILD = build/release

help: ## this list
	@echo "make TARGET:"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

run: build ## install what is missing, build, start on http://127.0.0.1:9000 (ARGS="--listen HOST:PORT")
	@exec build/parley serve --data $(DATA) $(ARGS)

run-ssr: build ## the same, the pages rendered by Node on http://127.0.0.1:3000
	@tools/run_ssr.sh --data $(DATA) $(ARGS)

screenshots: build ## docs/screenshots, made with the release binary and Chromium
	@tools/install_packages.sh test
	@cd web && PARLEY_BIN=$(CURDIR)/build/parley npm run --silent screenshots

build: ## the release binary, build/parley (and build/ws-echo, for conformance suites)
	@tools/install_packages.sh build
	@tools/build_web.sh || echo "going on without the web client" >&2
	@tools/build.sh release
	@ln -sfn release/src/cli/parley build/parley
	@ln -sfn release/tests/tools/ws-echo build/ws-echo

test: ## unit, contract, simulation, end to end; under sanitizers; about 25 minutes
	@tools/install_packages.sh build cluster test tools
	@tools/run_tests.py

test-all: ## the same with longer crash runs, all of the cluster's tests, each fuzz target 60 s
	@tools/install_packages.sh build cluster test tools
	@tools/run_tests.py --all

run-cluster: ## three nodes on http://127.0.0.1:9000 to 9002 over the stack, which it starts
	@tools/install_packages.sh cluster
	@$(MAKE) --no-print-directory build
	@tools/stack.sh up postgres redis $(if $(filter direct,$(DELIVERY)),,kafka cassandra)
	@exec env DELIVERY=$(DELIVERY) tools/run_cluster.sh $(ARGS)

test-cluster: ## the cluster engine on the real services: drivers, three nodes, everything killed
	@tools/install_packages.sh build cluster test
	@tools/run_tests.py --cluster

stack-up: ## the real services on loopback: Kafka, Cassandra, Redis, PostgreSQL, Jaeger, Prometheus
	@tools/stack.sh up

stack-down: ## stop them (tools/stack.sh wipe removes their data, too)
	@tools/stack.sh down

stack-status: ## which of them run
	@tools/stack.sh status

lint: ## format, clang-tidy, cppcheck, spelling, shell, layers, generated documents
	@tools/install_packages.sh build cluster test lint
	@tools/run_lint.py

format: ## clang-format over all C
	@tools/install_packages.sh lint
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format-14 -i

bench: build ## measure every case beside what the kernel alone can do (CASES="fanout ack")
	@bench/run.sh $(CASES)

fuzz: ## each fuzz target 60 s (SECONDS_EACH=n, TARGETS="a b")
	@tools/install_packages.sh build test
	@tools/run_fuzz.sh $(or $(SECONDS_EACH),60) $(TARGETS)

install: build ## binary, drivers, man page, systemd unit (DESTDIR, PREFIX)
	install -D -m 755 build/parley $(DESTDIR)$(PREFIX)/bin/parley
	for driver in build/release/src/adapter/*/parley-*.so; do \
		[ ! -e $$driver ] || install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/parley $$driver || exit 1; \
	done
	install -D -m 644 deploy/parley.1 $(DESTDIR)$(PREFIX)/share/man/man1/parley.1
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' deploy/parley.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/parley.service

clean: ## remove build/ (not the data)
	@[ ! -e build/stack/switches ] || tools/stack.sh wipe
	@[ ! -e build/test-stack/switches ] || STACK_DIR=build/test-stack tools/stack.sh wipe
	rm -rf build

.PHONY: help run run-ssr screenshots build test test-all lint format bench fuzz install clean run-cluster test-cluster stack-up stack-down stack-status
