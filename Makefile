# Tasks. The build itself is meson's: see meson.build.
BUILD ?= build
PREFIX ?= /usr/local

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

deps: ## install what building, running and testing need, where it is missing
	@tools/deps build test

build: ## compile to build/latchkey
	@tools/deps build
	@tools/build $(BUILD)

run: build ## serve on http://127.0.0.1:5390 with the data in ./data
	@BUILD=$(BUILD) tools/run

test: deps ## unit and API tests
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) layers unit api

test-all: deps ## all of that and lint, sanitizers, kill -9 rounds, valgrind
	@tools/deps lint memcheck
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) layers lint unit api fault memcheck sanitize

lint: deps ## formatting and static analysis
	@tools/deps lint
	@tools/build $(BUILD)
	@tools/test --build $(BUILD) layers lint

sanitize: deps ## unit and API tests under the address, undefined and thread sanitizers
	@tools/test --build $(BUILD) sanitize

fuzz: ## fuzz every parser for FUZZ_SECONDS each (60)
	@tools/deps build fuzz
	@tools/fuzz

bench: ## keys a second against a raw SQLite loop, in the same run
	@tools/deps build bench
	@BUILD=$(BUILD)-release tools/bench

install: build ## copy the binary under PREFIX (/usr/local)
	install -D -m 0755 $(BUILD)/latchkey $(DESTDIR)$(PREFIX)/bin/latchkey

clean: ## remove what was built (never ./data)
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz $(BUILD)-release

.PHONY: help deps build run test test-all lint sanitize fuzz bench install clean
