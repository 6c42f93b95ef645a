# Tasks. The build itself is meson's: see meson.build.
BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
FUZZ_JOBS ?= 2
FUZZ_SEED ?= 0

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

deps: ## install what building, running and testing need, where it is missing
	@tools/deps build run test

build: ## compile to build/latchkey
	@tools/deps build
	@tools/build $(BUILD)

run: build ## serve on http://127.0.0.1:5390 with the data in ./data
	@tools/deps run
	@BUILD=$(BUILD) tools/run

test: deps ## unit and API tests
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) layers unit api

lint: deps ## formatting and static analysis
	@tools/deps lint
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) layers lint

test-console: deps ## the console and the API Explorer in a real browser
	@tools/deps console-test
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) console

conform: deps ## the engine beside graphql-js, and the server under others' clients and code generators
	@tools/deps conform
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) conform

test-fault: deps ## kill -9, power failures, failing disks and memory, upgrades (LATCHKEY_FAULT=full: at every place)
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) fault

test-load: deps ## crowds and floods beside an honest client; LATCHKEY_LOAD=full for the full size
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) load

memcheck: deps ## ten thousand mixed requests under valgrind
	@tools/deps memcheck
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) memcheck

sanitize: deps ## unit and API tests under the address, undefined and thread sanitizers
	@tools/test --build $(BUILD) sanitize

test-all: deps ## all of these
	@tools/deps lint conform memcheck console-test
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) layers lint unit api console conform fault load memcheck sanitize

coverage: deps ## lines and branches by room that the tests reach; LATCHKEY_COVERAGE_PAGES=FILE.html leaves a page for each file beside it
	@tools/deps coverage
	@tools/test --build $(BUILD) coverage

fuzz: ## fuzz every parser for FUZZ_SECONDS (60), FUZZ_JOBS at a time (2)
	@tools/deps build fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_JOBS=$(FUZZ_JOBS) FUZZ_SEED=$(FUZZ_SEED) tools/fuzz

bench: ## verification beside nginx, keys created a second beside a raw SQLite loop, and time against size for hostile queries
	@tools/deps build bench
	@tools/build $(BUILD)
	@BUILD=$(BUILD) bench/verify
	@BUILD=$(BUILD) bench/create_keys
	@LATCHKEY_BINARY=$(abspath $(BUILD)/latchkey) node bench/hostile.mjs

install: build ## copy the binary, its manual page, completions and systemd unit, and the C library under PREFIX (/usr/local)
	install -D -m 0755 $(BUILD)/latchkey $(DESTDIR)$(PREFIX)/bin/latchkey
	install -D -m 0644 $(BUILD)/latchkey.1 $(DESTDIR)$(PREFIX)/share/man/man1/latchkey.1
	install -D -m 0644 $(BUILD)/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/latchkey
	install -D -m 0644 $(BUILD)/completion.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_latchkey
	install -D -m 0644 $(BUILD)/completion.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/latchkey.fish
	install -D -m 0644 include/latchkey.h $(DESTDIR)$(PREFIX)/include/latchkey.h
	install -D -m 0644 $(BUILD)/src/library/liblatchkey.a $(DESTDIR)$(PREFIX)/lib/liblatchkey.a
	cp -P $(BUILD)/src/library/liblatchkey.so $(BUILD)/src/library/liblatchkey.so.*[0-9] $(DESTDIR)$(PREFIX)/lib/
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	sed -e 's|^prefix=.*|prefix=$(PREFIX)|' -e 's|^libdir=.*|libdir=$${prefix}/lib|' $(BUILD)/meson-private/latchkey.pc \
	    >$(DESTDIR)$(PREFIX)/lib/pkgconfig/latchkey.pc
	@# Programs find the library by the system's list, but for who packs this up, or may not change it.
	@[ -n "$(DESTDIR)" ] || PATH="$$PATH:/usr/sbin:/sbin" ldconfig 2>/dev/null || :
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|' packaging/latchkey.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/latchkey.service

package: ## packages for this Debian, of the server and of the C library, in build/
	@tools/deps package
	@rm -rf $(BUILD)/package
	@$(MAKE) --no-print-directory --silent install BUILD=$(BUILD) PREFIX=/usr DESTDIR=$(BUILD)/package/all
	@tools/package $(BUILD)

clean: ## remove what was built (never ./data)
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-coverage $(BUILD)-fuzz console/dist

.PHONY: help deps build run test test-console lint conform test-fault test-load memcheck sanitize test-all coverage fuzz bench install package clean
