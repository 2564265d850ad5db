# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the bash loadable builtin armhf_binfmt_prepare, tests it and installs it.
# CC, CFLAGS, CPPFLAGS, LDFLAGS, DESTDIR, PREFIX and CROSS_COMPILE mean what they usually do;
# BUILD is the folder to build in, WERROR=1 makes warnings errors.

VERSION := 0.1.0
NAME := armhf_binfmt_prepare
# When this version was released: CHANGELOG begins with it, or nothing can be packaged.
RELEASED = $(or $(shell sed -n '1s/^$(VERSION) (\([0-9-]*\))$$/\1/p' CHANGELOG),$(error \
	the first line of CHANGELOG is not "$(VERSION) (YYYY-MM-DD)"))

# gcc is what make calls cc here, and what a cross compiler is called.
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CROSS_COMPILE)gcc
endif
AR := $(CROSS_COMPILE)ar
PKG_CONFIG ?= pkg-config
INSTALL ?= install
PREFIX ?= /usr/local

# One folder for each target, so that the arm64 object stands beside the machine's own.
BUILD ?= build$(addprefix /,$(CROSS_COMPILE:-=))
OBJECT := $(BUILD)/$(NAME).so

# What a person may replace ...
CPPFLAGS ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CFLAGS ?= -O2 -g -fstack-protector-strong

# ... and what the code relies on. All symbols are hidden but the one that bash looks up, or
# bash's functions would replace ours of the same name. "now" makes a missing symbol fail in
# enable -f, where the caller can fall back, and not kill the shell at the call. The folder that it
# is built in does not show in the object.
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wold-style-definition -Wformat=2 -Wundef -Wpointer-arith -Wvla \
	-Wimplicit-fallthrough -Wnull-dereference $(if $(filter 1,$(WERROR)),-Werror)
MODE := -std=gnu11 -D_GNU_SOURCE= -fPIC -fvisibility=hidden -ffile-prefix-map='$(CURDIR)'=.
LINK := -shared -Wl,-z,relro,-z,now,-z,noexecstack

# bash's headers are for the one file that talks to bash: the compiler keeps that wall.
GLUE := $(BUILD)/$(NAME).o
BASH_HEADERS = $(or $(shell $(PKG_CONFIG) --variable=headersdir bash),$(error \
	the headers of bash are missing: apt-get install bash-builtins pkgconf))
BASH_CPPFLAGS = -DHAVE_CONFIG_H -DSHELL -DARMHF_BINFMT_VERSION='"$(VERSION)"' -DARMHF_BINFMT_OBJECT='"$(INSTALLED)"' \
	$(addprefix -isystem $(BASH_HEADERS),/. /builtins /include)
LOADABLES = $(or $(shell $(PKG_CONFIG) --define-variable=prefix=$(PREFIX) --variable=loadablesdir \
	bash),$(PREFIX)/lib/bash)
# help and the manual say how it is loaded from there.
INSTALLED = $(LOADABLES)/$(NAME).so

