# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the bash loadable builtin armhf_binfmt_prepare, installs it and packages it; make help lists all targets.
# CC, CFLAGS, CPPFLAGS, LDFLAGS, DESTDIR, PREFIX and CROSS_COMPILE mean what they usually do;
# BUILD is the directory to build in, WERROR=1 makes warnings errors. tests/Makefile has what belongs to the tests.

VERSION := 0.2.0
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

# One directory for each target, so that the arm64 object stands beside the machine's own.
BUILD ?= build$(addprefix /,$(CROSS_COMPILE:-=))
OBJECT := $(BUILD)/$(NAME).so

# What a person may replace ...
CPPFLAGS ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CFLAGS ?= -O2 -g -fstack-protector-strong

# ... and what the code relies on. All symbols are hidden but the one that bash looks up, or
# bash's functions would replace ours of the same name. "now" makes a missing symbol fail in
# enable -f, where the caller can fall back, and not kill the shell at the call. The directory that it
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
COMPILE = $(CC) $(MODE) $(WARNINGS) -Iinclude $(CPPFLAGS) $(CFLAGS)

.PHONY: all
all: $(OBJECT) ## build the object: gcc, pkgconf, bash-builtins

.PHONY: help
help: ## list the targets, with the packages that they need
	@sed -n 's/^\([a-z_.-]*\):[^#]*## \(.*\)/\1\t\2/p' $(filter %Makefile,$(MAKEFILE_LIST)) | expand -t 24

$(OBJECT): $(OBJECTS)
	$(CC) $(CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^

$(GLUE): private COMPILE += $(BASH_CPPFLAGS)
$(BUILD)/%.o: builtin/%.c $(BUILD)/flags
	$(COMPILE) -MMD -MP -c -o $@ $<

$(LIBRARY): $(filter-out $(GLUE),$(OBJECTS))
	rm -f $@
	$(AR) rcs $@ $^

# Holds what the objects are built with and changes only with it, so that they follow.
FLAGS_TEXT = $(VERSION) $(INSTALLED) $(COMPILE) $(LINK) $(LDFLAGS)
ifneq ($(file <$(BUILD)/flags),$(FLAGS_TEXT))
.PHONY: $(BUILD)/flags
endif
$(BUILD)/flags:
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' > $@

-include $(OBJECTS:.o=.d)

# The command, the manual and the unit are told where things are; the completions are found under the names that they complete.
COMMAND := armhf-binfmt-prepare
SHARE := $(PREFIX)/share
COMPLETIONS := $(SHARE)/bash-completion/completions
EXTENSION := $(SHARE)/armhf-binfmt
MANUALS := man1/$(COMMAND).1 man7/$(NAME).7
# systemd looks below /usr/local, too.
UNIT := $(PREFIX)/lib/systemd/system/$(COMMAND).service
SUBSTITUTE := s|@OBJECT@|$(INSTALLED)|; s|@VERSION@|$(VERSION)|; s|@BIN@|$(PREFIX)/bin|
.PHONY: install
install: $(OBJECT) ## install the object, the command, its unit, manuals and completions below PREFIX
	$(INSTALL) -D -m 0644 $(OBJECT) '$(DESTDIR)$(INSTALLED)'
	$(INSTALL) -D -m 0755 scripts/$(COMMAND) '$(DESTDIR)$(PREFIX)/bin/$(COMMAND)'
	sed -i 's|^object=.*|object="$(INSTALLED)"|' '$(DESTDIR)$(PREFIX)/bin/$(COMMAND)'
	$(INSTALL) -D -m 0644 scripts/completions/$(COMMAND) '$(DESTDIR)$(COMPLETIONS)/$(COMMAND)'
	ln -sf $(COMMAND) '$(DESTDIR)$(COMPLETIONS)/$(NAME)'
	$(INSTALL) -D -m 0644 scripts/systemd/$(COMMAND).service '$(DESTDIR)$(UNIT)'
	$(foreach page,$(MANUALS),$(INSTALL) -D -m 0644 scripts/man/$(notdir $(page)) '$(DESTDIR)$(SHARE)/man/$(page)' &&) true
	sed -i '$(SUBSTITUTE)' '$(DESTDIR)$(UNIT)' $(foreach page,$(MANUALS),'$(DESTDIR)$(SHARE)/man/$(page)')
	$(INSTALL) -D -m 0644 scripts/armbian/armhf-binfmt.sh '$(DESTDIR)$(EXTENSION)/armhf-binfmt.sh'
	$(INSTALL) -D -m 0755 scripts/armbian/install '$(DESTDIR)$(EXTENSION)/install-armbian'
	$(foreach file,Makefile $(wildcard builtin/*.[cS] include/*.h),\
		$(INSTALL) -D -m 0644 $(file) '$(DESTDIR)$(EXTENSION)/source/$(file)' &&) true

.PHONY: uninstall
uninstall: ## remove what install installed
	rm -f '$(DESTDIR)$(INSTALLED)' '$(DESTDIR)$(PREFIX)/bin/$(COMMAND)' \
		'$(DESTDIR)$(COMPLETIONS)/$(COMMAND)' '$(DESTDIR)$(COMPLETIONS)/$(NAME)' \
		'$(DESTDIR)$(UNIT)' $(foreach page,$(MANUALS),'$(DESTDIR)$(SHARE)/man/$(page)')
	rm -rf '$(DESTDIR)$(EXTENSION)'

# ARMBIAN is the directory of Armbian's build framework. The first build there builds the object.
.PHONY: install-armbian
install-armbian: ## put the extension, with the sources of the object, into the tree of Armbian's framework at ARMBIAN
	scripts/armbian/install '$(ARMBIAN)'

# The source archive: what git knows, or what an unpacked archive holds.
ARCHIVE := $(BUILD)/$(NAME)-$(VERSION).tar.gz
.PHONY: dist
dist: ## make the source archive: git, or an unpacked archive
	@mkdir -p '$(BUILD)'
	scripts/dist $(NAME)-$(VERSION) $(RELEASED) '$(ARCHIVE)'

# The Debian source package of that archive, and the packages that are built from it.
DSC := $(BUILD)/dsc/armhf-binfmt-prepare_$(VERSION).dsc
.PHONY: dsc
dsc: dist ## make the Debian source package: dpkg-dev
	scripts/dsc '$(ARCHIVE)' $(VERSION) $(RELEASED) '$(BUILD)/dsc'

.PHONY: deb
deb: dsc ## make the Debian packages of that source package: build-essential, debhelper, bats, binutils-arm-linux-gnueabihf
	scripts/deb '$(DSC)' '$(BUILD)/deb' $(CROSS_COMPILE)

# Everything that is published, from the source archive: the same bytes on whatever release of Debian.
.PHONY: release
release: dist ## make the source archive, packages and objects of amd64 and arm64, with SHA256SUMS: mmdebstrap
	scripts/release '$(ARCHIVE)' $(VERSION) '$(BUILD)/release'

.PHONY: clean
clean: ## remove BUILD
	rm -rf '$(BUILD)'

-include tests/Makefile
