# `make demo` traces one packet, `make test` runs every test. Both first set up what they need in
# $IPFT_CACHE (default: .cache, ignored by git). BPF objects are built next to their sources.
export IPFT_CACHE ?= $(CURDIR)/.cache
export NO_COLOR ?= 1

DENO_VERSION := 2.9.6
DENO_NPM := $(IPFT_CACHE)/deno/node_modules/@deno/linux-x64-glibc/deno
DENO := $(shell deno --version 2>/dev/null | grep -q '^deno 2\.9\.' && command -v deno || echo $(DENO_NPM))
export DENO_NO_UPDATE_CHECK := 1

CLANG ?= clang
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Wno-unused-parameter -Werror \
	-D__TARGET_ARCH_x86 -I/usr/include/$(shell uname -m)-linux-gnu
# Each folder of lib/sections has a header of its name, for the SECTIONS(X) of lib/bpf/record.h.
SECTION_HEADERS := $(wildcard lib/sections/*/*.h)
SECTION_FLAGS := $(addprefix -include ,$(SECTION_HEADERS)) \
	-D'SECTIONS(X)=$(foreach header,$(SECTION_HEADERS),X($(basename $(notdir $(header)))))'
BPF_HEADERS := $(wildcard lib/bpf/*.h lib/bpf/probes/*.h) $(SECTION_HEADERS)
TRACER := lib/bpf/tracer.bpf.o lib/bpf/tracer_extension.bpf.o
RING_FILLER := tests/support/ring_filler.bpf.o
EXPRESSION_RUNNER := tests/support/expression_runner.bpf.o
XDP_PASS := tests/support/xdp_pass.bpf.o
VERDICTS := tests/support/verdicts.bpf.o
# Users' modules are compiled as the manual says; where Debian has <asm/types.h> is in the environment.
COMPILE_MODULE := C_INCLUDE_PATH=/usr/include/$(shell uname -m)-linux-gnu $(CLANG) -target bpf -O3 -c -g
LUA_EXAMPLES := $(patsubst %.c,%.o,$(wildcard examples/lua/*/*.bpf.c))
MODULES := $(LUA_EXAMPLES) $(patsubst %.c,%.o,$(wildcard tests/scripts/*.bpf.c))
# Extensions as ipft compiles them itself, and those of the tests also with another compiler.
EXTENSION_FLAGS := -target bpf -O2 -g -c -Wall -Wextra -Wno-unused-parameter -Werror \
	-idirafter lib/extension/templates -idirafter /usr/include/$(shell uname -m)-linux-gnu
IPFT_H := lib/extension/templates/ipft.h
BPF_EXAMPLES := $(patsubst %.c,%.o,$(wildcard examples/bpf/*/*.bpf.c))
EXTENSIONS := $(BPF_EXAMPLES) lib/extension/templates/extension.bpf.o \
	$(patsubst %.c,%.o,$(wildcard tests/extensions/*.bpf.c))
NEWEST_EXTENSIONS := $(patsubst %.bpf.c,%.newest.bpf.o,$(wildcard tests/extensions/*.bpf.c))
OBJECTS := $(TRACER) $(RING_FILLER) $(EXPRESSION_RUNNER) $(XDP_PASS) $(VERDICTS) $(MODULES) $(EXTENSIONS)
# libbpf and its dependencies, which ipft ships.
NATIVE := $(addprefix lib/ffi/native/,libz.so.1 libelf.so.1 libbpf.so.1)
# The compiler of expressions, which ipft ships, too.
LIBPCAP := lib/ffi/native/libpcap.so.1

PREFIX ?= /usr/local
SHARE := $(DESTDIR)$(PREFIX)/share
# What --gen can print, and where $(SHARE) has it for man and the shells.
GENERATED := man-page:man/man1/ipft.1 completion-bash:bash-completion/completions/ipft \
	completion-zsh:zsh/site-functions/_ipft completion-fish:fish/vendor_completions.d/ipft.fish

.PHONY: help demo test bench bench-quick bench-compare bpf examples ipft install uninstall setup packages newest-clang clean

help:
	@echo "make demo      trace one ping and print its journey"
	@echo "make test      format, lint, type check, unit tests, end-to-end tests on four kernels"
	@echo "make bench     run the benchmarks, here and against pwru and bpftrace in a VM (half an hour)"
	@echo "make bench-quick  run those in the VM, in a minute or two"
	@echo "make bench-compare  the same, and fail if a ratio has changed much"
	@echo "make ipft      build ./ipft: one executable file that needs nothing installed"
	@echo "make install   install ./ipft, its manual and completions in PREFIX (/usr/local)"
	@echo "make bpf       build the BPF objects, for: sudo deno run -A main.ts"
	@echo "make examples  build the C parts of examples/lua and examples/bpf"
	@echo "make clean     remove what was built, but not the cache"

demo: setup
	@tests/demo.sh $(DENO)

test: setup ipft $(NEWEST_EXTENSIONS)
	@tests/packages.sh zsh fish
	@tests/vm/setup.sh
	@$(DENO) run -A tests/run.ts

ipft: setup
	@package/build.sh $(DENO)

# Does not build ./ipft again, as root, when a user has built it.
install: $(if $(wildcard ipft),,ipft)
	install -D -m 755 ipft "$(DESTDIR)$(PREFIX)/bin/ipft"
	install -D -m 644 -t "$(SHARE)/doc/ipft" docs/*
	@set -e; for generated in $(GENERATED); do \
		file="$(SHARE)/$${generated#*:}"; \
		echo "./ipft --gen $${generated%%:*} >$$file"; \
		install -D -m 644 /dev/null "$$file"; \
		./ipft --gen "$${generated%%:*}" >"$$file"; \
	done

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/ipft" $(foreach generated,$(GENERATED),"$(SHARE)/$(lastword $(subst :, ,$(generated)))")
	rm -rf "$(SHARE)/doc/ipft"

bench: setup ipft
	@tests/vm/setup.sh 6.12
	@$(DENO) run -A tests/bench/main.ts

bench-quick bench-compare: setup ipft
	@tests/vm/setup.sh 6.12
	@$(DENO) run -A tests/bench/main.ts --quick $(if $(filter bench-compare,$@),--compare)

bpf: $(OBJECTS) $(NATIVE) $(LIBPCAP)

examples: $(LUA_EXAMPLES) $(BPF_EXAMPLES)

setup: $(DENO) node_modules/.installed bpf

packages:
	@tests/packages.sh clang libbpf-dev libbpf1

$(TRACER): lib/bpf/tracer.bpf.c $(BPF_HEADERS) | packages
	$(CLANG) $(BPF_CFLAGS) $(SECTION_FLAGS) $(if $(findstring extension,$@),-DEXTENSION) -c $< -o $@

$(RING_FILLER) $(EXPRESSION_RUNNER) $(XDP_PASS) $(VERDICTS): %.bpf.o: %.bpf.c $(BPF_HEADERS) | packages
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(MODULES): %.bpf.o: %.bpf.c | packages
	$(COMPILE_MODULE) $< -o $@

$(EXTENSIONS): %.bpf.o: %.bpf.c $(IPFT_H) | packages
	$(CLANG) $(EXTENSION_FLAGS) $< -o $@

$(NEWEST_EXTENSIONS): %.newest.bpf.o: %.bpf.c $(IPFT_H) | newest-clang
	$$(tests/newest_clang.sh) $(EXTENSION_FLAGS) $< -o $@

$(NATIVE): lib/ffi/native/%: | packages
	install -D -m 644 /usr/lib/$(shell uname -m)-linux-gnu/$* $@

$(LIBPCAP): $(wildcard package/libpcap/*) | packages
	@CLANG=$(CLANG) package/libpcap/build.sh $(@D)

newest-clang: packages
	@tests/packages.sh $$(tests/newest_clang.sh)

$(DENO_NPM):
	@echo "installing Deno $(DENO_VERSION) from the npm registry"
	@npm install --silent --no-fund --no-audit --prefix $(IPFT_CACHE)/deno deno@$(DENO_VERSION)
	@touch $@

node_modules/.installed: deno.json deno.lock | $(DENO)
	@$(DENO) install --quiet --frozen
	@touch $@

clean:
	rm -f $(OBJECTS) $(NEWEST_EXTENSIONS)
	rm -rf node_modules lib/ffi/native ipft