OBJECTS := $(patsubst builtin/%.c,$(BUILD)/%.o,$(sort $(wildcard builtin/*.c)))
# Everything that can be linked without bash; a test program takes from it what it uses.
LIBRARY := $(BUILD)/lib$(NAME).a
PROGRAMS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*.c))
COMPILE = $(CC) $(MODE) $(WARNINGS) -Iinclude $(CPPFLAGS) $(CFLAGS)

.PHONY: all
all: $(OBJECT)

$(OBJECT): $(OBJECTS)
	$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^

$(GLUE): private COMPILE += $(BASH_CPPFLAGS)
$(BUILD)/%.o: builtin/%.c $(BUILD)/flags
	$(COMPILE) -MMD -MP -c -o $@ $<

$(LIBRARY): $(filter-out $(GLUE),$(OBJECTS))
	rm -f $@
	$(AR) rcs $@ $^

.PHONY: programs
programs: $(PROGRAMS)

$(BUILD)/tests/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP $(LDFLAGS) -o $@ $< $(LIBRARY)

# Holds what the objects are built with and changes only with it, so that they follow.
FLAGS_TEXT = $(VERSION) $(INSTALLED) $(COMPILE) $(LINK) $(LDFLAGS)
ifneq ($(file <$(BUILD)/flags),$(FLAGS_TEXT))
.PHONY: $(BUILD)/flags
endif
$(BUILD)/flags:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' > $@

-include $(OBJECTS:.o=.d) $(PROGRAMS:=.d)

# TESTS="tests/10-load.bats" picks files, FILTER=regex picks tests by their names.
TESTS ?= tests
.PHONY: check
check: $(OBJECT) $(PROGRAMS)
	BUILD='$(abspath $(BUILD))' bats $(if $(FILTER),--filter '$(FILTER)') $(BATSFLAGS) $(TESTS)

# libFuzzer is a part of clang. FUZZERS=build/fuzz/entry picks one; each runs for TIME seconds.
FUZZ_CC ?= clang
FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
PURE := $(patsubst %,builtin/%.c,entry descriptor plan fault)
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
TIME ?= 60
.PHONY: fuzz
fuzz: $(FUZZERS)
	TIME='$(TIME)' tests/fuzz/run $(FUZZERS)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(PURE) $(wildcard include/*.h tests/fuzz/*.h tests/unit/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(MODE) $(WARNINGS) -Iinclude $(FUZZ_FLAGS) -o $@ $< $(PURE)

# ROUNDS=200 takes more samples, PARTS="shell heap" measures only these.
.PHONY: bench
bench: $(OBJECT) $(BUILD)/bench/limit $(BUILD)/bench/nothing
	BUILD='$(abspath $(BUILD))' tests/bench/run $(PARTS)

$(BUILD)/bench/limit: tests/bench/limit.c $(LIBRARY)
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -o $@ $< $(LIBRARY)

# Linked statically, as qemu-arm-static is: nothing but its exec is measured.
$(BUILD)/bench/nothing: tests/bench/nothing.c
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -nostartfiles -Wl,--entry=main -static -s -o $@ $<

# The same object in the bash of other releases. RELEASES="bullseye sid" picks some, FILTER=regex other tests.
.PHONY: check-bash
check-bash: $(OBJECT)
	$(MAKE) BUILD='$(BUILD)/bash' LDFLAGS=-static programs
	cp $(OBJECT) '$(BUILD)/bash'
	FILTER='$(FILTER)' tests/bash/check-bash '$(BUILD)/bash' $(RELEASES)

# Every system call that fails, every kill, every signal, many shells at once. MODES="errors races" picks some;
# FULL=1, SCENARIOS and ROUNDS are told by tests/faults/run.
.PHONY: check-faults
check-faults: $(OBJECT) $(BUILD)/faults/inject
	BUILD='$(abspath $(BUILD))' tests/faults/run $(MODES)

$(BUILD)/faults/inject: tests/faults/inject.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) -o $@ $<

# The tests with what gcc's sanitizers watch, then some with what valgrind watches. SUITE=tests/70-shell.bats picks files.
.PHONY: check-sanitize
check-sanitize: $(OBJECT) $(PROGRAMS)
	$(MAKE) BUILD='$(BUILD)/sanitize' CPPFLAGS= LDFLAGS= CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' WERROR= all programs
	CC='$(CC)' FILTER='$(FILTER)' tests/sanitize/run '$(abspath $(BUILD))' '$(abspath $(BUILD)/sanitize)' $(SUITE)

# Which lines and branches the tests reach, and a part of the fault injection, for COVERAGE_TIME seconds. Without the
# built-ins gcc does not put functions of its own around fork and exec, after which a child's counts end those of the shell.
COVERAGE_TIME ?= 40
.PHONY: coverage
coverage:
	$(MAKE) BUILD='$(BUILD)/coverage' CPPFLAGS= CFLAGS='-O0 -g --coverage -fno-builtin-fork -fno-builtin-execve' LDFLAGS= WERROR= all programs \
		'$(BUILD)/coverage/faults/inject'
	TIME='$(COVERAGE_TIME)' tests/coverage/run '$(abspath $(BUILD)/coverage)' $(SUITE)

# HOSTS="compat pages-16k" picks hosts, HOSTS=all takes all.
.PHONY: check-hosts
check-hosts:
	tests/hosts/check-hosts $(HOSTS)

.PHONY: lint
lint:
	@COMPILE='$(subst ','\'',-std=gnu11 -D_GNU_SOURCE= -Iinclude)' BASH_CPPFLAGS='$(subst ','\'',$(BASH_CPPFLAGS))' \
		scripts/lint

.PHONY: format
format:
	scripts/lint --fix

# Assembles builtin/probe.S anew into the header that holds its bytes.
.PHONY: probe
probe:
	scripts/probe-image

# The command and the manual are told where the object is; the completions are found under the names that they complete.
COMMAND := armhf-binfmt-prepare
SHARE := $(PREFIX)/share
COMPLETIONS := $(SHARE)/bash-completion/completions
EXTENSION := $(SHARE)/armhf-binfmt
MANUALS := man1/$(COMMAND).1 man7/$(NAME).7
.PHONY: install
install: $(OBJECT)
	$(INSTALL) -D -m 0644 $(OBJECT) '$(DESTDIR)$(INSTALLED)'
	$(INSTALL) -D -m 0755 scripts/$(COMMAND) '$(DESTDIR)$(PREFIX)/bin/$(COMMAND)'
	sed -i 's|^object=.*|object="$(INSTALLED)"|' '$(DESTDIR)$(PREFIX)/bin/$(COMMAND)'
	$(INSTALL) -D -m 0644 scripts/completions/$(COMMAND) '$(DESTDIR)$(COMPLETIONS)/$(COMMAND)'
	ln -sf $(COMMAND) '$(DESTDIR)$(COMPLETIONS)/$(NAME)'
	$(foreach page,$(MANUALS),$(INSTALL) -D -m 0644 /dev/null '$(DESTDIR)$(SHARE)/man/$(page)' && \
		scripts/man $(notdir $(page)) $(VERSION) $(RELEASED) '$(INSTALLED)' > '$(DESTDIR)$(SHARE)/man/$(page)' &&) true
	$(INSTALL) -D -m 0644 scripts/armbian/armhf-binfmt.sh '$(DESTDIR)$(EXTENSION)/armhf-binfmt.sh'
	$(INSTALL) -D -m 0755 scripts/armbian/install '$(DESTDIR)$(EXTENSION)/install-armbian'

.PHONY: uninstall
uninstall:
	rm -f '$(DESTDIR)$(INSTALLED)' '$(DESTDIR)$(PREFIX)/bin/$(COMMAND)' \
		'$(DESTDIR)$(COMPLETIONS)/$(COMMAND)' '$(DESTDIR)$(COMPLETIONS)/$(NAME)' \
		$(foreach page,$(MANUALS),'$(DESTDIR)$(SHARE)/man/$(page)')
	rm -rf '$(DESTDIR)$(EXTENSION)'

# ARMBIAN is the folder of Armbian's build framework.
.PHONY: install-armbian
install-armbian: $(OBJECT)
	scripts/armbian/install '$(OBJECT)' '$(ARMBIAN)'

# The source archive: what git knows, or what an unpacked archive holds.
ARCHIVE := $(BUILD)/$(NAME)-$(VERSION).tar.gz
.PHONY: dist
dist:
	@mkdir -p '$(BUILD)'
	scripts/dist $(NAME)-$(VERSION) $(RELEASED) '$(ARCHIVE)'

# The Debian package, built from the source archive, into BUILD/deb.
.PHONY: deb
deb: dist
	scripts/deb '$(ARCHIVE)' $(VERSION) $(RELEASED) '$(BUILD)/deb' $(CROSS_COMPILE)

# The packages and the archive are tried in clean chroots and on arm64 hosts. PLACES="sid compat" picks some.
.PHONY: check-packages
check-packages: $(OBJECT) deb
	$(MAKE) BUILD='$(BUILD)/aarch64-linux-gnu' CROSS_COMPILE=aarch64-linux-gnu- deb
	BUILD='$(abspath $(BUILD))' tests/packages/check-packages '$(ARCHIVE)' '$(BUILD)/deb' '$(BUILD)/aarch64-linux-gnu/deb' $(PLACES)

# Two builds that have nothing in common but the source are the same in every byte.
.PHONY: check-repro
check-repro: dist
	tests/packages/check-repro '$(ARCHIVE)'

# The tree as it is committed, built, tested and linted in minimal systems of newer releases. RELEASES="sid" picks some.
.PHONY: check-releases
check-releases: $(OBJECT)
	BUILD='$(abspath $(BUILD))' tests/releases/check-releases $(RELEASES)

.PHONY: clean
clean:
	rm -rf '$(BUILD)'
